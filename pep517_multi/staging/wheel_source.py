"""A wheel as a source of files to install: read only after all of it was found to be right."""

from __future__ import annotations

import calendar
import stat
import zipfile
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from installer.records import RecordEntry, parse_record_file
from installer.sources import WheelFile
from packaging.utils import canonicalize_name

from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError
from pep517_multi.wheels.wheel import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelContentElement

_EPOCH_OF_ZIP = 315532800  # 1980-01-01, the oldest time that a zip archive can tell


class Member:
    """The bytes of a file of a wheel, with what the wheel says of it.

    :param record: its row in RECORD.
    :param moment: its time of modification, seconds since the epoch; zip times have no zone, so they are read as UTC.
    """

    def __init__(self, stream: BinaryIO, record: RecordEntry, *, moment: int) -> None:
        self.record = record
        self.moment = moment
        self.read = stream.read
        self.readline = stream.readline
        self.seek = stream.seek


class WheelArchive(WheelFile):
    """A wheel that may be installed; :func:`pep517_multi.staging.validation.validate` said so."""

    @property
    def members(self) -> list[zipfile.ZipInfo]:
        """Everything in the archive, in its order."""
        return self._zipfile.infolist()

    @cached_property
    def data_dir(self) -> str:
        """Name of the folder with the files for other places than site-packages, spelled as in this wheel."""
        for name in sorted({member.filename.split("/", 1)[0] for member in self.members}):
            distribution, _, _ = name.removesuffix(".data").rpartition("-")
            if name.endswith(".data") and canonicalize_name(distribution) == canonicalize_name(self.distribution):
                return name
        return super().data_dir

    @property
    def moment(self) -> int:
        """Time of the newest file."""
        return max((moment(member) for member in self.members), default=_EPOCH_OF_ZIP)

    @property
    def bytecode(self) -> tuple[str, ...]:
        """Files in ``__pycache__``: never installed, since nobody can tell whether they are what their source says."""
        return tuple(member.filename for member in self.members if _is_bytecode(member))

    def get_contents(self) -> Iterator[WheelContentElement]:
        """See :meth:`installer.sources.WheelSource.get_contents`; each stream is a :class:`Member`."""
        rows = {row[0]: row for row in parse_record_file(self.read_dist_info("RECORD").splitlines())}
        installer_file = f"{self.dist_info_dir}/INSTALLER"
        for member in self.members:
            if member.is_dir() or _is_bytecode(member) or member.filename == installer_file:
                continue
            row = rows.get(member.filename, (member.filename, "", ""))
            executable = bool(member.external_attr >> 16 & 0o111)
            with self._zipfile.open(member) as stream:
                content = Member(cast("BinaryIO", stream), RecordEntry.from_elements(*row), moment=moment(member))
                yield row, cast("BinaryIO", content), executable


@contextmanager
def opened(path: Path) -> Iterator[WheelArchive]:
    """Open the wheel at ``path``.

    :raises IntegrityError: it is no archive, or broken; also where the block finds that out.
    :raises FileError: it cannot be opened.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise FileError(f"cannot open the wheel {path}: {error.strerror or error}") from error
    except (*UNREADABLE, ValueError) as error:
        raise _broken(path, error) from error
    with archive:
        try:
            yield WheelArchive(archive)
        except UNREADABLE as error:
            raise _broken(path, error) from error


def moment(member: zipfile.ZipInfo) -> int:
    """Return the time of ``member`` in seconds since the epoch; the oldest possible one where it has no valid time."""
    try:
        return max(_EPOCH_OF_ZIP, calendar.timegm((*member.date_time, 0, 0, 0)))
    except ValueError:
        return _EPOCH_OF_ZIP


def file_type(member: zipfile.ZipInfo) -> int:
    """Return the file type bits of ``member``; 0 where the archive does not say."""
    return stat.S_IFMT(member.external_attr >> 16)


def _is_bytecode(member: zipfile.ZipInfo) -> bool:
    return "__pycache__" in member.filename.split("/")[:-1]


def _broken(path: Path, error: Exception) -> IntegrityError:
    return IntegrityError(f"{path.name} cannot be read as a wheel: {error}; build or fetch it anew ({path})")
