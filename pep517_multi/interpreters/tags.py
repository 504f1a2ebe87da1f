"""The wheel tags that an interpreter takes, made here from what it said of itself (:pep:`425`).

``packaging`` does the work; it is only kept from asking the Python that it runs in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.tags import Tag

_FIRST_ABI3T = (3, 15)
_ABI_FIELDS = {"pypy": 2, "graalpy": 3}
"""How many dash-separated fields of the extension suffix name the ABI; the platform follows them."""

_OLDEST_GLIBC = {
    "x86_64": 5,
    "i686": 5,
    **dict.fromkeys(("aarch64", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x"), 17),
}
"""The architectures that have manylinux tags, each with the minor version of the oldest glibc 2 tagged (:pep:`600`).

``armv7l`` is not here: its tags are for the hard-float ABI only, which these facts do not tell.
"""
_LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class AbiFacts:
    """What the tags of an interpreter depend on, beside the platforms.

    :param python: major and minor version of the language.
    :param version_nodot: the same as the interpreter spells it in tags: ``312``.
    :param extension_suffix: what builds give to extension modules: ``.pypy39-pp73-x86_64-linux-gnu.so``.
    """

    implementation: str
    python: tuple[int, int]
    version_nodot: str
    extension_suffix: str | None
    free_threaded: bool
    debug: bool


def supported_tags(facts: AbiFacts, platforms: Sequence[str]) -> tuple[Tag, ...]:
    """Return every tag taken, best first: what ``packaging.tags.sys_tags()`` says inside the target.

    One difference: ``abi3t`` is left out before 3.15, where nothing can load it although ``packaging`` has the tag.

    :param platforms: platform tags, best first.
    """
    if facts.implementation == "cpython":
        interpreter: str | None = f"cp{facts.version_nodot}"
        own: Iterable[Tag] = tags.cpython_tags(facts.python, _cpython_abis(facts), platforms)
    else:
        short = tags.INTERPRETER_SHORT_NAMES.get(facts.implementation, facts.implementation)
        interpreter = "pp3" if short == "pp" else None
        own = tags.generic_tags(f"{short}{facts.version_nodot}", _generic_abis(facts), platforms)
    # packaging takes "no interpreter" and "no platforms" for a request to ask the running Python: neither happens here
    every = [*own, *tags.compatible_tags(facts.python, interpreter, platforms)]
    if facts.python < _FIRST_ABI3T:
        every = [tag for tag in every if tag.abi != "abi3t"]
    return tuple(every)


def _cpython_abis(facts: AbiFacts) -> list[str]:
    major, minor = facts.python
    abi = f"cp{major}{minor}{'t' if facts.free_threaded else ''}"
    return [f"{abi}d", abi] if facts.debug else [abi]  # a debug build loads ordinary extension modules too


def _generic_abis(facts: AbiFacts) -> list[str]:
    fields = (facts.extension_suffix or "").split(".")
    if len(fields) < 3 or not fields[1]:  # noqa: PLR2004 - "", the ABI, the file type
        return []
    soabi = fields[1]
    count = next((count for name, count in _ABI_FIELDS.items() if soabi.startswith(name)), None)
    return [_normalized("-".join(soabi.split("-")[:count]))]


def _normalized(text: str) -> str:
    return text.replace(".", "_").replace("-", "_").replace(" ", "_")


def derived_platforms(platform: str, *, pointer_bits: int, libc: tuple[str, str] | None) -> tuple[str, ...]:
    """Return platform tags, best first, from nothing but these facts: for a target that cannot run ``packaging``.

    :param platform: as ``sysconfig.get_platform()`` has it: ``linux-x86_64``.
    :param libc: name and version of the C library; without it only the plain tag can be told.
    """
    plain = _normalized(platform)
    if plain.startswith("linux_") and pointer_bits == 32:  # noqa: PLR2004 - a 32-bit Python on a 64-bit kernel
        plain = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}.get(plain, plain)
    if libc is None or libc[0] != "glibc" or not plain.startswith("linux_"):
        return (plain,)
    return (plain, *_manylinux(plain.removeprefix("linux_"), libc[1]))


def _manylinux(architecture: str, glibc: str) -> Iterator[str]:
    """Yield the manylinux tags from this glibc down to the oldest that the architecture knows (:pep:`600`)."""
    match = re.match(r"2\.(\d+)", glibc)  # forks put words after the minor version
    if match is None or architecture not in _OLDEST_GLIBC:
        return
    for minor in range(int(match[1]), _OLDEST_GLIBC[architecture] - 1, -1):
        yield f"manylinux_2_{minor}_{architecture}"
        if minor in _LEGACY_MANYLINUX:
            yield f"{_LEGACY_MANYLINUX[minor]}_{architecture}"
