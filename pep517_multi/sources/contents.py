"""Which files of a tree are its content, and which are what earlier work left lying in it.

The digest and the private copies share this, so that whatever a build can see has been counted.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pep517_multi.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.sources.tree import BuildSystem

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr"})
_DEEPEST = 256
_TEST_ENVIRONMENTS = frozenset({".tox", ".nox"})
_CACHES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_DISTUTILS_OUTPUT = re.compile(r"(?:lib|temp|bdist)\.(?:win32|[a-z][a-z0-9_]*-.+)|scripts-\d.*")
_DISTUTILS_BACKENDS = frozenset({"setuptools", "poetry-core"})


@dataclass(frozen=True)
class Contents:
    """Tells the content of the tree at ``path`` from what does not belong to it.

    Not content, and in no private copy: the given ``outputs`` of multibuild; caches of Python and of checkers; test
    environments, and virtual environments at the top; and, below ``build/`` at the top, what distutils left
    there, folders with a platform in their names: ``lib.linux-x86_64-…``, ``temp.…``, ``bdist.…``; and
    ``scripts-3.11``, for the wheel of the next build would
    get what lies in them. A bare ``build/lib`` is left out too where setuptools or poetry-core may build: they
    take it for their own and would put all of it into the wheel, so it can hold nothing that a project means. The
    rest of ``build/`` may be anybody's and stays. So does bytecode outside of ``__pycache__``, which a wheel
    can ship.

    :param outputs: files or folders, absolute, that multibuild itself writes, wherever they are.
    """

    path: Path
    build_system: BuildSystem
    outputs: frozenset[str] = frozenset()

    @classmethod
    def of(cls, path: Path, build_system: BuildSystem, *, outputs: Iterable[Path] = ()) -> Contents:
        """Take ``outputs`` as they are given: relative, or by way of links."""
        places = frozenset(place(output) for output in outputs for place in (os.path.abspath, os.path.realpath))
        return cls(path, build_system, places)

    def leaves_out(self, folder: str, name: str) -> bool:
        """Whether ``name`` in the folder of this absolute path is no content of the tree, nor anything below it."""
        if name in _CACHES or (self.outputs and f"{folder}/{name}" in self.outputs):
            return True
        if folder == self._top:
            return name in _TEST_ENVIRONMENTS or os.path.isfile(f"{folder}/{name}/pyvenv.cfg")  # noqa: PTH113
        if folder == self._build:
            left = bool(_DISTUTILS_OUTPUT.fullmatch(name)) or (name == "lib" and self._builds_like_distutils)
            path = Path(folder, name)
            return left and path.is_dir() and not path.is_symlink()
        return False

    def files(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield name below the tree and entry of all that is content and no folder, without version control.

        :raises SourceError: folders are nested too deeply.
        """
        return self._below(self._top, "")

    def _below(self, folder: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        if prefix.count("/") > _DEEPEST:
            raise SourceError(f"{self.path} has folders more than {_DEEPEST} deep; no project needs that")
        folders = []
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name in VERSION_CONTROL or self.leaves_out(folder, name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    yield prefix + name, entry
        for name in folders:
            yield from self._below(f"{folder}/{name}", f"{prefix}{name}/")

    @cached_property
    def _top(self) -> str:
        return str(self.path)

    @cached_property
    def _build(self) -> str:
        return f"{self.path}/build"

    @property
    def _builds_like_distutils(self) -> bool:
        names = {canonicalize_name(Requirement(requirement).name) for requirement in self.build_system.requires}
        return bool(names & _DISTUTILS_BACKENDS)
