"""What a packager has to do, in the first lines of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.advice import advice
from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import badge, code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from pep517_multi.report import Report
    from pep517_multi.reports.advice import Advice
    from pep517_multi.reports.html.elements import Child

_LOOKS_LIKE = {"errors": "failed", "warnings": "skipped"}


def advices(report: Report) -> Element | None:
    """Say what to do; that nothing is to do is told where somebody has looked."""
    todo = [_item(one) for one in advice(report)]
    if not todo and any(entry.qa or entry.checks for entry in report.impls):
        todo = [element("li", badge("ready", "passed"), " nothing to do: what was looked at is as it should be.")]
    return element("ul", *todo, class_="advice", aria_label="What to do") if todo else None


def _item(one: Advice) -> Element:
    link = element("a", badge(one.word, _LOOKS_LIKE.get(one.word)), href=f"#{one.topic}")
    return element("li", link, " ", element("strong", ", ".join(one.impls)), ": ", *_marked(one.told))


def _marked(told: str) -> Iterator[Child]:
    """Give text, and what stands between backticks as code."""
    for place, part in enumerate(told.split("`")):
        yield code(part) if place % 2 else part
