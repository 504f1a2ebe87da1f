"""A wheel as a source of files to install: read only after all of it was found to be right."""

from __future__ import annotations

import calendar
import posixpath
import re
import zipfile
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from installer.records import RecordEntry
from installer.sources import WheelFile
from installer.utils import parse_entrypoints
from packaging.utils import canonicalize_name

from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError
from pep517_multi.wheels.validation.places import is_generated
from pep517_multi.wheels.validation.record import parse
from pep517_multi.wheels.wheel import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelContentElement

_EPOCH_OF_ZIP = 315532800  # 1980-01-01, the oldest time that a zip archive can tell
_CHUNK = 1 << 12
_PURE = re.compile(r"(?im)^root-is-purelib:\s*true\s*$")
_ROOT_IS_PURELIB = re.compile(r"(?im)(?<=^root-is-purelib:).*$")


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
    """A wheel that may be installed; see :mod:`pep517_multi.wheels.validation`."""

    @property
    def filename(self) -> str:
        """Name of the wheel."""
        return posixpath.basename(str(self._zipfile.filename))

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

    def read_dist_info(self, filename: str) -> str:
        """See :meth:`installer.sources.WheelSource.read_dist_info`; ``True`` is made what the library knows."""
        text = super().read_dist_info(filename)
        return _ROOT_IS_PURELIB.sub(lambda found: found[0].lower(), text) if filename == "WHEEL" else text

    @property
    def moment(self) -> int:
        """Time of the newest file."""
        return max((moment(member) for member in self.members), default=_EPOCH_OF_ZIP)

    @property
    def bytecode(self) -> tuple[str, ...]:
        """Files in ``__pycache__``: never installed, since nobody can tell whether they are what their source says."""
        return tuple(member.filename for member in self.members if _is_bytecode(member))

    def destinations(self) -> Iterator[tuple[str, str]]:
        """Yield where each file of :meth:`get_contents` goes: a key of the contents, and a path below that."""
        pure = _PURE.search(self.read_dist_info("WHEEL"))
        for member in self._files():
            folder, _, rest = member.filename.partition("/")
            if folder == self.data_dir:
                scheme, _, path = rest.partition("/")
                yield scheme, path
            else:
                yield "purelib" if pure else "platlib", member.filename

    def get_contents(self) -> Iterator[WheelContentElement]:
        """See :meth:`installer.sources.WheelSource.get_contents`; each stream is a :class:`Member`."""
        rows = {row[0]: row for row in parse(self.read_dist_info("RECORD"))}
        for member in self._files():
            row = rows.get(member.filename, (member.filename, "", ""))
            executable = bool(member.external_attr >> 16 & 0o111)
            with self._zipfile.open(member) as stream:
                content = Member(cast("BinaryIO", stream), RecordEntry.from_elements(*row), moment=moment(member))
                yield row, cast("BinaryIO", content), executable

    def _files(self) -> Iterator[zipfile.ZipInfo]:
        installer_file = f"{self.dist_info_dir}/INSTALLER"
        for member in self.members:
            left_out = member.is_dir() or _is_bytecode(member) or member.filename == installer_file
            if not left_out and not self._is_superseded(member):
                yield member

    def _is_superseded(self, member: zipfile.ZipInfo) -> bool:
        """Whether the script of an entry point takes the place of this one."""
        folder, _, name = member.filename.rpartition("/")
        if folder != f"{self.data_dir}/scripts" or name not in self._entry_points:
            return False
        with self._zipfile.open(member) as stream:
            return is_generated(stream.read(_CHUNK))

    @cached_property
    def _entry_points(self) -> frozenset[str]:
        if "entry_points.txt" not in self.dist_info_filenames:
            return frozenset()
        return frozenset(name for name, *_ in parse_entrypoints(self.read_dist_info("entry_points.txt")))


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


def _is_bytecode(member: zipfile.ZipInfo) -> bool:
    return "__pycache__" in member.filename.split("/")[:-1]


def _broken(path: Path, error: Exception) -> IntegrityError:
    return IntegrityError(f"{path.name} cannot be read as a wheel: {error}; build or fetch it anew ({path})")
