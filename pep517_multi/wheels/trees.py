"""The files of a wheel or of an installed tree, as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Nature: TypeAlias = Literal["file", "script", "extension", "stable-abi-extension"]
"""What a file is for those who install it; a compiled module for the stable ABI is a thing of its own."""


@dataclass(frozen=True)
class Blob:
    """The bytes of a file, known by their digest, and read only where somebody has to look at them."""

    sha256: str
    size: int
    read: Callable[[], bytes] = field(compare=False, repr=False)

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """Take bytes that are at hand."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), lambda: data)


@dataclass(frozen=True)
class File:
    """One file.

    :param path: as it is written in the archive, or below the top of the tree.
    :param moment: its time as the archive gives it; empty where it is in none.
    """

    path: str
    blob: Blob
    nature: Nature = "file"
    executable: bool = False
    moment: str = ""


@dataclass(frozen=True)
class Contents:
    """The files of a wheel in the order of the archive, or of a tree in the order of their paths."""

    files: tuple[File, ...]
    is_archive: bool = False
