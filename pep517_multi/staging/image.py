"""An image that may hold other packages' files: ours are put in whole or not at all, and nobody else's are touched."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import events, files, interrupts, locks
from pep517_multi.errors import StagingError
from pep517_multi.staging.below import Below
from pep517_multi.staging.journal import WORKSHOP, Journal, close, take_back_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.events import Observer
    from pep517_multi.staging.below import Found
    from pep517_multi.staging.entries import Entry


@contextmanager
def held(top: Path, *, owner: str, certain: str, observer: Observer = events.ignore) -> Iterator[None]:
    """Hold the image ``top`` alone, made where it is not there; what a run that was killed did to it is taken back.

    If nothing is in it when the block ends, what was made is gone.

    :param owner: where the manifest is kept; ``certain``: the change it speaks of (see :class:`Journal`).
    :raises StagingError: something else is in the way.
    :raises FileError: the file system refuses.
    """
    with ExitStack() as stack:
        with files.explained(f"put files into {top}"):
            locked = _locked(top, stack, observer)
            while locked is None:
                locked = _locked(top, stack, observer)
            if locked and take_back_unfinished(Below(top), owner=owner, certain=certain):
                observer(
                    events.Note(f"a run that was killed had put half of its files into {top}; they are taken back")
                )
        yield


def _locked(top: Path, stack: ExitStack, observer: Observer) -> bool | None:
    """Make and lock ``top``; false where the file system knows no locks, ``None`` where it was removed meanwhile."""
    _make_top(top, stack)
    real = top.resolve()
    try:
        descriptor = stack.enter_context(locks.opened(real))
    except FileNotFoundError:
        return None
    try:
        if not locks.lock(descriptor):
            observer(events.Note(f"another run puts files into {top}; waiting until it is done", level="warning"))
            locks.wait_for(descriptor)
    except OSError:  # such as some that are mounted over a network
        return False
    return True if locks.is_at(real, descriptor) else None


@dataclass
class Image:
    """The directory ``top``, which is there, and which this process holds.

    :param known: what earlier runs put there, by path: this may be replaced and removed as long as nobody changed it.
    :param owner: where what is known of it is kept.
    """

    top: Path
    known: Mapping[str, Entry] = field(default_factory=dict)
    owner: str = ""

    def put(
        self, entries: Sequence[Entry], *, owners: frozenset[str], done: Callable[[Sequence[Entry], str], None]
    ) -> None:
        """Make ``top`` hold ``entries``, and of what earlier runs put there nothing else.

        :param owners: those who are staged anew; what is only others' is left as it is unless it has to change.
        :param done: told what is there, each with :attr:`~pep517_multi.staging.entries.Entry.ours`, and the token by
            which the change is known, empty where there was nothing to change; if it fails, all is taken back.
        :raises StagingError: something else is in the way; nothing was changed.
        :raises FileError: the file system refuses; nothing is left of it.
        """
        with files.explained(f"put files into {self.top}"):
            below = Below(self.top)
            looks = [_Look(entry, below.find(entry.path), self.known.get(entry.path)) for entry in entries]
            present = [look.settled(below, owners) for look in looks]
            wanted = [look.entry for look in looks if look.must_write]
            gone = self._gone(below, {entry.path for entry in entries})
            folders = [entry for entry in present if entry.ours and entry.kind == "directory"]
            if not wanted and not gone:
                done(present, "")
                return
            token = secrets.token_hex(4)
            with _workshop(self.top, token):
                change = _Change(below, _planned(token, self.owner, wanted, gone), wanted)
                certain = False
                try:
                    change.carry_out(folders)
                    with interrupts.deferred():
                        done(present, token)
                        certain = True
                except BaseException:
                    if not certain:
                        with interrupts.deferred():
                            change.journal.take_back(below)
                    raise

    def _gone(self, below: Below, kept: set[str]) -> list[Entry]:
        """Return what earlier runs put there, nobody has changed and nobody wants any more; deepest first."""
        stale = [entry for path, entry in sorted(self.known.items(), reverse=True) if path not in kept and entry.ours]
        return [entry for entry in stale if _is_there(below, entry)]


@contextmanager
def _workshop(top: Path, token: str) -> Iterator[None]:
    """Make a directory where files are made ready, and where what they replace is kept until all is certain."""
    folder = top / WORKSHOP.format(token)
    try:
        with interrupts.deferred():
            folder.mkdir(mode=0o700)
        yield
    finally:
        with interrupts.deferred():
            close(folder)


def _planned(token: str, owner: str, wanted: Sequence[Entry], gone: Sequence[Entry]) -> Journal:
    placed = [entry.path for entry in wanted if entry.kind != "directory"]
    removed = [entry.path for entry in gone if entry.kind != "directory"]
    return Journal(
        token,
        owner,
        placed={path: number for number, path in enumerate(placed)},
        removed={path: number for number, path in enumerate(removed, len(placed))},
        made=tuple(entry.path for entry in wanted if entry.kind == "directory"),
        dropped=tuple(entry.path for entry in gone if entry.kind == "directory"),
    )


def _make_top(top: Path, undo: ExitStack) -> None:
    if top.is_dir():
        return
    if top.exists() or top.is_symlink():
        raise StagingError(f"{top} is no directory; move it away, or choose another place for the image")
    if not top.parent.is_dir():
        _make_top(top.parent, undo)
    top.mkdir()
    top.chmod(0o755)
    undo.callback(_drop_empty, top)


def _drop_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


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
    """A change of an image: all is made ready, then written down, then names change places."""

    below: Below
    journal: Journal
    wanted: Sequence[Entry]

    def carry_out(self, folders: Sequence[Entry]) -> None:
        """Put everything in its place, and give ``folders`` their times."""
        journal, top = self.journal, self.below.top
        for entry in self.wanted:
            if entry.kind != "directory":
                self._make(entry, top / journal.new(entry.path)[1:])
        journal.begin(top)
        for path in journal.made:
            self.below.make_directory(path, way=f"{journal.workshop}/directory")
        for path in journal.placed:
            self.below.keep(path, journal.old(path))
            self.below.rename(journal.new(path), path)
        for path in journal.removed:
            self.below.rename(path, journal.old(path))
        for path in journal.dropped:
            with self.below.folder_of(path) as (folder, name), suppress(OSError):  # others may have files in it
                os.rmdir(name, dir_fd=folder)
        for entry in reversed(folders):
            with self.below.folder_of(entry.path) as (folder, name):
                os.utime(name, ns=(entry.moment, entry.moment), dir_fd=folder, follow_symlinks=False)
        journal.finish(top)

    def _make(self, entry: Entry, place: Path) -> None:
        if entry.same_as:
            original = self.journal.new(entry.same_as) if entry.same_as in self.journal.placed else entry.same_as
            with self.below.folder_of(original) as (folder, name):
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
