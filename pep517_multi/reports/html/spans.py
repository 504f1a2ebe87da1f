"""Which implementations each wheel of a report serves, and how wheels lie side by side in a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pep517_multi.report import ImplReport


@dataclass(frozen=True)
class Span:
    """One wheel, from the first to the last implementation that it serves; or one implementation without a wheel.

    :param wheel: its file name, ``None`` where there is none.
    :param places: of the implementations served, in the order of the report.
    :param actions: what became of each of them; ``differs`` where it reuses what a fresh build would not give.
    :param builder: the place of the one that built it, ``None`` where that is not in the report.
    :param built_by: its name, ``None`` where nothing is known of it.
    :param lane: spans of one lane do not overlap.
    """

    wheel: str | None
    tag: str | None
    places: tuple[int, ...]
    actions: tuple[str, ...]
    builder: int | None
    built_by: str | None
    lane: int = 0

    @property
    def first(self) -> int:
        """The first place that it covers."""
        return self.places[0]

    @property
    def last(self) -> int:
        """The last place that it covers; those between need not be served by it."""
        return self.places[-1]

    @property
    def marks(self) -> tuple[tuple[int, str], ...]:
        """Each place with what became of it."""
        return tuple(zip(self.places, self.actions, strict=True))

    @property
    def kind(self) -> str:
        """What the box of it stands for: a ``wheel``, or what became of the implementation that has none."""
        return "wheel" if self.wheel else self.actions[0]

    @property
    def reusing(self) -> tuple[int, ...]:
        """The places that have the wheel from a build of another."""
        return tuple(place for place in self.places if place != self.builder and self.wheel and self.built_by)


def spans(impls: Sequence[ImplReport]) -> tuple[Span, ...]:
    """Return the spans of a report, by their first places; as few lanes as that allows."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, entry in enumerate(impls):
        key = (entry.wheel, entry.wheel_sha256) if entry.wheel else (None, place)
        places.setdefault(key, []).append(place)
    return tuple(_in_lanes(_span(impls, served) for served in places.values()))


def _span(impls: Sequence[ImplReport], places: Sequence[int]) -> Span:
    entry = impls[places[0]]
    builder = next((place for place in places if impls[place].built_by == impls[place].impl), None)
    wheel = entry.wheel.rpartition("/")[2] if entry.wheel else None
    actions = tuple(_mark(impls[place]) for place in places)
    return Span(wheel, entry.tag, tuple(places), actions, builder, entry.built_by)


def _mark(entry: ImplReport) -> str:
    differs = entry.action == "reused" and entry.qa is not None and entry.qa.verdict == "differs"
    return "differs" if differs else entry.action


def _in_lanes(ordered: Iterable[Span]) -> Iterable[Span]:
    ends: list[int] = []
    for span in ordered:
        lane = next((lane for lane, end in enumerate(ends) if end < span.first), len(ends))
        ends[lane : lane + 1] = [span.last]
        yield replace(span, lane=lane)
