"""Findings on a page: each folds, what counts is open, and differences stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import badge, bullets, code
from pep517_multi.reports.html.sides import is_unified, sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.findings import Finding

VERDICTS = {
    "identical": "A fresh build gives the same.",
    "benign": "A fresh build differs in what is known to be noise only.",
    "nondeterministic": "Two fresh builds differ as much: the project does not build the same twice.",
    "differs": "A fresh build gives something else.",
    "error": "Nothing could be compared.",
}
_OPEN = 5
"""How many findings are unfolded; of more, a reader wants to see the names first."""


def counts(finding: Finding) -> bool:
    """Whether nothing explains the finding and nobody accepts it."""
    return finding.rule is None and finding.accepted is None


def all_of(findings: Sequence[Finding], *, heading: str = "h4", work: str | None = None) -> list[Element]:
    """Return the findings: first what counts, then, folded away together, what does not.

    :param heading: the level of their headings.
    :param work: the URL of the work directory, for links to longer comparisons.
    """
    counting = [finding for finding in findings if counts(finding)]
    others = [finding for finding in findings if not counts(finding)]
    shown = [_finding(finding, heading, work, is_open=place < _OPEN) for place, finding in enumerate(counting)]
    if others:
        summary = element("summary", f"known as noise, or accepted: {len(others)}")
        shown.append(
            element("details", summary, *(_finding(finding, heading, work, is_open=True) for finding in others))
        )
    return shown


def lines_of(finding: Finding) -> Element | None:
    """Return the lines of a finding: the two sides of a difference, or whatever was printed."""
    if not finding.lines:
        return None
    if is_unified(finding.lines):
        return sides(finding.lines, finding.file)
    return element("pre", "\n".join(finding.lines), class_="lines", tabindex=0)


def _links(paths: Iterable[str], work: str | None) -> Iterator[Element]:
    for path in paths:
        yield code(path) if work is None else element("a", code(path), href=f"{work}{quote(path)}")


def _finding(finding: Finding, heading: str, work: str | None, *, is_open: bool) -> Element:
    noise = badge(f"noise: {finding.rule}", "benign") if finding.rule else None
    accepted = element("p", badge("accepted", "benign"), " ", finding.accepted) if finding.accepted else None
    more = [element("p", "Longer comparisons:"), bullets(_links(finding.details, work))] if finding.details else []
    body = [accepted, lines_of(finding), *more]
    title = element(heading, code(finding.file), " ", badge(finding.kind, "kind"), " ", noise)
    told = element("p", finding.message)
    class_ = "counts" if counts(finding) else "known"
    if not any(part is not None for part in body):
        return element("article", title, told, class_=class_)
    summary = element("summary", title)
    folding = element("details", summary, told, *body, open="open" if is_open else None)
    return element("article", folding, class_=class_)
