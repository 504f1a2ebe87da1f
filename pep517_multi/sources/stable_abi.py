"""Does a project mean to build for the stable ABI? A hint for the order of builds; never a ground for reuse."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILD_FILES = frozenset(
    {"setup.py", "setup.cfg", "pyproject.toml", "meson.build", "meson_options.txt", "CMakeLists.txt", "Cargo.toml"}
)
_SIGN = re.compile(rb"abi3|limited[-_]api", re.IGNORECASE)
_DEPTH = 4
_SIZE = 1 << 20


def expects_stable_abi(tree: Path) -> bool:
    """Whether a build file of ``tree`` speaks of the stable ABI at all.

    A wrong yes costs waiting: the oldest builds alone first. A wrong no costs builds: all build side by side.
    """
    return any(_SIGN.search(_text(path)) for path in _build_files(tree))


def _build_files(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        here = Path(folder)
        if len(here.relative_to(tree).parts) >= _DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        top = here == tree
        yield from (here / name for name in sorted(names) if name in _BUILD_FILES or (top and name.endswith(".py")))


def _text(path: Path) -> bytes:
    try:
        return read_file(path)[:_SIZE]
    except OSError:
        return b""
