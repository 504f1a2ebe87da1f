"""The driver's own machine: the one place that asks the running Python, to tell when a target is like it."""

from __future__ import annotations

import os
import struct
import sys
import sysconfig  # noqa: TID251 - the driver's own platform is what is asked for
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import packaging
from packaging import tags


@dataclass(frozen=True)
class Machine:
    """What two Pythons must have in common to take wheels of the same platforms.

    :param platform: as ``sysconfig.get_platform()`` has it: ``linux-x86_64``.
    :param libc: name and version of the C library; ``None`` where it is not the GNU one.
    """

    platform: str
    pointer_bits: int
    byteorder: str
    libc: tuple[str, str] | None


@cache
def drivers_machine() -> Machine:
    """Return the machine as the driver's Python sees it."""
    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        libc: tuple[str, str] | None = name, version
    except (AttributeError, OSError, ValueError):  # not Unix, or not glibc
        libc = None
    return Machine(sysconfig.get_platform(), struct.calcsize("P") * 8, sys.byteorder, libc)


@cache
def drivers_platforms() -> tuple[str, ...]:
    """Return the platform tags of the driver's Python, best first."""
    return tuple(tags.platform_tags())


def surroundings() -> list[str]:
    """Return what an interpreter's answer depends on beside its own files: kernel, C library, ``packaging``."""
    system = os.uname()
    return [system.release, system.version, system.machine, repr(drivers_machine()), packaging.__version__]


def packaging_folder() -> Path:
    """Return the folder of the driver's ``packaging`` package."""
    return Path(packaging.__file__).parent
