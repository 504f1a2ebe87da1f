"""The section about the checks on staging roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.checks import grouped, weight
from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import badge, bullets, code, link_to, row, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.qa.check_report import ImplChecks
    from pep517_multi.qa.check_table import Problem
    from pep517_multi.report import ImplReport, Report

_LOOKS_LIKE = {"error": "failed", "warning": "skipped", "accepted": "benign"}


def checks(report: Report) -> Element | None:
    """Tell what the checks found, each finding once with all whom it concerns."""
    checked = [(entry, entry.checks) for entry in report.impls if entry.checks is not None]
    if not checked:
        return None
    overview = table(
        "What was checked",
        ("implementation", "errors", "warnings", "accepted", "files", "imports"),
        [_overview(report.impls, entry, found) for entry, found in checked],
    )
    every = grouped((found for _, found in checked), accepted=True)
    findings = [_finding(report.impls, problem, names) for problem, names in every]
    unused = bullets(report.checks.unused_allows, class_="remarks") if report.checks else None
    listing = element("div", *findings, class_="findings") if findings else None
    return section("checks", "Checks on what was staged", overview, listing, unused)


def _overview(impls: Sequence[ImplReport], entry: ImplReport, found: ImplChecks) -> Element:
    accepted = sum(problem.finding.accepted is not None for problem in found.problems)
    figures = (*(sum(1 for _ in found.open(severity)) for severity in ("error", "warning")), accepted)
    return row(link_to(impls, entry.impl), *map(str, (*figures, found.files, found.modules)))


def _finding(impls: Sequence[ImplReport], problem: Problem, names: Sequence[str]) -> Element:
    finding, told = problem.finding, weight(problem)
    title = element(
        "h3",
        badge(told, _LOOKS_LIKE[told]),
        " ",
        code(finding.file),
        " ",
        badge(f"{finding.kind}: {problem.check.name}", "kind"),
    )
    whom = bullets((link_to(impls, name) for name in names), class_="names")
    accepted = element("p", f"accepted: {finding.accepted}") if finding.accepted is not None else None
    lines = element("pre", "\n".join(finding.lines), class_="lines", tabindex=0) if finding.lines else None
    severity = element("small", f" ({problem.check.severity})") if told == "accepted" else None
    sentence = element("p", finding.message, severity)
    return element("article", title, sentence, accepted, lines, whom, class_=f"checked {told}")
