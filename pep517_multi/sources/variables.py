"""Which environment variables a project's build files name: what is in them may reach the wheel."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMES = re.compile(
    rb"""(?:environ(?:\.(?:get|pop|setdefault))?\s*[\[(]|getenv\s*\()\s*[rbu]?["']([A-Za-z_][A-Za-z0-9_]*)["']"""
    rb"""|["']([A-Za-z_][A-Za-z0-9_]*)["']\s+(?:not\s+)?in\s+(?:os\.)?environ"""
    rb"""|\$ENV\{([A-Za-z_][A-Za-z0-9_]*)\}"""
    rb"""|(?m:^\s*variable\s*=\s*["']([A-Za-z_][A-Za-z0-9_]*)["'])"""
    rb"""|\benv!?\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']"""
)
"""In Python, CMake, hatchling's version source ``env``, Rust."""
_NAMES_COMPUTED = re.compile(rb"""(?:environ(?:\.(?:get|pop|setdefault))?\s*[\[(]|getenv\s*\()\s*[A-Za-z_]""")
_MAY_BE_NAMES = re.compile(rb"""["']([A-Z][A-Z0-9_]+)["']""")
_HINTS = (b"env", b"ENV", b"variable")
"""One of these is in whatever the pattern matches; to look for them first takes a hundredth of its time."""
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
        found.update(name for match in _NAMES.finditer(text) for name in match.groups() if name)
        if _NAMES_COMPUTED.search(text):
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
    """Return what may name a variable in the file at ``path``; nothing where nothing in it can."""
    try:
        text = read_file(path)[:_SIZE]
    except OSError:
        return b""
    return text if any(hint in text for hint in _HINTS) else b""
