"""The members of an sdist, whichever of the two formats it has, read with bounds."""

from __future__ import annotations

import calendar
import gzip
import io
import lzma
import os
import stat
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from pep517_multi.archives import names
from pep517_multi.archives.unpacking import open_bzip2, open_xz
from pep517_multi.archives.zip_archive import ZipArchive
from pep517_multi.errors import IntegrityError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from pep517_multi.archives.limits import Limits
    from pep517_multi.archives.zip_records import Entry

BROKEN = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_LARGEST_READ = 1 << 20
_LARGEST_LINK = 4096
_LAST_YEAR = 2107  # that the clock of a zip archive can tell

Kind: TypeAlias = Literal["file", "folder", "link", "hard link", "other"]

_OPENERS: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".tar.gz": gzip.open,  # type: ignore[dict-item]  # for reading bytes, as by default
    ".tgz": gzip.open,  # type: ignore[dict-item]
    ".tar.bz2": open_bzip2,
    ".tar.xz": open_xz,
}
SUFFIXES = (*_OPENERS, ".zip")


@dataclass(frozen=True)
class Member:
    """What the two formats have in common; ``name`` and ``target`` as the archive has them, ``time`` in seconds.

    :param chunks: yields the bytes, each piece of bounded size.
    """

    name: str
    kind: Kind
    executable: bool
    size: int
    time: float
    target: str
    chunks: Callable[[], Iterator[bytes]]


def members(archive: Path, limits: Limits, *, folder: Path) -> Generator[Member]:
    """Yield the members of an archive, whose name ends in one of :data:`SUFFIXES`, in their order.

    :param folder: where they would be unpacked.
    :raises IntegrityError: it is no archive, or a record in it is none that an sdist may have.
    :raises SourceError: it cannot be read.
    """
    return _zip_members(archive, limits) if archive.name.endswith(".zip") else _tar_members(archive, limits, folder)


class _Bounded(io.RawIOBase):
    """An unpacking stream that refuses what would take all memory or all time: large headers, and too many bytes."""

    def __init__(self, stream: IO[bytes], archive: Path, limits: Limits) -> None:
        self._stream, self._archive, self._limits = stream, archive, limits
        self._size = archive.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _LARGEST_READ:
            raise IntegrityError(f"{self._archive} has a header of more than {_LARGEST_READ} bytes; fetch it anew")
        data = self._stream.read(size)
        self._check(self._stream.tell())
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, place: int) -> None:
        if fault := self._limits.fault(place, self._size):
            raise IntegrityError(f"{self._archive} is refused: {fault}")


def _tar_members(archive: Path, limits: Limits, folder: Path) -> Generator[Member]:
    with _opened_tar(archive, limits) as (tar, stream):
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # a million headers need not stay in memory
            if info.size < 0 or info.issparse():
                what = "is a sparse file" if info.issparse() else "has a size below nothing"
                raise IntegrityError(f"{archive}: member {names.shown(info.name)} {what}; no sdist needs that")
            yield Member(
                name=info.name,
                kind=_tar_kind(info),
                executable=bool(info.mode & stat.S_IXUSR),
                size=info.size,
                time=info.mtime,
                target=info.linkname,
                chunks=partial(_tar_chunks, tar, info),
            )
            _second_opinion(archive, info, folder)
        stream.seek(tar.offset)
        while chunk := stream.read(_LARGEST_READ):  # to its very end, where its checksum is
            if chunk.strip(b"\0"):
                raise IntegrityError(f"{archive} is damaged, or has data behind the end of its last member")


@contextmanager
def _opened_tar(archive: Path, limits: Limits) -> Iterator[tuple[tarfile.TarFile, _Bounded]]:
    opener = next(opener for suffix, opener in _OPENERS.items() if archive.name.endswith(suffix))
    try:
        packed = opener(archive)
    except OSError as error:
        raise SourceError(f"cannot read {archive}: {error.strerror or error}") from error
    with packed:
        stream = _Bounded(packed, archive, limits)
        try:
            tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 - entered below
        except (*BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise SourceError(f"cannot read {archive}: {error.strerror}") from error
            kind = "tar archive, packed as its name says"
            raise IntegrityError(f"{archive} is not a {kind}: {reason(error)}; fetch it anew") from error
        with tar:
            yield tar, stream


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg():
        return "file"
    if info.isdir():
        return "folder"
    if info.issym():
        return "link"
    return "hard link" if info.islnk() else "other"


def _tar_chunks(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    stream = tar.extractfile(info)
    left = info.size
    while stream is not None and left:
        chunk = stream.read(min(left, _LARGEST_READ))
        if not chunk:
            raise tarfile.ReadError("it ends early")
        left -= len(chunk)
        yield chunk


def _second_opinion(archive: Path, info: tarfile.TarInfo, folder: Path) -> None:
    """Ask the standard library's filter too (:pep:`706`), which older patch releases of Python do not have.

    It knows no limits, duplicates or top folder, and trusts links that are made before their targets.
    """
    data_filter = getattr(tarfile, "data_filter", None)
    if data_filter is not None:
        try:
            data_filter(info, os.fspath(folder))
        except tarfile.TarError as error:
            raise IntegrityError(f"{archive}: member {names.shown(info.name)} is refused: {error}") from error


def _zip_members(archive: Path, limits: Limits) -> Generator[Member]:
    with ZipArchive(archive, limits) as opened:
        for entry in opened.entries:
            mode = entry.attributes >> 16
            kind = _zip_kind(entry, mode)
            if faults := list(names.faults(entry.name.removesuffix("/"))):
                raise opened.broken(f"{entry.shown} {faults[0]}")
            yield Member(
                name=entry.name,
                kind=kind,
                executable=bool(mode & stat.S_IXUSR),
                size=entry.size,
                time=_moment(entry.stamp),
                target=os.fsdecode(opened.read(entry, most=_LARGEST_LINK)) if kind == "link" else "",
                chunks=partial(opened.chunks, entry),
            )


def _zip_kind(entry: Entry, mode: int) -> Kind:
    if entry.is_folder or stat.S_ISDIR(mode):
        return "folder" if entry.is_folder and not entry.size else "other"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in {0, stat.S_IFREG} else "other"


def _moment(stamp: tuple[int, int]) -> float:
    """Return a date and a time of DOS as seconds since the epoch; the oldest possible where there is no such day."""
    day, clock = stamp
    date = min((day >> 9) + 1980, _LAST_YEAR), day >> 5 & 15, day & 31
    try:
        return calendar.timegm((*date, clock >> 11, clock >> 5 & 63, (clock & 31) * 2, 0, 0, 0))
    except ValueError:
        return calendar.timegm((1980, 1, 1, 0, 0, 0, 0, 0, 0))


def reason(error: Exception) -> str:
    """Return what an exception says, on one line."""
    return " ".join(str(error).split()) or "it ends early"
