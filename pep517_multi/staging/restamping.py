"""One time of modification for a module that several implementations share, in their bytecode too."""

from __future__ import annotations

import hashlib
import posixpath
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pep517_multi.staging.entries import Entry

_FLAGS = slice(4, 8)
_MOMENT = slice(8, 12)


def restamp(claims: Mapping[str, Mapping[str, Entry]]) -> Mapping[str, Mapping[str, Entry]]:
    """Give every module that several claims have the newest of its times, and bytecode that time in its header.

    Wheels of different builds give the same module different times. Python takes bytecode whose header has another time
    than its source (:pep:`552`) for stale, so without this only one implementation's bytecode would be of use.
    """
    newest = _newest(claims.values())
    return {
        name: {path: _restamped(path, entry, claim, newest) for path, entry in claim.items()}
        for name, claim in claims.items()
    }


def _newest(claims: Iterable[Mapping[str, Entry]]) -> Mapping[str, int]:
    """Return the newest time of each module whose times differ."""
    moments: dict[str, set[int]] = {}
    for claim in claims:
        for path, entry in claim.items():
            if path.endswith(".py"):
                moments.setdefault(path, set()).add(entry.moment)
    return {path: max(seen) for path, seen in moments.items() if len(seen) > 1}


def _restamped(path: str, entry: Entry, claim: Mapping[str, Entry], newest: Mapping[str, int]) -> Entry:
    if path in newest:
        return replace(entry, moment=newest[path])
    module = _module_of(path)
    if module not in newest or module not in claim or entry.source is None:
        return entry
    data = bytearray(entry.source.read_bytes())
    before = _seconds(claim[module].moment)
    if data[_FLAGS] == bytes(4) and data[_MOMENT] == before:
        data[_MOMENT] = _seconds(newest[module])
    digest = hashlib.sha256(data).hexdigest()
    return replace(entry, moment=newest[module], source=None, data=bytes(data), digest=digest)


def _module_of(path: str) -> str:
    """Return the path of the module that a bytecode file belongs to; nothing for other files."""
    folder, name = posixpath.split(path)
    above, cache = posixpath.split(folder)
    if cache != "__pycache__" or not name.endswith(".pyc"):
        return ""
    return posixpath.join(above, name.partition(".")[0] + ".py")


def _seconds(moment: int) -> bytes:
    return struct.pack("<I", moment // 1_000_000_000 & 0xFFFFFFFF)
