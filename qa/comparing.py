"""Two wheels compared twice: by the rules of the program, and byte by byte without them."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from pep517_multi.wheels.contents import contents, differences
from pep517_multi.wheels.decision import is_stable_abi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.wheels.wheel import Wheel

_FOLDER = re.compile(r"^[^/]+\.(dist-info|data)/", re.IGNORECASE)
_LICENCES = re.compile(r"^\{dist-info\}/(licenses|license_files)/")
_WRITTEN_BY_BACKENDS = frozenset({"{dist-info}/METADATA", "{dist-info}/RECORD", "{dist-info}/WHEEL"})


def compared(one: Wheel, other: Wheel) -> tuple[str, ...]:
    """Name each difference between two wheels, one clause each.

    The rules that :mod:`pep517_multi.wheels.contents` has for noise are under test here as well: a file that they call
    the same although its bytes differ is named too. METADATA and WHEEL count by their meaning alone.
    """
    by_meaning = differences(contents(one), contents(other))
    named = set(by_meaning)
    return (*by_meaning, *(clause for clause in _by_bytes(_members(one), _members(other)) if clause not in named))


def _by_bytes(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    lonely = [f"{path} is in one of them only" for path in sorted(one.keys() ^ other.keys())]
    return lonely + [f"{path} differs" for path in sorted(one.keys() & other.keys()) if one[path] != other[path]]


def _members(wheel: Wheel) -> dict[str, bytes]:
    """Return the files of a wheel; without the modules of a stable-ABI wheel, which are loaded instead of compared."""
    stable = all(is_stable_abi(tag) for tag in wheel.name.tags)
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel.path) as archive:
        for info in archive.infolist():
            path = _FOLDER.sub(lambda folder: f"{{{folder[1].lower()}}}/", info.filename)
            path = _LICENCES.sub("{dist-info}/", path)  # where they lie is the choice of the backend's version
            compiled = stable and info.filename in wheel.extensions
            if not info.is_dir() and not compiled and path not in _WRITTEN_BY_BACKENDS:
                members[path] = archive.read(info)
    return members
