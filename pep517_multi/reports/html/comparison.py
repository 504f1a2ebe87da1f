"""What ``multibuild diff`` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi import __version__
from pep517_multi.qa.rulebook import reasons
from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.findings import all_of, counts
from pep517_multi.reports.html.page import page
from pep517_multi.reports.html.parts import badge, bullets, code, facts, row, section, table, tile

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from pep517_multi.findings import QaReport
    from pep517_multi.qa.diffing import Compared

_MEANS = {
    "identical": "Both would install the same.",
    "benign": "They differ in what is known to be noise, or is accepted, and in nothing else.",
    "differs": "They would install something else.",
}


def render(compared: Compared) -> str:
    """Return the page; the same comparison gives the same text."""
    report = compared.report
    footer = f"multibuild {__version__}; multibuild diff --json gives the same as data."
    sections = (("findings", "Differences", _findings(report)), ("hidden", "Normalisation", _hidden(report)))
    return page(f"{compared.one} and {compared.other}", header=_header(compared), sections=sections, footer=footer)


def _header(compared: Compared) -> Element:
    report = compared.report
    counting = sum(map(counts, report.findings))
    explained = len(report.findings) - counting
    tiles = [
        tile(str(counting), "found", "failed" if counting else "reused"),
        tile(str(explained), "explained", "skipped") if explained else None,
        tile(str(sum(report.hidden.values())), "hidden by rules"),
    ]
    verdict = element("p", badge(report.verdict), " ", _MEANS.get(report.verdict, ""))
    sides = facts((("one", code(compared.one)), ("other", code(compared.other))))
    remarks = bullets(compared.remarks, class_="remarks") if compared.remarks else None
    return element(
        "header", element("h1", "Two compared"), sides, verdict, element("ul", *tiles, class_="tiles"), remarks
    )


def _findings(report: QaReport) -> Element | None:
    if not report.findings:
        return None
    return section(
        "findings",
        "What differs" if any(map(counts, report.findings)) else "What is explained",
        element("div", *all_of(report.findings, heading="h3"), class_="findings"),
    )


def _hidden(report: QaReport) -> Element | None:
    if not report.hidden:
        return None
    known = reasons()
    rows = [row(code(rule), str(count), known.get(rule, "")) for rule, count in report.hidden.items()]
    listing = table("Differences hidden", ("rule", "differences", "why they do not count"), rows)
    return section("hidden", "What normalisation hid", listing)
