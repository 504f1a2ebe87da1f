"""The index of git: which files it knows, in which state; what file finders of version plugins put into a wheel."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct(">4sII")
_STAT = 40
_MODE = slice(24, 28)
_EXTENDED = 0x4000
_VERSIONS = (2, 3, 4)
_WITHOUT_PADDING = 4
_SPLIT = b"link"


def entries(index: bytes, *, hash_size: int) -> Iterator[bytes]:
    """Yield mode, object name, flags and path of each entry (``gitformat-index(5)``): no times, no sizes, no inodes.

    :param hash_size: bytes of an object name: 20, or 32 where the repository uses SHA-256.
    :raises ValueError: it is no index, is damaged, or has its entries in another file.
    """
    try:
        signature, version, count = _HEADER.unpack_from(index)
        if signature != b"DIRC" or version not in _VERSIONS:
            raise ValueError(f"no index of git that is known: {signature!r}, version {version}")
        at, path = _HEADER.size, b""
        for _ in range(count):
            start, at = at, at + _STAT + hash_size + 2
            fixed = index[start + _MODE.start : start + _MODE.stop] + index[start + _STAT : at]
            if int.from_bytes(fixed[-2:], "big") & _EXTENDED:
                fixed += index[at : at + 2]
                at += 2
            kept = b""
            if version == _WITHOUT_PADDING:
                dropped, at = _number(index, at)
                kept = path[: len(path) - dropped]
            end = index.index(b"\0", at)
            path = kept + index[at:end]
            at = end + 1 if version == _WITHOUT_PADDING else end + 8 - (end - start) % 8
            yield fixed + path
    except (struct.error, IndexError) as error:
        raise ValueError("the index of git ends early") from error
    if index[at : at + len(_SPLIT)] == _SPLIT:
        raise ValueError("the index of git is split")


def _number(index: bytes, at: int) -> tuple[int, int]:
    """Read an offset as packs encode it, and return it with where it ends."""
    value = index[at] & 127
    while index[at] & 128:
        at += 1
        value = (value + 1 << 7) | (index[at] & 127)
    return value, at + 1
