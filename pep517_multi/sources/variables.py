"""Which environment variables a project's build files name: what is in them may reach the wheel."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ENVIRON = rb"environ(?:\.(?:get|pop|setdefault))?\s*[\[(]\s*"
_GETENV = rb"getenv\s*\(\s*"
_NAME = rb"""["']([A-Za-z_][A-Za-z0-9_]*)["']"""
_NAMES = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        (b"environ", _ENVIRON + rb"[rbu]?" + _NAME),
        (b"getenv", _GETENV + rb"[rbu]?" + _NAME),
        (b"environ", _NAME + rb"\s+(?:not\s+)?in\s+(?:os\.)?environ"),
        (b"$ENV{", rb"\$ENV\{([A-Za-z_][A-Za-z0-9_]*)\}"),
        (b"variable", rb"(?m:^\s*variable\s*=\s*" + _NAME + rb")"),
        (b"env(", rb"\benv\(\s*" + _NAME),
        (b"env!(", rb"\benv!\(\s*" + _NAME),
    )
)
"""In Python, CMake, hatchling's version source ``env``, Rust: what a text must hold, and the pattern.

Patterns that begin with a plain word are searched for many times as fast as one for all of them.
"""
_NAMES_COMPUTED = tuple(re.compile(opening + rb"[A-Za-z_]") for opening in (_ENVIRON, _GETENV))
_MAY_BE_NAMES = re.compile(rb"""["']([A-Z][A-Z0-9_]+)["']""")
_BUILD_FILES = frozenset({"pyproject.toml", "hatch.toml", "meson.build", "CMakeLists.txt", "build.rs"})
_DEPTH = 4
_SIZE = 1 << 20


def named_variables(tree: Path, *, backend_path: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names, sorted, of the variables that a build file of ``tree``, or a script at its top, looks at.

    Where a script computes the name, each text in it that looks like the name of a variable may be one.

    :param backend_path: folders of a backend in the tree, whose modules count at any depth.
    """
    paths = dict.fromkeys(_build_files(tree))
    for folder in backend_path:
        paths |= dict.fromkeys(sorted((tree / folder).rglob("*.py")) if (tree / folder) != tree else ())
    found: set[bytes] = set()
    for text in map(_text, paths):
        for hint, pattern in _NAMES:
            if hint in text:
                found.update(pattern.findall(text))
        if any(pattern.search(text) for pattern in _NAMES_COMPUTED):
            found.update(_MAY_BE_NAMES.findall(text))
    return tuple(sorted(name.decode() for name in found))


def _build_files(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        here = Path(folder)
        depth = len(here.relative_to(tree).parts)
        if depth >= _DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name in _BUILD_FILES or name.endswith(".cmake") or (depth <= 1 and name.endswith(".py")):
                yield here / name


def _text(path: Path) -> bytes:
    """Return the bytes of the file at ``path``; nothing where it cannot be read."""
    try:
        return read_file(path)[:_SIZE]
    except OSError:
        return b""
