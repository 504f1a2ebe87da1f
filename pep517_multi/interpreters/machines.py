"""Machines: what the kernel calls them, what GNU triplets call them, and what their object files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OBJECT_FILES: Mapping[str, tuple[int, int, int]] = {
    "aarch64": (64, 1, 183),
    "armv6l": (32, 1, 40),
    "armv7l": (32, 1, 40),
    "i686": (32, 1, 3),
    "loongarch64": (64, 1, 258),
    "ppc": (32, 2, 20),
    "ppc64": (64, 2, 21),
    "ppc64le": (64, 1, 21),
    "riscv64": (64, 1, 243),
    "s390x": (64, 2, 22),
    "x86_64": (64, 1, 62),
}
"""Machine → bits, byte order (1: little) and machine number in the header of an ELF file."""

_RENAMED = {"powerpc": "ppc", "powerpc64": "ppc64", "powerpc64le": "ppc64le"}
HEADER = 20
"""Bytes at the beginning of a file that tell."""
_ELF = b"\x7fELF"


def machine_of(triplet: str) -> str | None:
    """Return what the kernel calls the machine of a GNU triplet; ``None`` where it is not known.

    >>> machine_of("powerpc64le-linux-gnu")
    'ppc64le'
    """
    cpu = triplet.partition("-")[0]
    if cpu in {"i386", "i486", "i586"}:
        return "i686"
    if cpu.startswith(("armv6", "armv7")):
        return f"{cpu[:5]}l"
    if cpu == "arm":  # with hardware floating point, which distributions begin with ARMv7; without, nothing is sure
        return "armv7l" if triplet.endswith("hf") else None
    machine = _RENAMED.get(cpu, cpu)
    return machine if machine in OBJECT_FILES else None


def is_foreign(data: bytes, platform: str) -> bool:
    """Tell whether ``data``, the beginning of a file, is an object file that a platform cannot load.

    :param platform: as ``sysconfig.get_platform()`` has it: ``linux-aarch64``.

    What is no object file, or of a platform that is not known here, is not.
    """
    wanted = OBJECT_FILES.get(platform.partition("-")[2])
    return wanted is not None and _described(data) not in {None, wanted}


def machine_in(data: bytes) -> str:
    """Return what to call the machine of the object file that begins with ``data``, for people."""
    described = _described(data)
    return next((name for name, known in OBJECT_FILES.items() if known == described), f"the ELF machine {described}")


def _described(data: bytes) -> tuple[int, int, int] | None:
    if len(data) < HEADER or not data.startswith(_ELF):
        return None
    bits, order = 32 * data[4], data[5]
    return bits, order, int.from_bytes(data[18:20], "little" if order == 1 else "big")
