"""An image that may hold other packages' files: ours are put in whole or not at all, and nobody else's are touched."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.errors import StagingError
from pep517_multi.staging.below import Below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.staging.below import Found
    from pep517_multi.staging.entries import Entry


@dataclass
class Image:
    """The directory ``top``, which need not exist yet.

    :param known: what earlier runs put there, by path: this may be replaced and removed as long as nobody changed it.
    """

    top: Path
    known: Mapping[str, Entry] = field(default_factory=dict)

    def put(self, entries: Sequence[Entry], *, owners: frozenset[str], done: Callable[[Sequence[Entry]], None]) -> None:
        """Make ``top`` hold ``entries``, and of what earlier runs put there nothing else.

        :param owners: those who are staged anew; what is only others' is left as it is unless it has to change.
        :param done: told what is there, each with :attr:`~pep517_multi.staging.entries.Entry.ours`; if it fails, all
            is taken back.
        :raises StagingError: something else is in the way; nothing was changed.
        :raises FileError: the file system refuses; nothing is left of it.
        """
        with files.explained(f"put files into {self.top}"), ExitStack() as unmade:
            _make_top(self.top, unmade)
            below = Below(self.top)
            looks = [_Look(entry, below.find(entry.path), self.known.get(entry.path)) for entry in entries]
            present = [look.settled(below, owners) for look in looks]
            wanted = [look.entry for look in looks if look.must_write]
            gone = self._gone(below, {entry.path for entry in entries})
            folders = [entry for entry in present if entry.ours and entry.kind == "directory"]
            with _workshop(self.top) if wanted or gone else nullcontext("") as workshop, ExitStack() as undo:
                if workshop:
                    _Change(below, undo, workshop).carry_out(wanted, gone, folders)
                done(present)
                undo.pop_all()
            unmade.pop_all()

    def _gone(self, below: Below, kept: set[str]) -> list[Entry]:
        """Return what earlier runs put there, nobody has changed and nobody wants any more; deepest first."""
        stale = [entry for path, entry in sorted(self.known.items(), reverse=True) if path not in kept and entry.ours]
        return [entry for entry in stale if _is_there(below, entry)]


@contextmanager
def _workshop(top: Path) -> Iterator[str]:
    """Make a directory where files are made ready, and where what they replace is kept until all is certain."""
    name = f".multibuild.{secrets.token_hex(4)}.tmp"
    (top / name).mkdir(mode=0o700)
    try:
        yield "/" + name
    finally:
        files.remove_tree(top / name)


def _make_top(top: Path, undo: ExitStack) -> None:
    if top.is_dir():
        return
    if top.exists() or top.is_symlink():
        raise StagingError(f"{top} is no directory; move it away, or choose another place for the image")
    if not top.parent.is_dir():
        _make_top(top.parent, undo)
    top.mkdir()
    top.chmod(0o755)
    undo.callback(top.rmdir)


def _is_there(below: Below, entry: Entry) -> bool:
    found = below.find(entry.path)
    return found is not None and _same(below, entry, found)


def _same(below: Below, entry: Entry, found: Found) -> bool:
    """Whether ``found`` is what ``entry`` has, but for mode and time."""
    if found.kind != entry.kind:
        return False
    return entry.identity == (found.kind, below.digest(entry.path) if found.kind == "file" else "", found.target)


@dataclass
class _Look:
    """An entry, what is in its place, and what earlier runs put there."""

    entry: Entry
    found: Found | None
    known: Entry | None
    must_write: bool = False

    def settled(self, below: Below, owners: frozenset[str]) -> Entry:
        """Say whether ``entry`` has to be written, and return it with ``ours`` as it will be.

        :raises StagingError: something that is not ours is in the way.
        """
        ours = self.known is not None and self.known.ours
        if self.found is None:
            asked_for = not owners.isdisjoint(self.entry.owners)
            self.must_write = asked_for or self.known is None or self.known.identity != self.entry.identity
            return self.entry
        if _same(below, self.entry, self.found):
            self.must_write = ours and self._looks_different(below)
            return replace(self.entry, ours=ours)
        if self.known is not None and ours and _same(below, self.known, self.found):
            self.must_write = True
            return self.entry
        since = "was changed since it was put there" if ours else "is there already and is not ours"
        raise StagingError(
            f"{self.entry.path} of {' and '.join(self.entry.owners)} has no place in {below.top}: another "
            f"{self.found.kind} {since}; move it away, or choose another --destdir"
        )

    def _looks_different(self, below: Below) -> bool:
        found = self.found
        if found is None or self.entry.kind != "file":
            return False
        if self.known is not None and self.known.same_as != self.entry.same_as:
            return True
        if self.entry.same_as:
            original = below.find(self.entry.same_as)
            return original is None or original.inode != found.inode
        return (found.mode, found.moment) != (self.entry.mode, self.entry.moment)


@dataclass
class _Change:
    """Changes that are taken back, last one first, when ``undo`` is closed."""

    below: Below
    undo: ExitStack
    workshop: str
    number: int = 0

    def carry_out(self, wanted: Sequence[Entry], gone: Sequence[Entry], folders: Sequence[Entry]) -> None:
        """Write ``wanted``, directories first, remove ``gone``, and give ``folders`` their times."""
        for entry in wanted:
            if entry.kind == "directory":
                self._make_directory(entry.path)
                self.undo.callback(self._drop, entry.path, os.rmdir)
            else:
                self._place(entry)
        for entry in gone:
            self._remove(entry)
        for entry in reversed(folders):
            with self.below.folder_of(entry.path) as (folder, name):
                os.utime(name, ns=(entry.moment, entry.moment), dir_fd=folder, follow_symlinks=False)

    def _make_directory(self, path: str) -> None:
        with self.below.folder_of(path) as (folder, name):
            os.mkdir(name, 0o700, dir_fd=folder)
            os.chmod(name, 0o755, dir_fd=folder)  # noqa: S103 - a directory of a package, whatever the umask is

    def _place(self, entry: Entry) -> None:
        new = self._new_name()
        self._make(entry, self.below.top / new[1:])
        self._set_aside(entry.path)
        self.undo.callback(self._drop, entry.path, os.unlink)
        self._rename(new, entry.path)

    def _remove(self, entry: Entry) -> None:
        if entry.kind != "directory":
            self._set_aside(entry.path)
            return
        with self.below.folder_of(entry.path) as (folder, name), suppress(OSError):  # others may have files in it
            os.rmdir(name, dir_fd=folder)
            self.undo.callback(self._make_directory, entry.path)

    def _new_name(self) -> str:
        self.number += 1
        return f"{self.workshop}/{self.number}"

    def _make(self, entry: Entry, place: Path) -> None:
        if entry.same_as:
            with self.below.folder_of(entry.same_as) as (folder, name):
                os.link(name, place, src_dir_fd=folder, follow_symlinks=False)
            return
        if entry.kind == "link":
            place.symlink_to(entry.target)
        elif entry.data is not None:
            place.write_bytes(entry.data)
        elif entry.source is not None:
            files.copy_file(entry.source, place)
        if entry.kind == "file":
            place.chmod(entry.mode)
        os.utime(place, ns=(entry.moment, entry.moment), follow_symlinks=False)

    def _set_aside(self, path: str) -> None:
        if self.below.find(path) is not None:
            old = self._new_name()
            self.undo.callback(self._put_back, old, path)
            self._rename(path, old)

    def _put_back(self, old: str, path: str) -> None:
        with suppress(FileNotFoundError):
            self._rename(old, path)

    def _rename(self, old: str, new: str) -> None:
        with self.below.folder_of(old) as (source, name), self.below.folder_of(new) as (target, other):
            os.rename(name, other, src_dir_fd=source, dst_dir_fd=target)

    def _drop(self, path: str, drop: Callable[..., None]) -> None:
        with suppress(FileNotFoundError), self.below.folder_of(path) as (folder, name):
            drop(name, dir_fd=folder)
