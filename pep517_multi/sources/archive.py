"""Safe extraction of an sdist.

Nothing that an archive says is believed: every member is checked before a byte of it is written, links are made last
and only when they stay inside, and the tree gets its name when it is whole.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.archives.limits import Limits
from pep517_multi.archives.names import shown
from pep517_multi.errors import IntegrityError, SourceError
from pep517_multi.files import copy_file, explained, replace_tree
from pep517_multi.sources.sdist_members import BROKEN, SUFFIXES, Member, members, reason
from pep517_multi.temporaries import new_folder

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.sources.sdist_members import Kind

_MAX_PYPROJECT = 16 << 20
_MAX_LINK_HOPS = 40  # as the kernel has it
_LONGEST_TARGET = 4095  # bytes, as the kernel has it
_LONGEST_PART, _LONGEST_PATH, _DEEPEST = 255, 2048, 128  # bytes, bytes, folders

Parts: TypeAlias = tuple[str, ...]


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
    try:
        with contextlib.closing(members(archive, Limits(), folder=archive.parent)) as found:
            for member in found:
                parts = PurePosixPath(member.name).parts
                is_wanted = member.kind == "file" and len(parts) == 2 and parts[1] == "pyproject.toml"  # noqa: PLR2004
                if is_wanted and member.size <= _MAX_PYPROJECT:
                    return b"".join(member.chunks())
    except (*BROKEN, OSError) as error:
        raise IntegrityError(f"{archive} is damaged: {reason(error)}") from error
    return b""


@dataclass
class _Extraction:
    """One archive on its way into ``folder``, which is new and ours alone."""

    archive: Path
    folder: Path
    limits: Limits
    known: dict[Parts, Kind] = field(default_factory=dict)
    links: dict[Parts, str] = field(default_factory=dict)
    top: str | None = None
    count: int = 0
    total: int = 0
    archive_size: int = 0

    def run(self) -> str:
        """Extract everything and return the name of the top folder."""
        self.archive_size = self.archive.stat().st_size
        name = "a member"
        try:
            for member in members(self.archive, self.limits, folder=self.folder):
                name = shown(member.name)
                self._extract(member)
        except BROKEN as error:
            raise IntegrityError(f"{self.archive} is damaged at or after {name}: {reason(error)}") from error
        except OSError as error:
            if error.errno is not None:  # a decompressor's complaint has no number, the file system's has one
                raise
            raise IntegrityError(f"{self.archive} is damaged at or after {name}: {error}") from error
        if self.top is None or self.known.get((self.top,)) != "folder":
            raise IntegrityError(f"{self.archive} holds no folder; an sdist holds exactly one at its top")
        self._make_links()
        return self.top

    def _extract(self, member: Member) -> None:
        parts = self._admitted(member)
        if not parts:
            return
        path = self.folder.joinpath(*parts)
        self._make_folders(member, parts if member.kind == "folder" else parts[:-1])
        if member.kind == "folder":
            return
        if parts in self.known:
            raise self._refusal(member, "is there twice")
        if member.kind == "link":
            if "\0" in member.target or len(os.fsencode(member.target)) > _LONGEST_TARGET:
                raise self._refusal(member, "is a link to a path that no file can have")
            self.links[parts] = member.target
        elif member.kind == "hard link":
            copy_file(self._original(member), path)
        else:
            with path.open("xb") as writing:
                writing.writelines(member.chunks())
            path.chmod(0o755 if member.executable else 0o644)
            with contextlib.suppress(OSError, OverflowError, ValueError):  # a time that no file can have
                os.utime(path, (member.time, member.time))
        self.known[parts] = member.kind

    def _original(self, member: Member) -> Path:
        """Return the file that a hard link is another name of; what its copy needs counts as if it were a member."""
        parts = self._parts(member, member.target)
        if self.known.get(parts) not in {"file", "hard link"}:
            raise self._refusal(member, f"is a hard link to {shown(member.target)}, which is no file before it")
        original = self.folder.joinpath(*parts)
        self._take(original.stat().st_size)
        return original

    def _admitted(self, member: Member) -> Parts:
        """Check what can be checked before writing; return the parts of the name, none for the archive's own root."""
        self.count += 1
        if self.count > self.limits.members:
            raise IntegrityError(f"{self.archive} has more than {self.limits.members} members")
        self._take(member.size)
        if member.kind == "other":
            raise self._refusal(member, "is a device, a socket or a pipe")
        parts = self._parts(member, member.name)
        if parts and self.top not in {None, parts[0]}:
            raise self._refusal(member, f"is outside of {self.top!r}, the one folder an sdist may have at its top")
        if parts:
            self.top = parts[0]
        return parts

    def _take(self, size: int) -> None:
        self.total += size
        if fault := self.limits.fault(self.total, self.archive_size):
            raise IntegrityError(f"{self.archive} is refused: {fault}; nothing was unpacked")

    def _parts(self, member: Member, name: str) -> Parts:
        if name.startswith("/"):
            raise self._refusal(member, "has an absolute path")
        parts = PurePosixPath(name).parts
        if ".." in parts:
            raise self._refusal(member, "has '..' in its path")
        lengths = [len(os.fsencode(part)) + 1 for part in parts]
        if "\0" in name or max(lengths, default=0) > _LONGEST_PART + 1:
            raise self._refusal(member, "has a name that no file can have")
        if sum(lengths) > _LONGEST_PATH or len(parts) > _DEEPEST:
            raise self._refusal(member, f"has a path of more than {_LONGEST_PATH} bytes or {_DEEPEST} folders")
        return parts

    def _make_folders(self, member: Member, parts: Parts) -> None:
        for end in range(1, len(parts) + 1):
            known = self.known.setdefault(parts[:end], "folder")
            if known != "folder":
                raise self._refusal(member, f"would lie below {'/'.join(parts[:end])!r}, which is a {known}")
        path = self.folder.joinpath(*parts)
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o755)

    def _make_links(self) -> None:
        for parts, target in self.links.items():
            if not self._stays_inside(parts):
                raise IntegrityError(
                    f"{self.archive}: {shown('/'.join(parts))} is a link out of the archive, to {shown(target)}"
                )
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

    def _refusal(self, member: Member, why: str) -> IntegrityError:
        return IntegrityError(f"{self.archive}: member {shown(member.name)} {why}; nothing was unpacked")
