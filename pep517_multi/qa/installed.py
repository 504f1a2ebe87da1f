"""The files of an installed tree, read as those of a wheel are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.wheels.trees import Blob, Contents, File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.wheels.trees import Nature

_NATURES: tuple[tuple[re.Pattern[str], Nature], ...] = (
    (re.compile(r"\.abi3t?(-[^./]+)?\.so$"), "stable-abi-extension"),
    (re.compile(r"\.(cpython|cp|pypy|graalpy)-?\d[^/]*\.(so|pyd)$"), "extension"),
    (re.compile(r"(^|/)s?bin/[^/]+$|^[^/]+\.data/scripts/"), "script"),
)


def read_tree(top: Path) -> Contents:
    """Read what lies below ``top``; a symbolic link counts as where it leads to.

    :raises FileError: something cannot be read.
    """
    with files.explained(f"read {top}"):
        return Contents(tuple(_file(top, path) for path in sorted(_paths(top))))


def _paths(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top, onerror=_fail):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in (*names, *links))


def _fail(error: OSError) -> None:
    raise error


def _nature(name: str) -> Nature:
    return next((nature for pattern, nature in _NATURES if pattern.search(name)), "file")


def _file(top: Path, path: Path) -> File:
    name = path.relative_to(top).as_posix()
    nature = _nature(name)
    status = path.lstat()
    if path.is_symlink():
        return File(name, Blob.of(f"a link to {path.readlink()}".encode()), nature)
    if not path.is_file():
        return File(name, Blob.of(b"neither a file nor a link"), nature)
    return File(
        name,
        Blob(files.sha256(path), status.st_size, path.read_bytes),
        nature,
        executable=bool(status.st_mode & 0o111),
    )
