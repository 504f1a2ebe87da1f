"""A wheel as a source of files to install: read only after all of it was found to be right."""

from __future__ import annotations

import calendar
import contextlib
import io
import posixpath
import re
import threading
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from installer.records import RecordEntry
from installer.sources import WheelFile
from installer.utils import parse_entrypoints
from packaging.utils import canonicalize_name

from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError
from pep517_multi.wheels.identity import NamedFile
from pep517_multi.wheels.validation.places import is_generated
from pep517_multi.wheels.validation.record import parse
from pep517_multi.wheels.wheel import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelContentElement

    from pep517_multi.wheels.validation.record import Row

_EPOCH_OF_ZIP = 315532800  # 1980-01-01, the oldest time that a zip archive can tell
_CHUNK = 1 << 12
_ROOM, _LARGEST_REMEMBERED = 48 << 20, 1 << 20  # bytes: of all wheels, far more than most have; of a member
_MOST_IDLE = 4  # wheels that stay open for the next root
_PURE = re.compile(r"(?im)^root-is-purelib:\s*true\s*$")
_FORMAT = re.compile(r"(?im)^wheel-version:\s*(\S+)")
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


class Room:
    """How many bytes may still be remembered; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take room for ``size`` bytes, if there is that much."""
        with self._lock:
            fits = size <= self._left
            self._left -= size if fits else 0
        return fits

    def give_back(self, size: int) -> None:
        """Make room for ``size`` bytes again."""
        with self._lock:
            self._left += size


class WheelArchive(WheelFile):
    """A wheel that may be installed; see :mod:`pep517_multi.wheels.validation`.

    :param room: where there is room, what was read once is remembered.
    """

    def __init__(self, archive: zipfile.ZipFile, room: Room) -> None:
        super().__init__(archive)
        self.room = room
        self._remembered: dict[str, bytes] = {}

    def close(self) -> None:
        """Let go of the file, and of what is remembered."""
        self._zipfile.close()
        self.room.give_back(sum(map(len, self._remembered.values())))
        self._remembered.clear()

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
    def newer_format(self) -> str | None:
        """The version of the wheel format, where it has more than the 1.0 that is known here."""
        found = _FORMAT.search(self.read_dist_info("WHEEL"))
        return None if found is None or found[1] == "1.0" else found[1]

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
        for row, record, member in self._rows:
            executable = bool(member.external_attr >> 16 & 0o111)
            with self._stream(member) as stream:
                content = Member(cast("BinaryIO", stream), record, moment=moment(member))
                yield row, cast("BinaryIO", content), executable

    @cached_property
    def dist_info_filenames(self) -> list[str]:
        """See :attr:`installer.sources.WheelSource.dist_info_filenames`; the library lists all members each time."""
        return super().dist_info_filenames

    @cached_property
    def _rows(self) -> list[tuple[Row, RecordEntry, zipfile.ZipInfo]]:
        rows = {row[0]: row for row in parse(self.read_dist_info("RECORD"))}
        found = [(rows.get(member.filename, (member.filename, "", "")), member) for member in self._files()]
        return [(row, RecordEntry.from_elements(*row), member) for row, member in found]

    def _stream(self, member: zipfile.ZipInfo) -> IO[bytes]:
        """Open a member, whose bytes are remembered for the next root as far as there is room."""
        content = self._remembered.get(member.filename)
        if content is None and member.file_size <= _LARGEST_REMEMBERED and self.room.take(member.file_size):
            content = self._remembered[member.filename] = self._zipfile.read(member)
        return self._zipfile.open(member) if content is None else io.BytesIO(content)

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


class OpenWheels:
    """Wheels that are installed into several roots: read once for all of them, closed when nobody needs them.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._room = Room(_ROOM)
        self._lock = threading.Lock()
        self._known: dict[NamedFile, _Use] = {}  # the last one asked for is the last one here

    @contextlib.contextmanager
    def opened(self, path: Path) -> Iterator[WheelArchive]:
        """Open the wheel at ``path``, unless it is open.

        :raises IntegrityError: it is no archive, or broken; also where the block finds that out.
        :raises FileError: it cannot be opened.
        """
        key = NamedFile.of(path)
        with self._lock:
            use = self._known.pop(key) if key in self._known else _Use(_open(path, self._room))
            self._known[key] = use
            use.users += 1
        try:
            yield use.archive
        except UNREADABLE as error:
            raise _broken(path, error) from error
        finally:
            with self._lock:
                use.users -= 1
                self._close_idle(but=_MOST_IDLE)

    def close(self) -> None:
        """Close all that nobody uses."""
        with self._lock:
            self._close_idle(but=0)

    def _close_idle(self, *, but: int) -> None:
        idle = [key for key, use in self._known.items() if not use.users]
        for key in idle[: len(idle) - but]:
            self._known.pop(key).archive.close()


@dataclass
class _Use:
    archive: WheelArchive
    users: int = 0


def _open(path: Path, room: Room) -> WheelArchive:
    with contextlib.ExitStack() as stack:
        try:
            archive = WheelArchive(stack.enter_context(zipfile.ZipFile(path)), room)
        except OSError as error:
            raise FileError(f"cannot open the wheel {path}: {error.strerror or error}") from error
        except (*UNREADABLE, ValueError) as error:
            raise _broken(path, error) from error
        stack.pop_all()  # it stays open
        return archive


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
