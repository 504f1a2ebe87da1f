"""Which environment variables a project's build files name: what is in them may reach the wheel."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = re.compile(
    rb"""(?:environ(?:\.(?:get|pop|setdefault))?\s*[\[(]|getenv\s*\()\s*[rbu]?["']([A-Za-z_][A-Za-z0-9_]*)["']"""
    rb"""|["']([A-Za-z_][A-Za-z0-9_]*)["']\s+(?:not\s+)?in\s+(?:os\.)?environ"""
    rb"""|\$ENV\{([A-Za-z_][A-Za-z0-9_]*)\}"""
    rb"""|(?m:^\s*variable\s*=\s*["']([A-Za-z_][A-Za-z0-9_]*)["'])"""
    rb"""|\benv!?\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']"""
)
"""In Python, CMake, hatchling's version source ``env``, Rust."""
_HINTS = (b"env", b"ENV", b"variable")
"""One of these is in whatever the pattern matches; to look for them first takes a hundredth of its time."""
_BUILD_FILES = frozenset({"pyproject.toml", "hatch.toml", "meson.build", "CMakeLists.txt", "build.rs"})
_DEPTH = 4
_SIZE = 1 << 20


def named_variables(tree: Path) -> tuple[str, ...]:
    """Return the names, sorted, of the variables that a build file of ``tree``, or a script at its top, looks at."""
    found = {
        name for path in _build_files(tree) for match in _NAMES.finditer(_text(path)) for name in match.groups() if name
    }
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
        with path.open("rb") as stream:
            text = stream.read(_SIZE)
    except OSError:
        return b""
    return text if any(hint in text for hint in _HINTS) else b""
