"""The modules that a wheel of a source tree will probably bring: a guess, for work that is done ahead of the build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pep517_multi.sources.tree import SourceTree

_SOURCE_FOLDERS = ("src", "lib")
_LARGEST = 256 << 10  # bytes; one that turns out not to be needed must not take long
_SELDOM_INSTALLED = frozenset(
    {"benchmarks", "build", "debian", "doc", "docs", "examples", "scripts", "setup", "tasks", "test", "tests", "tools"}
)
"""Names at the top of a tree of what projects rarely install, as setuptools, too, has it for its flat layout."""


class LikelyModule(NamedTuple):
    """A regular file of the tree.

    :param path: where it lies now.
    :param name: where it would be below site-packages: ``package/module.py``.
    """

    path: str
    name: str


def likely_modules(tree: SourceTree) -> Iterator[LikelyModule]:
    """Yield what looks like the modules of the project: first what is called as it is, then other packages.

    Nothing relies on it: a file too many costs time, and so does one too few.
    """
    own = canonicalize_name(tree.name or tree.path.name)

    def is_own(entry: os.DirEntry[str]) -> bool:
        return canonicalize_name(entry.name.removesuffix(".py")) == own

    found = (entry for folder in _folders(tree.path) for entry in _entries(folder))
    tops = [entry for entry in found if _is_module(entry) and (is_own(entry) or not _is_seldom_installed(entry))]
    for entry in sorted(tops, key=lambda entry: not is_own(entry)):
        yield from _below(entry, "")


def _folders(top: Path) -> list[str]:
    """Return the folders in which modules may begin."""
    inner = [f"{top}/{name}" for name in _SOURCE_FOLDERS if not os.path.isfile(f"{top}/{name}/__init__.py")]  # noqa: PTH113
    return [*inner, str(top)]


def _is_module(entry: os.DirEntry[str]) -> bool:
    name = entry.name.removesuffix(".py")
    if not name.isidentifier():
        return False
    return entry.name != name or os.path.isfile(f"{entry.path}/__init__.py")  # noqa: PTH113


def _is_seldom_installed(entry: os.DirEntry[str]) -> bool:
    return entry.name.removesuffix(".py") in _SELDOM_INSTALLED


def _below(entry: os.DirEntry[str], prefix: str) -> Iterator[LikelyModule]:
    name = prefix + entry.name
    if entry.is_dir(follow_symlinks=False):
        if entry.name != "__pycache__" and not entry.name.startswith("."):
            for inner in _entries(entry.path):
                yield from _below(inner, f"{name}/")
    elif name.endswith(".py") and _is_small_file(entry):
        yield LikelyModule(entry.path, name)


def _is_small_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False) and entry.stat().st_size <= _LARGEST
    except OSError:  # gone since its folder was read
        return False


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # not there, or going away: the build will say what is wrong
        return []
