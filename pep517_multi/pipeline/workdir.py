"""The work directory: where everything of a run lies."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pep517_multi.events import Observer

_OURS = (
    "wheels",
    "logs",
    "roots",
    "images",
    "tests",
    "builds",
    "environments",
    "sources",
    "changed",
    "staging",
    "qa",
    "report.json",
    "source.json",
    ".gitignore",
)
_LOCK = ".lock"


@dataclass(frozen=True)
class WorkDirectory:
    """Paths in one work directory; ``path`` is absolute. Everything but what the contract names is private."""

    path: Path

    @property
    def wheels(self) -> Path:
        """The wheels of the last run, and their provenance."""
        return self.path / "wheels"

    @property
    def roots(self) -> Path:
        """Staging roots, unless ``--roots`` says otherwise."""
        return self.path / "roots"

    @property
    def images(self) -> Path:
        """What goes into images before it is merged, and what is known of them."""
        return self.path / "images"

    @property
    def tests(self) -> Path:
        """Environments to test in what was staged."""
        return self.path / "tests"

    @property
    def report(self) -> Path:
        """The last report."""
        return self.path / "report.json"

    @property
    def source(self) -> Path:
        """What the build phase knew of the source, for the later phases."""
        return self.path / "source.json"

    @property
    def sources(self) -> Path:
        """Unpacked sdists."""
        return self.path / "sources"

    @property
    def environments(self) -> Path:
        """Build environments of the run."""
        return self.path / "environments"

    @contextlib.contextmanager
    def second_names(self) -> Iterator[Path]:
        """Make a folder for second names of wheels that are being staged; it is gone when the block ends."""
        folder = self.path / "staging"
        files.remove_tree(folder)
        try:
            yield folder
        finally:
            files.remove_tree(folder)

    def log(self, impl: str) -> Path:
        """Return where the whole output of the build for ``impl`` goes; its folder exists."""
        folder = self.path / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{impl}-build.log"

    def build(self, impl: str) -> Path:
        """Return the folder of the private copy and the output of the build for ``impl``."""
        return self.path / "builds" / impl

    def qa(self, impl: str) -> Path:
        """Return the folder of what QA leaves for ``impl``: wheels that differ, longer comparisons."""
        return self.path / "qa" / impl

    def changed(self, impl: str) -> Path:
        """Return the folder of the tree that was changed for ``impl``."""
        return self.path / "changed" / impl

    @contextlib.contextmanager
    def held(self, observer: Observer) -> Iterator[None]:
        """Make the work directory, and hold it alone: a second run on it waits, and says so."""
        from filelock import FileLock, Timeout

        from pep517_multi.events import Note

        with files.explained("make the work directory"):
            self.path.mkdir(parents=True, exist_ok=True)
            # Version control, and version plugins that ask whether the tree is clean, should not see it.
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                files.write_whole(ignore, b"*\n")
            lock = FileLock(self.path / _LOCK)
        try:
            lock.acquire(timeout=0.1)
        except Timeout:
            observer(Note(f"another run holds {self.path}; waiting until it ends", level="warning"))
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def clean(self) -> bool:
        """Remove what runs made here, and the directory if nothing else is in it; answers whether anything was there.

        :raises UsageError: it does not look like a work directory.
        """
        if not self.path.exists():
            return False
        if not (self.path / _LOCK).exists():
            raise UsageError(f"{self.path} is no work directory of multibuild; nothing was removed")
        with files.explained("remove the work directory"):
            for name in (*_OURS, _LOCK):
                files.remove_tree(self.path / name)
            if not any(self.path.iterdir()):
                self.path.rmdir()
        return True
