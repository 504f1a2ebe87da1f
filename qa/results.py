"""What the campaign prints and keeps: a table, totals, a JSON file, and what changed against the baseline."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from judging import Judgement
    from pins import Package

SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """A package and what came of it; ``error`` where nothing could be judged."""

    package: Package
    judgement: Judgement | None
    error: str = ""

    @property
    def outcome(self) -> str:
        """One word: what is compared with the baseline."""
        return "error" if self.judgement is None else self.judgement.outcome

    @property
    def is_bad(self) -> bool:
        """Whether it is a bug, of the program or of the corpus."""
        return self.outcome not in {"ok", "not supported"}

    def plain(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        judged = None if self.judgement is None else asdict(self.judgement)
        return {"package": asdict(self.package), "outcome": self.outcome, "error": self.error, "judgement": judged}


@dataclass(frozen=True)
class Totals:
    """Sums over all packages that could be judged."""

    packages: int
    builds: int
    minimum: int
    fresh: int
    false_reuses: int
    lost: int
    seconds: float
    seconds_fresh: float

    @classmethod
    def of(cls, results: Sequence[Result]) -> Totals:
        """Add up."""
        judged = [result.judgement for result in results if result.judgement is not None and result.judgement.impls]
        return cls(
            packages=len(judged),
            builds=sum(one.builds for one in judged),
            minimum=sum(one.minimum for one in judged),
            fresh=sum(len(one.impls) for one in judged),
            false_reuses=sum(len(one.false_reuses) for one in judged),
            lost=sum(len(one.lost) for one in judged),
            seconds=sum(one.seconds for one in judged),
            seconds_fresh=sum(one.seconds_fresh for one in judged),
        )

    @property
    def ratio(self) -> float:
        """Builds made against the fewest possible; 1.0 is perfect."""
        return self.builds / self.minimum if self.minimum else 1.0


HEADER = ("package", "evidence", "impls", "builds", "minimum", "ratio", "false", "lost", "s", "s fresh", "outcome")
_WIDTHS = (24, 12, 5, 6, 7, 5, 5, 4, 6, 7, 0)


def line(cells: Sequence[object]) -> str:
    """Lay out one line of the table."""
    texts = (str(cell) for cell in cells)
    padded = (
        text.ljust(width) if place < 2 or not width else text.rjust(width)  # noqa: PLR2004 - two columns of text
        for place, (text, width) in enumerate(zip(texts, _WIDTHS, strict=True))
    )
    return "  ".join(padded).rstrip()


def row(result: Result) -> str:
    """Return the line of a package."""
    one = result.judgement
    if one is None:
        return line((result.package.name, *["-"] * 9, f"error: {result.error}"))
    ratio = f"{one.builds / one.minimum:.2f}" if one.minimum else "-"
    counts = (len(one.impls), one.builds, one.minimum, ratio, len(one.false_reuses), len(one.lost))
    return line(
        (result.package.name, one.verdict, *counts, f"{one.seconds:.1f}", f"{one.seconds_fresh:.1f}", result.outcome)
    )


def details(result: Result) -> Iterator[str]:
    """Yield what a reader should look at by hand."""
    one = result.judgement
    if one is None:
        return
    if result.package.evidence != one.verdict:
        yield f"the corpus expects {result.package.evidence}"
    for title, found in (("false reuse", one.false_reuses), ("lost extension", one.lost)):
        for impl, clauses in found.items():
            yield f"{title} for {impl}: {'; '.join(clauses)}"
    for title, told in (
        ("failed", one.failed),
        ("broken promise", one.broken_promises),
        ("unexpected verdict", one.unexpected),
        ("excused", one.excused),
    ):
        yield from (f"{title}: {key}: {why}" for key, why in told.items())
    if one.unconfirmed:
        yield f"served, but cannot build for themselves: {', '.join(one.unconfirmed)}"
    if one.builds > one.minimum:
        yield f"{one.builds - one.minimum} more builds than needed, because {'; '.join(one.because[:3])}"


def summary(totals: Totals) -> str:
    """Return the totals as a paragraph."""
    return (
        f"{totals.packages} packages: {totals.builds} builds where {totals.minimum} would have been enough "
        f"(ratio {totals.ratio:.3f}) and one for each implementation makes {totals.fresh}; "
        f"false reuses {totals.false_reuses}, lost extensions {totals.lost}; "
        f"{totals.seconds:.0f} s with reuse, {totals.seconds_fresh:.0f} s without"
    )


def to_json(results: Sequence[Result], impls: Sequence[str]) -> str:
    """Return everything as JSON text."""
    document = {
        "schema": SCHEMA,
        "impls": list(impls),
        "totals": asdict(Totals.of(results)),
        "packages": {result.package.name: result.plain() for result in results},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def baseline(results: Sequence[Result], impls: Sequence[str]) -> dict[str, Any]:
    """Return what is kept of a run to compare later ones with."""
    entries = {
        result.package.name: {
            "file": result.package.file,
            "outcome": result.outcome,
            "evidence": result.judgement.verdict,
            "builds": result.judgement.builds,
            "minimum": result.judgement.minimum,
        }
        for result in results
        if result.judgement is not None
    }
    return {"schema": SCHEMA, "impls": list(impls), "packages": entries}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the packages of ``after`` is other than in ``before``; nothing where implementations differ."""
    if before.get("impls") != after["impls"]:
        yield f"the baseline is for {', '.join(before.get('impls', ()))}, so it says nothing of this run"
        return
    for name, entry in after["packages"].items():
        known = before["packages"].get(name)
        if known is None:
            yield f"{name} is new"
            continue
        for key in sorted(entry):
            if known.get(key) != entry[key]:
                yield f"{name}: {key} was {known.get(key)}, is {entry[key]}"
