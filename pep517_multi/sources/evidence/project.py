"""What the rules look at, and what they find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi.files import read_text
from pep517_multi.sources.evidence.evidence import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pep517_multi.sources.tree import BuildSystem

SPARE_FOLDERS = ("doc/", "docs/", "example/", "examples/", "test/", "tests/")
"""Folders at the top in which sources of extension modules are mere samples."""

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Finding:
    """One reason why a wheel may depend on the interpreter that builds it.

    :param compiled_only: nothing but extension modules and the tag can be reached by it.
    :param by_family: it asks for what is the same for all implementations of one ABI family on one machine.
    :param stops_below: the build may stop for a Python 3 older than this minor version, and that is all.
    """

    verdict: Verdict
    because: str
    compiled_only: bool = False
    stops_below: int = 0
    by_family: bool = False


def unknown(because: str, *, compiled_only: bool = False, by_family: bool = False) -> Finding:
    """Return a finding after which only a build can tell."""
    return Finding(Verdict.UNKNOWN, because, compiled_only, by_family=by_family)


def stopping(because: str, below: int) -> Finding:
    """Return a finding that the build stops for old Pythons, and does nothing else for them."""
    return Finding(Verdict.INDEPENDENT, because, stops_below=below)


def extension(because: str) -> Finding:
    """Return a finding that extension modules are built, perhaps optional ones."""
    return Finding(Verdict.EXTENSION, because)


@dataclass(frozen=True)
class Project:
    """A source tree as far as the rules need it."""

    path: Path
    build_system: BuildSystem
    pyproject: Mapping[str, Any]

    def table(self, *keys: str) -> Mapping[str, Any]:
        """Return a table of ``pyproject.toml``, empty where there is none: ``table("tool", "hatch")``."""
        return table(self.pyproject, *keys)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file below the tree that is not hidden in a folder with a dot, sorted, as ``a/b.py``."""
        return tuple(sorted(_files(self.path, "")))

    def text(self, name: str) -> str:
        """Return the text of a file of the tree, empty where it cannot be read."""
        try:
            return read_text(self.path / name, errors="replace")
        except OSError:
            return ""


def _files(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield prefix + entry.name
            elif not entry.name.startswith(".") and entry.name != "__pycache__" and not _is_environment(entry):
                yield from _files(Path(entry.path), f"{prefix}{entry.name}/")


def _is_environment(entry: os.DirEntry[str]) -> bool:
    return Path(entry.path, "pyvenv.cfg").is_file()


def table(mapping: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return a table inside of ``mapping``, empty where it or one on the way to it is none."""
    for key in keys:
        value = mapping.get(key, _EMPTY)
        if not isinstance(value, dict):
            return _EMPTY
        mapping = value
    return mapping


def is_one_of(value: object, known: Collection[str]) -> bool:
    """Whether a value of a configuration file is a text, and one of those."""
    return isinstance(value, str) and value in known


def numbered(text: str) -> Iterable[tuple[int, str]]:
    """Yield the lines of ``text`` with their numbers, comments that begin with ``#`` taken off."""
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.partition("#")[0]
