"""What a packager has to do, in the first lines of the page; everything else of it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import badge, code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.report import ImplReport, Report
    from pep517_multi.reports.html.elements import Child

_OF_VERDICTS: dict[str, tuple[Child, ...]] = {
    "differs": (
        "the reused wheel is not what a fresh build gives. Let each build for itself (",
        "--no-reuse",
        "), or accept what you have looked at, with a reason (",
        "[[qa.accept]]",
        ").",
    ),
    "error": ("there was no fresh build to compare with. Look into the log of that build.",),
    "nondeterministic": (
        "the project does not build the same twice for one implementation. Reuse is not to blame; tell the project.",
    ),
}
_CODE = ("--no-reuse", "[[qa.accept]]", "[[check.allow]]")


def advice(report: Report) -> Element | None:
    """Say what to do, the most urgent first; that nothing is to do is told where somebody has looked."""
    todo = [*_failed(report), *_compared(report), *_checked(report)]
    if not todo and any(entry.qa or entry.checks for entry in report.impls):
        todo = [element("li", badge("ready", "passed"), " nothing to do: what was looked at is as it should be.")]
    return element("ul", *todo, class_="advice", aria_label="What to do") if todo else None


def is_needed(report: Report) -> bool:
    """Whether anything is to do."""
    return any(True for part in (_failed, _compared, _checked) for _ in part(report))


def _item(word: str, kind: str, where: str, names: Sequence[str], told: Sequence[Child]) -> Element:
    shown = [code(part) if isinstance(part, str) and part in _CODE else part for part in told]
    return element("li", element("a", badge(word, kind), href=f"#{where}"), " ", _list(names), ": ", *shown)


def _list(names: Sequence[str]) -> Element:
    return element("strong", ", ".join(names))


def _failed(report: Report) -> Iterator[Element]:
    names = [entry.impl for entry in report.impls if entry.action == "failed"]
    if names:
        yield _item("failed", "failed", "failures", names, ["there is nothing to install. Read the error and its log."])


def _compared(report: Report) -> Iterator[Element]:
    for verdict, told in _OF_VERDICTS.items():
        names = [entry.impl for entry in report.impls if entry.qa is not None and entry.qa.verdict == verdict]
        if names:
            yield _item(verdict, verdict, "qa", names, told)


def _checked(report: Report) -> Iterator[Element]:
    for severity, kind, told in (
        (
            "error",
            "failed",
            [
                "a check found what breaks for users. Mend it, or allow an import with a reason (",
                "[[check.allow]]",
                ").",
            ],
        ),
        ("warning", "skipped", ["a check found what is odd. Look once, and mend it or leave it."]),
    ):
        names = [entry.impl for entry in report.impls if _has(entry, severity)]
        if names:
            yield _item(f"{severity}s", kind, "checks", names, told)


def _has(entry: ImplReport, severity: str) -> bool:
    return entry.checks is not None and any(entry.checks.open(severity))
