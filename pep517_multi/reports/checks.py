"""What the checks found, as JSON, as lines for a log, and as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pep517_multi.reports.text import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.qa.check_report import CheckReport, ImplChecks
    from pep517_multi.qa.check_table import Problem

_LOOKS_LIKE = {"error": "failed", "warning": "skipped", "accepted": "reused"}


def render(report: CheckReport) -> str:
    """Return the report as JSON text, ending in a newline."""
    return json.dumps(report.plain(), indent=2, ensure_ascii=False) + "\n"


def lines(report: CheckReport, *, verbose: bool) -> Iterator[str]:
    """Yield one line for each finding, however many implementations have it; ``verbose`` adds details below it.

    What was accepted is shown to the verbose only.
    """
    for problem, impls in grouped(report.impls, accepted=verbose):
        yield f"{', '.join(impls)}: {weight(problem)}: {_where(problem)} [{problem.check.name}]"
        if verbose:
            yield from (f"    | {line}" for line in problem.finding.lines)
    yield from (f"multibuild: warning: {sentence}" for sentence in report.unused)


def table(report: CheckReport, *, verbose: bool) -> Table:
    """Lay the findings out, one row for each, however many implementations have it."""
    rows = tuple(
        Row(
            _LOOKS_LIKE[weight(problem)],
            (", ".join(impls), weight(problem), problem.check.name, problem.finding.file, _sentence(problem)),
            problem.finding.lines if verbose else (),
        )
        for problem, impls in grouped(report.impls, accepted=verbose)
    )
    return Table(("implementation", "", "check", "file", "finding"), rows)


def summary(report: CheckReport) -> str:
    """Say in one line what the checks came to."""
    errors, warnings = (sum(1 for _ in report.open(severity)) for severity in ("error", "warning"))
    accepted = sum(problem.finding.accepted is not None for checks in report.impls for problem in checks.problems)
    counted = [(errors, "error"), (warnings, "warning")]
    told = " and ".join(f"{count} {noun}{'s' * (count != 1)}" for count, noun in counted if count) or "no findings"
    told += f", {accepted} accepted" if accepted else ""
    modules, files = (sum(getattr(checks, what) for checks in report.impls) for what in ("modules", "files"))
    roots = f"{len(report.impls)} root{'s' * (len(report.impls) != 1)}"
    return f"{told} in {roots} ({files} files, {modules} imports) in {report.seconds:.1f} s"


def grouped(checked: Iterable[ImplChecks], *, accepted: bool) -> list[tuple[Problem, list[str]]]:
    """Join what is the same for several implementations; errors come first, what was accepted last, if at all."""
    joined: dict[tuple[str, ...], tuple[Problem, list[str]]] = {}
    for checks in checked:
        for problem in checks.problems:
            if accepted or problem.finding.accepted is None:
                key = weight(problem), problem.check.name, problem.finding.file, problem.finding.message
                joined.setdefault(key, (problem, []))[1].append(checks.impl)
    order = list(_LOOKS_LIKE)
    return sorted(joined.values(), key=lambda group: (order.index(weight(group[0])), group[0].finding.file))


def weight(problem: Problem) -> str:
    """Return ``accepted``, or the severity of what nobody has accepted."""
    return "accepted" if problem.finding.accepted is not None else problem.check.severity


def _where(problem: Problem) -> str:
    return f"{problem.finding.file}: {_sentence(problem)}"


def _sentence(problem: Problem) -> str:
    accepted = problem.finding.accepted
    return problem.finding.message + (f" (accepted: {accepted})" if accepted is not None else "")
