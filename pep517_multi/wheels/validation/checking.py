"""Every check of a wheel, in their order: each one relies on those before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from pep517_multi.archives.limits import Limits
from pep517_multi.errors import IntegrityError
from pep517_multi.wheels.identity import NamedFile
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SHOWN = 3
_REMEMBERED = 256


@dataclass(frozen=True)
class Demands:
    """What is demanded of wheels beyond what every wheel has to be.

    :param limits: how much it may unpack to.
    :param portable_names: names in wheels that are not for Linux alone must mean the same on every system.
    """

    limits: Limits = field(default_factory=Limits)
    portable_names: bool = True


def validate(path: Path, demands: Demands | None = None) -> None:
    """Find every fault of the wheel at ``path``; return if there is none. All of its bytes are read.

    :raises IntegrityError: it is not what it says; the message names the wheel, the member and the rule.
    :raises FileError: it cannot be opened.
    """
    from pep517_multi.archives.zip_archive import ZipArchive  # here, so that no build has to wait for what it needs
    from pep517_multi.wheels.metadata import read_metadata
    from pep517_multi.wheels.validation.members import member_faults
    from pep517_multi.wheels.validation.places import place_faults
    from pep517_multi.wheels.validation.record import record_faults

    demands = demands or Demands()
    name = WheelName.parse(path.name)
    with ZipArchive(path, demands.limits) as archive:
        _refuse(name, member_faults(archive, name, portable=demands.portable_names))
        dist_info = read_metadata(archive, name).dist_info
        _refuse(name, place_faults(archive, name, dist_info, portable=demands.portable_names))
        _refuse(name, record_faults(archive, dist_info))


def validated(path: Path, demands: Demands) -> Path:
    """Validate as :func:`validate` does, once for each file as long as it does not change; return ``path``."""
    _validate_once(NamedFile.of(path), demands)
    return path


@lru_cache(_REMEMBERED)
def _validate_once(wheel: NamedFile, demands: Demands) -> None:
    validate(wheel.path, demands)


def _refuse(name: WheelName, found: Iterable[str]) -> None:
    faults = list(dict.fromkeys(found))
    if faults:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise IntegrityError(f"{name} must not be used: {'; '.join(faults[:_SHOWN])}{more}; build or fetch it anew")
