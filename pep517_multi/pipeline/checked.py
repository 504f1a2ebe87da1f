"""The report of a run with what the checks found in it: a phase of its own adds to what the phases before left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pep517_multi import __version__
from pep517_multi.findings import Finding, QaReport
from pep517_multi.qa.check_report import ChecksTotal, ImplChecks
from pep517_multi.qa.check_table import BY_NAME, Problem
from pep517_multi.report import SCHEMA, EvidenceReport, ImplReport, Report, SourceReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.qa.check_report import CheckReport


def with_checks(run: Run, found: CheckReport) -> Report:
    """Return the last report of the work directory with the checks added; what was checked earlier stays in it.

    Its exit code is that of the checks. Where there is no report, it tells of nothing else.
    """
    earlier = (read_report(run.work.report) if run.holds_work else None) or Report(SourceReport(), (), 0.0, 0)
    checked = {checks.impl: checks for checks in found.impls}
    known = {entry.impl: entry for entry in earlier.impls}
    targets = {interpreter.name: interpreter for interpreter in run.interpreters}
    names = [*known, *(name for name in checked if name not in known)]
    entries = [_with(known.get(name) or _bare(targets[name]), checked.get(name)) for name in names]
    errors, warnings = (
        sum(1 for entry in entries if entry.checks for _ in entry.checks.open(severity))
        for severity in ("error", "warning")
    )
    total = ChecksTotal(errors, warnings, found.unused, round(found.seconds, 4))
    return replace(earlier, impls=tuple(entries), exit=found.exit, checks=total)


def _with(entry: ImplReport, checks: ImplChecks | None) -> ImplReport:
    """Add the checks, and where the root is, unless the last run says that it could make none."""
    if checks is None:
        return entry
    return replace(entry, checks=checks, root=None if entry.action in {"failed", "skipped"} else checks.root)


def _bare(interpreter: Interpreter) -> ImplReport:
    return ImplReport(
        impl=interpreter.name,
        executable=str(interpreter.executable),
        version=str(interpreter.version),
        implementation=interpreter.implementation,
        action="reused",
        because=("it was staged before, and nothing else is known of it",),
    )


def read_report(path: Path) -> Report | None:
    """Read a report that this version of multibuild wrote; ``None`` where there is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if (values.pop("schema"), values.pop("multibuild")) != (SCHEMA, __version__):
            return None
        source, impls = _source(values.pop("source")), tuple(map(_impl, values.pop("impls")))
        checks = values.pop("checks")
        remarks = tuple(values.pop("remarks"))
        return Report(source, impls, **values, remarks=remarks, checks=checks and ChecksTotal(**_tuples(checks)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # it is not whole, or somebody else's: nothing depends on it


def _source(values: dict[str, Any]) -> SourceReport:
    evidence = values.pop("evidence")
    return SourceReport(**values, evidence=evidence and EvidenceReport(**_tuples(evidence)))


def _impl(values: dict[str, Any]) -> ImplReport:
    qa, checks = values.pop("qa"), values.pop("checks")
    return ImplReport(
        **_tuples(values), qa=qa and _qa(qa), checks=checks and _checks(checks, values["impl"], values["root"] or "")
    )


def _qa(values: dict[str, Any]) -> QaReport:
    return QaReport(**{**values, "findings": tuple(Finding(**_tuples(finding)) for finding in values["findings"])})


def _checks(values: Mapping[str, Any], impl: str, root: str) -> ImplChecks:
    problems = tuple(map(_problem, values["findings"]))
    return ImplChecks(impl, root, values["files"], values["modules"], problems)


def _problem(values: dict[str, Any]) -> Problem:
    check = BY_NAME[values.pop("check")]
    del values["severity"]  # the check has it
    return Problem(check, Finding(**_tuples(values)))


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
