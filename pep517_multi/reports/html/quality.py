"""The sections about QA: verdicts, findings with their differences, what normalisation hid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import badge, bullets, code, link_to, row, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.findings import Finding, QaReport
    from pep517_multi.report import ImplReport, Report
    from pep517_multi.reports.html.elements import Child

_VERDICTS = {
    "identical": "A fresh build gives the same.",
    "benign": "A fresh build differs in what is known to be noise only.",
    "nondeterministic": "Two fresh builds differ as much: the project does not build the same twice.",
    "differs": "A fresh build gives something else.",
    "error": "Nothing could be compared.",
}
_MARKS = {"+": "ins", "-": "del"}


def quality(report: Report) -> Element | None:
    """Tell what the comparison with fresh builds came to."""
    compared = [(entry, entry.qa) for entry in report.impls if entry.qa is not None]
    if not compared:
        return None
    rows = [_verdict(report.impls, entry, qa) for entry, qa in compared]
    columns = ("implementation", "verdict", "findings", "hidden", "what that means")
    details = [_details(entry, qa) for entry, qa in compared if qa.findings or qa.error]
    overview = table("Reused wheels beside fresh builds", columns, rows)
    return section("qa", "Quality assurance", overview, *details)


def _verdict(impls: Sequence[ImplReport], entry: ImplReport, qa: QaReport) -> Element:
    hidden = sum(qa.hidden.values())
    meaning = _VERDICTS[qa.verdict]
    return row(link_to(impls, entry.impl), badge(qa.verdict), str(len(qa.findings)), str(hidden), meaning)


def _details(entry: ImplReport, qa: QaReport) -> Element:
    """Return the findings of one implementation: first what counts, then, folded away, what does not."""
    counting = [finding for finding in qa.findings if finding.rule is None and finding.accepted is None]
    others = [finding for finding in qa.findings if finding not in counting]
    folded = None
    if others:
        summary = element("summary", f"known as noise, or accepted: {len(others)}")
        folded = element("details", summary, *map(_finding, others))
    error = element("p", qa.error, class_="sentence problem") if qa.error else None
    title = element("h3", code(entry.impl), " ", badge(qa.verdict))
    return element("div", title, error, *map(_finding, counting), folded, class_="findings")


def _finding(finding: Finding) -> Element:
    noise = badge(f"noise: {finding.rule}", "benign") if finding.rule else None
    accepted = element("p", badge("accepted", "benign"), " ", finding.accepted) if finding.accepted else None
    title = element("h4", code(finding.file), " ", badge(finding.kind, "kind"), " ", noise)
    lines = element("pre", *_diff(finding.lines), class_="diff", tabindex=0) if finding.lines else None
    more = [element("p", "Longer comparisons:"), bullets(map(code, finding.details))] if finding.details else []
    known = finding.rule or finding.accepted
    return element(
        "article", title, element("p", finding.message), accepted, lines, *more, class_="known" if known else "counts"
    )


def _diff(lines: Sequence[str]) -> list[Child]:
    """Mark what was added and removed; names of files, at the beginning, and places are neither."""
    shown: list[Child] = []
    headings: tuple[str, ...] = ("--- ", "+++ ", "@@ ")
    for line in lines:
        heading = line.startswith(headings)
        if line.startswith("@@ "):
            headings = ("@@ ",)
        tag = "span" if heading else _MARKS.get(line[:1], "span")
        shown += [element(tag, line, class_="heading" if heading else None), "\n"]
    return shown


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
