"""The work directory: where everything of a run lies."""

from __future__ import annotations

import contextlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi import files, orphans, temporaries
from pep517_multi.errors import UsageError
from pep517_multi.events import Note
from pep517_multi.pipeline import holding

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
    "sandbox",
    "sources",
    "changed",
    "staging",
    "qa",
    "report.json",
    "source.json",
    ".gitignore",
)
_WITH_TEMPORARIES = ("wheels", "wheels/*", "roots", "images/*", "images/*/roots", "sources")
_UNFINISHED = ".unfinished"
_LOCK = ".lock"
_MARKER = ".multibuild"
"""What tells a work directory from a folder of somebody else's.

With the lock it is the first that is made, and the last to go; whoever makes or removes it holds the lock, so that
nobody removes the mark of the next run.
"""


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
    def sandbox(self) -> Path:
        """Homes and temporary files of commands that run in a sandbox."""
        return self.path / "sandbox"

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

    @contextlib.contextmanager
    def under_examination(self) -> Iterator[None]:
        """Remember that QA is at work; if the run is killed in the block, the next one removes all that QA left."""
        mark = self.path / "qa" / _UNFINISHED
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something was left
                mark.parent.rmdir()

    def changed(self, impl: str) -> Path:
        """Return the folder of the tree that was changed for ``impl``."""
        return self.path / "changed" / impl

    @contextlib.contextmanager
    def held(self, observer: Observer) -> Iterator[None]:
        """Make the work directory, and hold it alone: a second run on it waits, and says for whom.

        What a run that was killed left half-made is cleared away first.

        :raises UsageError: there is a folder that is not empty and was not made by multibuild.
        """
        with contextlib.ExitStack() as stack:
            with files.explained("make the work directory"):
                killed = stack.enter_context(self._taken(observer))
                # Version control, and version plugins that ask whether the tree is clean, should not see it.
                ignore = self.path / ".gitignore"
                if not ignore.exists():
                    files.write_whole(ignore, b"*\n")
            if killed is not None:
                with files.explained("clear away what a killed run left"):
                    self._clear_away(killed, observer)
            try:
                yield
            except KeyboardInterrupt:
                with contextlib.suppress(OSError):  # nobody has failed whose build would be worth a look
                    files.remove_tree(self.path / "builds")
                raise

    @contextlib.contextmanager
    def _taken(self, observer: Observer) -> Iterator[str | None]:
        """Hold it; gives who was killed while holding it."""
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    self.path.mkdir(parents=True, exist_ok=True)
                except FileExistsError:
                    if self._is_no_folder():
                        raise
                    continue  # it was there, and was cleaned away at once
                if self._is_of_others():
                    raise UsageError(
                        f"{self.path} is not empty, and no work directory of multibuild; name a new or an empty one"
                    )
                with contextlib.suppress(FileNotFoundError):  # cleaned away meanwhile
                    killed = stack.enter_context(holding.held(self.path / _LOCK, observer))
                    (self.path / _MARKER).touch()
                    break
            yield killed

    def _clear_away(self, killed: str, observer: Observer) -> None:
        observer(Note(f"the last run on {self.path} was killed ({killed}); what it left half-made is cleared away"))
        orphans.end_all(self.path)
        for name in ("builds", "environments", "changed", "staging"):
            files.remove_tree(self.path / name)
        if (self.path / "qa" / _UNFINISHED).exists():
            files.remove_tree(self.path / "qa")
        for folder in (self.path, *(found for pattern in _WITH_TEMPORARIES for found in self.path.glob(pattern))):
            temporaries.sweep(folder)
        from pep517_multi.wheels.store import Store

        Store(self.wheels).mend(observer)

    def _is_no_folder(self) -> bool:
        try:
            return not stat.S_ISDIR(self.path.lstat().st_mode)
        except FileNotFoundError:
            return False

    def _is_of_others(self) -> bool:
        """Whether there is something in it, and no run has made it.

        The mark comes and goes with all content, so it is looked for before and after: another run may begin or end
        just now.
        """
        return not self._is_marked() and self._has_content() and not self._is_marked()

    def _is_marked(self) -> bool:
        return (self.path / _MARKER).is_file()  # a folder of that name is the work directory of a project

    def _has_content(self) -> bool:
        try:
            return any(path.name not in {_LOCK, _MARKER} for path in self.path.iterdir())
        except FileNotFoundError:  # cleaned away meanwhile
            return False

    def refuse_source(self, source: Path) -> None:
        """Keep a source from being what runs write to and :meth:`clean` removes.

        :raises UsageError: the work directory is ``source``, or ``source`` lies in it.
        """
        if source.resolve().is_relative_to(self.path.resolve()):
            raise UsageError(f"the source {source} lies in the work directory {self.path}; name another --workdir")

    def clean(self, observer: Observer) -> bool:
        """Remove what runs made here, and the directory if nothing else is in it; answers whether anything was there.

        While a run holds it, this waits, and says so.

        :raises UsageError: it does not look like a work directory.
        """
        if self._is_of_others():
            raise UsageError(f"{self.path} is no work directory of multibuild; nothing was removed")
        if not self._is_marked():
            return False
        with files.explained("remove the work directory"), contextlib.ExitStack() as stack:
            try:
                killed = stack.enter_context(holding.held(self.path / _LOCK, observer))
            except FileNotFoundError:  # another one has cleaned it meanwhile
                return False
            if killed is not None:
                orphans.end_all(self.path)
            temporaries.sweep(self.path)
            for name in (*_OURS, _MARKER, _LOCK):
                files.remove_tree(self.path / name)
            with contextlib.suppress(OSError):  # something of somebody else's is in it, or the next run has begun
                self.path.rmdir()
        return True
