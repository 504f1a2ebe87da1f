"""Safe extraction of an sdist.

Nothing that an archive says is believed: every member is checked before a byte of it is written, links are made last
and only when they stay inside, and the tree gets its name when it is whole.
"""

from __future__ import annotations

import calendar
import contextlib
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from pep517_multi.errors import IntegrityError, SourceError
from pep517_multi.files import copy_file, explained, replace_tree
from pep517_multi.temporaries import new_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAR_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
SUFFIXES = (*TAR_SUFFIXES, ".zip")
_CHUNK = 1 << 20
_MAX_PYPROJECT = 16 << 20
_MAX_LINK_HOPS = 40  # as the kernel has it
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_LAST_DOS_TIME = (2107, 12, 31, 23, 59, 59)

Kind: TypeAlias = Literal["file", "folder", "link", "hard link", "other"]
Parts: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """How large an unpacked archive may be: bytes of all files together, and number of members."""

    total: int = 4 << 30
    members: int = 1_000_000


@dataclass(frozen=True)
class _Member:
    """What the two formats have in common; ``name`` and ``target`` as the archive has them, ``time`` in seconds."""

    name: str
    kind: Kind
    executable: bool
    size: int
    time: float
    target: str
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, target: Path, *, limits: Limits | None = None) -> Path:
    """Unpack an sdist into the folder ``target``, replacing it, and return the one folder inside.

    Files end up as ``0644`` or ``0755`` with the times of the archive, folders as ``0755``.

    :raises SourceError: the file is not there, or has no name of an archive.
    :raises IntegrityError: it is no archive whatever its name says, is damaged, or holds what no sdist may hold.
    """
    if not archive.name.endswith(SUFFIXES):
        raise SourceError(f"{archive} is not a source archive: its name ends in none of {', '.join(SUFFIXES)}")
    with explained(f"unpack {archive.name}"), new_folder(target) as temporary:
        top = _Extraction(archive, temporary, limits or Limits()).run()
        replace_tree(temporary, target)
    return target / top


def read_pyproject(archive: Path) -> bytes:
    """Return the ``pyproject.toml`` at the top of an sdist without unpacking it; empty where there is none.

    :raises SourceError: it has no name of an archive, or cannot be read.
    :raises IntegrityError: it is damaged.
    """
    if not archive.name.endswith(SUFFIXES):
        raise SourceError(f"{archive} is not a source archive")
    members = _zip_members if archive.name.endswith(".zip") else _tar_members
    try:
        for member in members(archive, archive.parent):
            parts = PurePosixPath(member.name).parts
            if member.kind == "file" and len(parts) == 2 and parts[1] == "pyproject.toml":  # noqa: PLR2004 - top/name
                with member.open() as stream:
                    return stream.read(_MAX_PYPROJECT)
    except (*_BROKEN, OSError) as error:
        raise IntegrityError(f"{archive} is damaged: {_reason(error)}") from error
    return b""


@dataclass
class _Extraction:
    """One archive on its way into ``folder``, which is new and ours alone."""

    archive: Path
    folder: Path
    limits: Limits
    members: dict[Parts, Kind] = field(default_factory=dict)
    links: dict[Parts, str] = field(default_factory=dict)
    top: str | None = None
    count: int = 0
    total: int = 0

    def run(self) -> str:
        """Extract everything and return the name of the top folder."""
        members = _zip_members if self.archive.name.endswith(".zip") else _tar_members
        name = "a member"
        try:
            for member in members(self.archive, self.folder):
                name = member.name
                self._extract(member)
        except _BROKEN as error:
            raise IntegrityError(f"{self.archive} is damaged at or after {name!r}: {_reason(error)}") from error
        except OSError as error:
            if error.errno is not None:  # a decompressor's complaint has no number, the file system's has one
                raise
            raise IntegrityError(f"{self.archive} is damaged at or after {name!r}: {error}") from error
        if self.top is None or self.members.get((self.top,)) != "folder":
            raise IntegrityError(f"{self.archive} holds no folder; an sdist holds exactly one at its top")
        self._make_links()
        return self.top

    def _extract(self, member: _Member) -> None:
        parts = self._admitted(member)
        if not parts:
            return
        path = self.folder.joinpath(*parts)
        self._make_folders(member, parts if member.kind == "folder" else parts[:-1])
        if member.kind == "folder":
            return
        if parts in self.members:
            raise self._refusal(member, "is there twice")
        self.members[parts] = member.kind
        if member.kind == "link":
            self.links[parts] = member.target
        elif member.kind == "hard link":
            original = self._parts(member, member.target)
            if self.members.get(original) not in {"file", "hard link"}:
                raise self._refusal(member, f"is a hard link to {member.target!r}, which is no file before it")
            copy_file(self.folder.joinpath(*original), path)
        else:
            with member.open() as reading, path.open("xb") as writing:
                shutil.copyfileobj(reading, writing, _CHUNK)
            path.chmod(0o755 if member.executable else 0o644)
            with contextlib.suppress(OSError, OverflowError, ValueError):  # a time that no file can have
                os.utime(path, (member.time, member.time))

    def _admitted(self, member: _Member) -> Parts:
        """Check what can be checked before writing; return the parts of the name, none for the archive's own root."""
        self.count += 1
        self.total += member.size
        if self.count > self.limits.members:
            raise IntegrityError(f"{self.archive} has more than {self.limits.members} members")
        if self.total > self.limits.total:
            raise self._refusal(member, f"brings the unpacked size above {self.limits.total} bytes")
        if member.kind == "other":
            raise self._refusal(member, "is a device, a socket or a pipe")
        parts = self._parts(member, member.name)
        if parts and self.top not in {None, parts[0]}:
            raise self._refusal(member, f"is outside of {self.top!r}, the one folder an sdist may have at its top")
        if parts:
            self.top = parts[0]
        return parts

    def _parts(self, member: _Member, name: str) -> Parts:
        if name.startswith("/"):
            raise self._refusal(member, "has an absolute path")
        parts = PurePosixPath(name).parts
        if ".." in parts:
            raise self._refusal(member, "has '..' in its path")
        if "\0" in name or any(len(os.fsencode(part)) > 255 for part in parts):  # noqa: PLR2004 - NAME_MAX
            raise self._refusal(member, "has a name that no file can have")
        return parts

    def _make_folders(self, member: _Member, parts: Parts) -> None:
        for end in range(1, len(parts) + 1):
            known = self.members.setdefault(parts[:end], "folder")
            if known != "folder":
                raise self._refusal(member, f"would lie below {'/'.join(parts[:end])!r}, which is a {known}")
        path = self.folder.joinpath(*parts)
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o755)

    def _make_links(self) -> None:
        for parts, target in self.links.items():
            if not self._stays_inside(parts):
                raise IntegrityError(f"{self.archive}: {'/'.join(parts)!r} is a link out of the archive, to {target!r}")
        for parts, target in self.links.items():
            self.folder.joinpath(*parts).symlink_to(target)

    def _stays_inside(self, parts: Parts) -> bool:
        """Follow a link through the archive's own links as the kernel would; it must never leave the top folder.

        Lexical normalisation would not do: ``up/../x`` leaves when ``up`` is itself a link upwards.
        """
        here: list[str] = []
        ahead = list(reversed(parts))
        hops = 0
        while ahead:
            part = ahead.pop()
            if part == "..":
                if len(here) <= 1:
                    return False
                here.pop()
                continue
            here.append(part)
            target = self.links.get(tuple(here))
            if target is not None:
                hops += 1
                if target.startswith("/") or not target or hops > _MAX_LINK_HOPS:
                    return False
                here.pop()
                ahead.extend(reversed(PurePosixPath(target).parts))
        return True

    def _refusal(self, member: _Member, why: str) -> IntegrityError:
        return IntegrityError(f"{self.archive}: member {member.name!r} {why}; nothing was unpacked")


def _tar_members(archive: Path, folder: Path) -> Iterator[_Member]:
    try:
        tar = tarfile.open(archive)  # noqa: SIM115 - entered below; here only what is no archive at all is told apart
    except (*_BROKEN, OSError) as error:
        raise _not_an_archive(archive, "tar", error) from error
    with tar:
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # a million headers need not stay in memory
            yield _Member(
                name=info.name,
                kind=_tar_kind(info),
                executable=bool(info.mode & stat.S_IXUSR),
                size=info.size,
                time=info.mtime,
                target=info.linkname,
                open=partial(_tar_stream, tar, info),
            )
            _second_opinion(archive, info, folder)


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg():
        return "file"
    if info.isdir():
        return "folder"
    if info.issym():
        return "link"
    return "hard link" if info.islnk() else "other"


def _tar_stream(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(info)
    if stream is None:
        raise tarfile.ReadError(f"{info.name} has no content")
    return stream


def _second_opinion(archive: Path, info: tarfile.TarInfo, folder: Path) -> None:
    """Ask the standard library's filter too (:pep:`706`), which older patch releases of Python do not have.

    It knows no limits, duplicates or top folder, and trusts links that are made before their targets.
    """
    data_filter = getattr(tarfile, "data_filter", None)
    if data_filter is not None:
        try:
            data_filter(info, os.fspath(folder))
        except tarfile.TarError as error:
            raise IntegrityError(f"{archive}: member {info.name!r} is refused: {error}") from error


def _zip_members(archive: Path, _folder: Path) -> Iterator[_Member]:
    try:
        opened = zipfile.ZipFile(archive)
    except (*_BROKEN, OSError) as error:
        raise _not_an_archive(archive, "zip", error) from error
    with opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            kind = _zip_kind(info, mode)
            if info.flag_bits & 1:
                raise IntegrityError(f"{archive}: member {info.filename!r} is encrypted")
            target = os.fsdecode(opened.read(info)) if kind == "link" and info.file_size < _CHUNK else ""
            yield _Member(
                name=info.filename,
                kind=kind,
                executable=bool(mode & stat.S_IXUSR),
                size=info.file_size,
                time=calendar.timegm(min(info.date_time, _LAST_DOS_TIME)),
                target=target,
                open=partial(opened.open, info),
            )


def _zip_kind(info: zipfile.ZipInfo, mode: int) -> Kind:
    if info.is_dir() or stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_IFMT(mode) in {0, stat.S_IFREG} else "other"


def _not_an_archive(archive: Path, kind: str, error: Exception) -> SourceError | IntegrityError:
    if isinstance(error, OSError) and error.errno is not None:
        return SourceError(f"cannot read {archive}: {error.strerror}")
    return IntegrityError(f"{archive} is not a {kind} archive, whatever its name says: {_reason(error)}")


def _reason(error: Exception) -> str:
    return str(error) or "it ends early"
