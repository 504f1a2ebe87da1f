"""What a change of an image is about to do, written down before anything is done, so that it can be taken back.

An image may hold files of others, so it cannot be made beside and exchanged. What is new is made ready in a hidden
folder in it, the workshop; then names change places, and what was there before is kept in the workshop until all is
certain. Whoever finds the journal of a run that was killed takes back what it has done, with nothing but renames.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pep517_multi.staging.below import Below

_BEGUN, _DONE = "journal.json", "done.json"
WORKSHOP = ".multibuild.{}.tmp"


@dataclass(frozen=True)
class Journal:
    """One change of an image.

    :param token: what the workshop is named after, and what the manifest of the image has once the change is certain.
    :param owner: where the manifest is kept, by which a run knows its own.
    :param placed: path → number of what takes its place; what was there is kept under the same number with ``-old``.
    :param removed: path → number under which it is kept.
    :param made: directories that are made, parents first.
    :param dropped: directories that are removed, children first.
    """

    token: str
    owner: str
    placed: dict[str, int]
    removed: dict[str, int]
    made: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def workshop(self) -> str:
        """The path of the workshop below the top of the image."""
        return "/" + WORKSHOP.format(self.token)

    def new(self, path: str) -> str:
        """Return where what takes the place of ``path`` is made ready."""
        return f"{self.workshop}/{self.placed[path]}"

    def old(self, path: str) -> str:
        """Return where what was at ``path`` is kept."""
        return f"{self.workshop}/{self.placed[path] if path in self.placed else self.removed[path]}-old"

    def begin(self, top: Path) -> None:
        """Write it down; from now on, who finds it takes back the change."""
        files.write_whole(top / self.workshop[1:] / _BEGUN, json.dumps(asdict(self)).encode())

    def finish(self, top: Path) -> None:
        """Note that all names have changed places; only the manifest is still to be written."""
        (top / self.workshop[1:] / _BEGUN).rename(top / self.workshop[1:] / _DONE)

    def take_back(self, below: Below) -> None:
        """Make everything what it was; what is back already stays, so that this can be killed as well."""
        with suppress(FileNotFoundError):
            (below.top / self.workshop[1:] / _DONE).rename(below.top / self.workshop[1:] / _BEGUN)
        for path in reversed(self.dropped):
            if below.find(path) is None:
                below.make_directory(path, way=f"{self.workshop}/directory")
        for path in (*self.removed, *self.placed):
            if path in self.placed and below.find(self.new(path)) is None:
                with suppress(FileNotFoundError):
                    below.rename(path, self.new(path))
            if below.find(self.old(path)) is not None:
                below.rename(self.old(path), path)
        for path in reversed(self.made):
            with suppress(OSError), below.folder_of(path) as (folder, name):  # not made yet, or others use it by now
                os.rmdir(name, dir_fd=folder)


def take_back_unfinished(below: Below, *, owner: str, certain: str) -> bool:
    """Take back what runs that were killed did to an image, which this process has locked; answers whether any did.

    :param owner: as in :class:`Journal`.
    :param certain: token of the change that the manifest of ``owner`` speaks of.
    :raises OSError: the file system refuses.
    """
    found = False
    for workshop in _workshops(below.top):
        journal, done = _read(workshop)
        # Where all is in place and only its manifest may be missing, the owner alone can tell.
        if journal is not None and journal.token != certain and (not done or journal.owner == owner):
            journal.take_back(below)
            found = True
        close(workshop)
    return found


def close(workshop: Path) -> None:
    """Remove a workshop that nobody needs any more; first what makes it one."""
    for name in (_BEGUN, _DONE):
        (workshop / name).unlink(missing_ok=True)
    files.remove_tree(workshop)


def _workshops(top: Path) -> Iterator[Path]:
    """Yield the workshops in an image; a folder of that name that others can write to, or have made, is none."""
    for path in sorted(top.glob(WORKSHOP.format("[0-9a-f]" * 8))):
        status = path.lstat()
        if status.st_uid == os.geteuid() and status.st_mode == stat.S_IFDIR | stat.S_IRWXU:
            yield path


def _read(workshop: Path) -> tuple[Journal | None, bool]:
    """Return the journal in ``workshop``, ``None`` where nothing had begun, and whether all was in place already."""
    for name, done in ((_DONE, True), (_BEGUN, False)):
        try:
            plain: dict[str, Any] = json.loads((workshop / name).read_bytes())
            lists = {key: tuple(value) for key, value in plain.items() if isinstance(value, list)}
            journal = Journal(**{**plain, **lists})
        except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):
            continue
        if WORKSHOP.format(journal.token) == workshop.name:
            return journal, done
    return None, False
