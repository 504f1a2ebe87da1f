"""The report for people: one row for each implementation, and one line on the whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, get_args

from pep517_multi.findings import QaVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.report import ImplReport, Report

_REASONS = 4
_COLUMNS = ("implementation", "wheel", "tag", "qa", "seconds")


@dataclass(frozen=True)
class Row:
    """One implementation.

    :param cells: as many as there are columns.
    :param notes: lines that belong below the row: an error, reasons.
    """

    action: str
    cells: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Columns and rows, for whoever draws them; columns that say nothing are left out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def table(report: Report, *, verbose: bool) -> Table:
    """Lay the report out; ``verbose`` adds the reasons of each decision and, once more, what went wrong."""
    rows = [_row(entry, verbose=verbose) for entry in report.impls]
    used = [place for place in range(len(_COLUMNS)) if any(row.cells[place] for row in rows)]
    columns = tuple(_COLUMNS[place] for place in used)
    return Table(columns, tuple(Row(row.action, tuple(row.cells[place] for place in used), row.notes) for row in rows))


def summary(report: Report) -> str:
    """Say in one line what the run came to."""
    actions = ["built earlier" if _built_earlier(entry) else entry.action for entry in report.impls]
    counted = [(actions.count(action), action) for action in ("built", "built earlier", "reused", "failed", "skipped")]
    told = ", ".join(f"{count} {action}" for count, action in counted if count) or "nothing to do"
    source = " ".join(filter(None, (report.source.name, report.source.version)))
    return f"{source + ': ' if source else ''}{told}{_compared(report)} ({report.seconds:.1f} s){_staged(report)}"


def _compared(report: Report) -> str:
    """Count the verdicts of QA, the worst first."""
    verdicts = [entry.qa.verdict for entry in report.impls if entry.qa is not None]
    counted = [(verdicts.count(verdict), verdict) for verdict in reversed(get_args(QaVerdict)) if verdict in verdicts]
    return f"; beside fresh builds: {', '.join(f'{count} {verdict}' for count, verdict in counted)}" if counted else ""


def _staged(report: Report) -> str:
    """Say where the staging roots are: the folder in which each has the name of its implementation, or the image."""
    roots = [(PurePath(entry.root), entry.impl) for entry in report.impls if entry.root]
    places = sorted({str(root.parent if root.name == impl else root) for root, impl in roots})
    return f"; staged in {', '.join(places)}" if places else ""


def _row(entry: ImplReport, *, verbose: bool) -> Row:
    seconds = sum(entry.seconds.values())
    qa = entry.qa.verdict if entry.qa else ""
    cells = (entry.impl, _wheel(entry), entry.tag or "", qa, f"{seconds:.1f}" if seconds else "")
    if not verbose:
        return Row(entry.action, cells, ())
    notes = [entry.error] if entry.error else []
    return Row(
        entry.action, cells, (*notes, *reasons(entry.because), *(f"no bytecode: {x}" for x in entry.not_compiled))
    )


def reasons(because: Sequence[str]) -> tuple[str, ...]:
    """Give the first reasons a line each; the JSON has all of them."""
    more = [f"and {len(because) - _REASONS} more reasons"] if len(because) > _REASONS else []
    return (*(f"because {reason}" for reason in because[:_REASONS]), *more)


def _wheel(entry: ImplReport) -> str:
    if entry.action == "reused":
        return f"reused from {entry.built_by}" if entry.built_by else "ready wheel"
    return "built earlier" if _built_earlier(entry) else entry.action


def _built_earlier(entry: ImplReport) -> bool:
    """Whether the wheel is the implementation's own, of an earlier run or phase."""
    return entry.action == "built" and not entry.seconds.get("build")
