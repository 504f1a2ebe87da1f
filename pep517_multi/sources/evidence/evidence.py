"""A verdict on a source tree, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Verdict(str, Enum):
    """How a wheel of a project depends on the interpreter that builds it."""

    INDEPENDENT = "independent"
    """Known to be the same whichever interpreter builds it."""
    EXTENSION = "extension"
    """Builds extension modules, perhaps optional: each implementation needs its own unless a stable ABI serves it."""
    UNKNOWN = "unknown"
    """Cannot be told without building."""


@dataclass(frozen=True)
class Evidence:
    """A verdict and every reason for it, each one clause that a packager can check (``setup.py:12: …``).

    :param doubts: beside extension modules, what else may differ between builders: a stable ABI does not settle that.
    :param tag_doubts: what reaches nothing but the tag, how modules are compiled, and prose.
    :param turning_points: gives the minor versions of Python 3 from which on the build may do something else than
        before. It takes its time when first asked, and many runs need not ask.
    :param stops_below: the minor version of Python 3 below which the build may stop as too old; 0: it does not.
    """

    verdict: Verdict
    because: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    tag_doubts: tuple[str, ...] = ()
    turning_points: Callable[[], frozenset[int]] = frozenset
    stops_below: int = 0
