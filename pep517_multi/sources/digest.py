"""One hash that changes when, and only when, something changes that a build could see."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import SourceError
from pep517_multi.sources import version_control
from pep517_multi.sources.contents import VERSION_CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.sources.contents import Contents

_CHUNK = 1 << 20
_LIVING = ("/proc/", "/sys/", "/dev/")  # what is there is no content; some files of it have no end
_MOST_LINKED, _LARGEST_LINKED = 100_000, 16 << 30


def digest(contents: Contents) -> str:
    """Return ``sha256:…`` over the names, kinds, executable bits, bytes and link targets of ``contents``.

    The state of version control counts as :func:`pep517_multi.sources.version_control.state` has it. Place, times,
    owners, the other mode bits, empty folders, sockets and devices do not count. Of a link that leads out of the tree
    to a file, the bytes of that file count too, and of one to a folder all files below it, unless the tree itself lies
    there.

    :raises SourceError: something cannot be read.
    """
    result = _Records()
    try:
        for name, entry in sorted(contents.files(), key=lambda pair: os.fsencode(pair[0])):
            if entry.is_symlink():
                path = Path(entry.path)
                result.add(b"link", os.fsencode(name), os.fsencode(path.readlink()))
                if leads_out(path, contents.path):
                    for below, file in _bounded(_linked(path, contents), name):
                        result.add_file(f"{name}{below}", file)
            elif entry.is_file(follow_symlinks=False):
                result.add_file(name, entry.path)
    except OSError as error:
        raise SourceError(f"cannot read the source at {error.filename}: {error.strerror}") from error
    for name, value in sorted(version_control.state(contents.path).items()):
        result.add(b"state", os.fsencode(name), value)
    return f"sha256:{result.hash.hexdigest()}"


def _bounded(linked: Iterator[tuple[str, Path]], name: str) -> Iterator[tuple[str, Path]]:
    """Let a link to all of a disk be an error, and not the end of the day."""
    size = 0
    for number, (below, file) in enumerate(linked):
        size += file.stat().st_size
        if number >= _MOST_LINKED or size > _LARGEST_LINKED:
            raise SourceError(
                f"the link {name!r} leads out of the source, to more than {_MOST_LINKED} files or "
                f"{_LARGEST_LINKED >> 30} GiB, and all of that would be a part of it; remove the link"
            )
        yield below, file


def _linked(link: Path, contents: Contents) -> Iterator[tuple[str, Path]]:
    """Yield each file that can be reached by way of ``link``, links followed, each folder once, in one order."""
    if f"{os.path.realpath(link)}/".startswith(_LIVING):
        return
    if link.is_file():
        yield "", link
        return
    tree, seen = Path(os.path.realpath(contents.path)), set[str]()
    for here, folders, names in os.walk(link, followlinks=True):
        real = os.path.realpath(here)
        if real in seen or tree.is_relative_to(real) or f"{real}/".startswith(_LIVING):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(
            name for name in folders if name not in VERSION_CONTROL and not contents.leaves_out(real, name)
        )
        for path in (Path(here, name) for name in sorted(names)):
            if path.is_file() and not contents.leaves_out(real, path.name):
                yield f"/{path.relative_to(link).as_posix()}", path


def links_out(contents: Contents) -> tuple[str, ...]:
    """Return the links of ``contents`` that lead out of the tree, by their paths in it, sorted."""
    links = ((name, Path(entry.path)) for name, entry in contents.files() if entry.is_symlink())
    return tuple(sorted(name for name, path in links if leads_out(path, contents.path)))


def leads_out(link: Path, tree: Path) -> bool:
    """Whether a symbolic link below ``tree`` leads to somewhere else; an absolute one always does."""
    target = link.readlink()
    if target.is_absolute():
        return True
    return not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(tree))


class _Records:
    """A hash over records; each field is preceded by its length, so that no two sequences read the same."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def add(self, *fields: bytes) -> None:
        for value in fields:
            self._length(len(value))
            self.hash.update(value)

    def add_file(self, name: str, path: str | Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            self.add(b"program" if status.st_mode & stat.S_IXUSR else b"file", os.fsencode(name))
            self._length(status.st_size)
            while chunk := os.read(descriptor, _CHUNK):
                self.hash.update(chunk)
        finally:
            os.close(descriptor)

    def _length(self, length: int) -> None:
        self.hash.update(length.to_bytes(8, "big"))
