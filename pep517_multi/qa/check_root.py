"""A staging root as the checks see it: its folders, and everything in it, looked at once."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter


@dataclass(frozen=True)
class Entry:
    """A file, folder or link.

    :param name: its absolute path once installed.
    """

    path: Path
    name: str
    status: os.stat_result

    @property
    def is_link(self) -> bool:
        """A symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        """A regular file, or a link to one, as there is where equal files are kept once."""
        return stat.S_ISREG(self.status.st_mode) or (
            self.is_link and not self.path.readlink().is_absolute() and self.path.is_file()
        )

    @property
    def is_folder(self) -> bool:
        """A folder, not a link to one."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def version(self) -> tuple[int, int, int]:
        """What changes when the file is written."""
        return self.status.st_mtime_ns, self.status.st_size, self.status.st_mode


@dataclass(frozen=True)
class StagedRoot:
    """What is staged for one implementation, and how it was asked for.

    :param prefix: without a slash at its end.
    :param libraries: purelib and platlib once installed, each once.
    :param levels: of bytecode.
    :param invalidation: of bytecode.
    :param license_dir: where licences go instead of the metadata; ``{name}`` and ``{impl}`` are replaced.
    :param owned: in an image, the paths of what belongs to this implementation; ``None`` where everything does.
    :param others: implementations that are staged into the same folder, where roots are merged.
    :param foreign_libraries: the libraries of these.
    """

    interpreter: Interpreter
    path: Path
    prefix: str
    libraries: tuple[str, ...]
    levels: tuple[int, ...]
    invalidation: str
    license_dir: str | None = None
    owned: frozenset[str] | None = None
    others: tuple[Interpreter, ...] = ()
    foreign_libraries: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether anything is staged."""
        return self.owned != frozenset() and any(self.staged(library).is_dir() for library in self.libraries)

    def staged(self, name: str) -> Path:
        """Return where the path ``name`` lies now."""
        return self.path / name.lstrip("/")

    def library_of(self, name: str) -> str | None:
        """Return the library that the path ``name`` lies in."""
        return next((library for library in self.libraries if name.startswith(f"{library}/")), None)

    def shown(self, name: str) -> str:
        """Return ``name`` for people: what lies in a library by its path there, the same for all implementations."""
        library = self.library_of(name)
        return name if library is None else name[len(library) + 1 :]

    def walk(self) -> tuple[Entry, ...]:
        """Look at everything below the root, whoever owns it, sorted by path.

        :raises FileError: the file system refuses.
        """
        with files.explained(f"read the staging root {self.path}"):
            return tuple(sorted(self._entries(), key=lambda entry: entry.name))

    def own(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return those of ``entries`` that belong to this implementation."""
        return tuple(entry for entry in entries if self.owned is None or entry.name in self.owned)

    def _entries(self) -> Iterator[Entry]:
        def refuse(error: OSError) -> None:
            raise error

        for folder, folders, names in os.walk(self.path, onerror=refuse):
            inside = "/" + posixpath.relpath(folder, self.path)
            for name in [*folders, *names]:
                path = self.path / folder / name
                yield Entry(path, posixpath.normpath(f"{inside}/{name}"), path.lstat())
