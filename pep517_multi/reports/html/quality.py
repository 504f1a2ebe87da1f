"""The sections about QA: verdicts, findings with their differences, what normalisation hid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.findings import VERDICTS, all_of
from pep517_multi.reports.html.parts import badge, bullets, code, link_to, row, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.findings import QaReport
    from pep517_multi.report import ImplReport, Report
    from pep517_multi.reports.html.elements import Child


def quality(report: Report, work: str | None = None) -> Element | None:
    """Tell what the comparison with fresh builds came to.

    :param work: the URL of the work directory, where longer comparisons lie; ``None`` where it is not known.
    """
    compared = [(entry, entry.qa) for entry in report.impls if entry.qa is not None]
    if not compared and not report.remarks:
        return None
    rows = [_verdict(report.impls, entry, qa) for entry, qa in compared]
    columns = ("implementation", "verdict", "findings", "hidden", "what that means")
    overview = table("Reused wheels beside fresh builds", columns, rows) if rows else None
    remarks = bullets(report.remarks, class_="remarks") if report.remarks else None
    details = [_details(entry, qa, work) for entry, qa in compared if qa.findings or qa.error]
    return section("qa", "Quality assurance", overview, remarks, *details)


def _verdict(impls: Sequence[ImplReport], entry: ImplReport, qa: QaReport) -> Element:
    hidden = sum(qa.hidden.values())
    meaning = VERDICTS[qa.verdict]
    return row(link_to(impls, entry.impl), badge(qa.verdict), str(len(qa.findings)), str(hidden), meaning)


def _details(entry: ImplReport, qa: QaReport, work: str | None) -> Element:
    error = element("p", qa.error, class_="sentence problem") if qa.error else None
    title = element("h3", code(entry.impl), " ", badge(qa.verdict))
    return element("div", title, error, *all_of(qa.findings, work=work), class_="findings")


def hidden(report: Report) -> Element | None:
    """Count for each rule of normalisation what it hid."""
    compared = [(entry, entry.qa.hidden) for entry in report.impls if entry.qa is not None]
    rules = sorted({rule for _, counts in compared for rule in counts})
    if not rules:
        return None
    rows = [row(code(rule), *(str(counts.get(rule, 0)) for _, counts in compared)) for rule in rules]
    columns: list[Child] = ["rule", *(link_to(report.impls, entry.impl) for entry, _ in compared)]
    lead = "How many differences each rule of normalisation took for noise before anything was compared."
    return section("hidden", "What normalisation hid", element("p", lead), table("Differences hidden", columns, rows))
