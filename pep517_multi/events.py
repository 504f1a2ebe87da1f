"""What happens during a run, told to an observer as values.

The work tells, the observer shows: progress on a terminal, lines in a log file. Events hold only plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

PhaseName: TypeAlias = Literal["env", "build", "install", "bytecode", "qa"]


@dataclass(frozen=True)
class PhaseStarted:
    """``impl`` (a canonical name) begins ``phase``."""

    impl: str
    phase: PhaseName
    detail: str = ""


@dataclass(frozen=True)
class PhaseFinished:
    """``impl`` is through with ``phase`` after ``seconds`` of wall time."""

    impl: str
    phase: PhaseName
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Decided:
    """``impl`` builds, or is served by ``wheel``, ``because`` of these reasons."""

    impl: str
    action: Literal["build", "reuse"]
    wheel: str | None
    because: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """``impl`` will not be finished; ``log`` is the path of the whole output, ``tail`` its end."""

    impl: str
    message: str
    log: str | None = None
    tail: str = ""


@dataclass(frozen=True)
class Note:
    """Something a reader should know that is no failure; ``impl`` is ``None`` where it concerns the whole run."""

    message: str
    impl: str | None = None
    level: Literal["info", "warning"] = "info"


Event: TypeAlias = PhaseStarted | PhaseFinished | Decided | Failed | Note


class Observer(Protocol):
    """Takes each event as it happens, from any thread, and must not raise."""

    def __call__(self, event: Event, /) -> None:
        """Take note of ``event``."""


def ignore(_event: Event, /) -> None:
    """Observe nothing."""
