"""The sections about a run: what it came to, what failed, the picture, the time, each implementation, the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.report import PHASES
from pep517_multi.reports.advice import advice
from pep517_multi.reports.html.advice import advices
from pep517_multi.reports.html.elements import element
from pep517_multi.reports.html.parts import (
    badge,
    bullets,
    code,
    facts,
    link_to,
    place_of,
    row,
    section,
    table,
    tile,
)
from pep517_multi.reports.html.picture import picture
from pep517_multi.reports.html.spans import spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.report import ImplReport, Report
    from pep517_multi.reports.html.elements import Child
    from pep517_multi.reports.html.spans import Span

_ACTIONS = ("built", "reused", "failed", "skipped")
_TENTHS = 10.0
"""Seconds from which hundredths say nothing."""
_EXIT = {
    0: "done",
    1: "a build, install or check failed",
    2: "usage or configuration",
    3: "it cannot be planned",
    4: "QA or checks found something",
    5: "something is not what it says it is",
}
_EVIDENCE = {
    "independent": "The wheel is the same, whichever interpreter builds it.",
    "extension": "It builds extension modules: each implementation needs its own wheel, or one for the stable ABI.",
    "unknown": "The source alone does not say whether the wheel depends on who builds it.",
}
_PHASES = {"env": "environment", "qa": "QA"}
"""Phases whose key is no word."""


def header(report: Report) -> Element:
    """Say what was built, and what that came to."""
    source = report.source
    name = source.name or ("source without a name" if source.path else "ready wheels")
    title = element("h1", name, element("span", f" {source.version}", class_="version") if source.version else None)
    actions: list[str] = [entry.action for entry in report.impls]
    counts = [(actions.count(action), action) for action in _ACTIONS]
    tiles = [tile(str(count), action, action) for count, action in counts if count]
    tiles.append(tile(_seconds(report.seconds), "wall time"))
    verdict = "failed" if report.exit else "kind" if any(advice(report)) else "passed"
    status = badge(f"exit {report.exit}: {_EXIT.get(report.exit, 'unknown')}", verdict)
    return element("header", title, element("p", status), element("ul", *tiles, class_="tiles"), advices(report))


def failures(report: Report) -> Element | None:
    """Give the error of each implementation that failed, and where its log is."""
    failed = [_failure(report.impls, entry) for entry in report.impls if entry.action == "failed"]
    return section("failures", "What failed", *failed) if failed else None


def _failure(impls: Sequence[ImplReport], entry: ImplReport) -> Element:
    log = element("p", "The whole output of the build: ", code(entry.log)) if entry.log else None
    name = element("h3", link_to(impls, entry.impl))
    error = element("p", entry.error or "no reason is known", class_="sentence")
    return element("article", name, error, log, class_="bad")


def wheels(report: Report) -> Element | None:
    """Draw who built and who reuses, and list the wheels."""
    if not report.impls:
        return None
    laid = spans(report.impls)
    rows = [_wheel(report.impls, span) for span in laid if span.wheel]
    listing = table("The wheels", ("wheel", "built by", "used for"), rows) if rows else None
    return section("wheels", "What was built and reused", picture(report.impls, laid), listing)


def _wheel(impls: Sequence[ImplReport], span: Span) -> Element:
    entry = impls[span.first]
    digest = element("small", code(f"sha256:{entry.wheel_sha256}")) if entry.wheel_sha256 else None
    name = element("div", code(entry.wheel or ""), element("br") if digest is not None else None, digest)
    links = [link_to(impls, impls[place].impl) for place in span.places]
    builder = link_to(impls, entry.built_by) if entry.built_by else "not known: a ready wheel"
    return row(name, builder, bullets(links, class_="names"))


def times(report: Report) -> Element | None:
    """Show where the time went, for each implementation."""
    totals = [sum(entry.seconds.values()) for entry in report.impls]
    phases = [phase for phase in PHASES if any(entry.seconds.get(phase) for entry in report.impls)]
    if not phases:
        return None
    longest = max(totals)
    rows = [
        row(
            link_to(report.impls, entry.impl),
            element("div", *(_bar(phase, entry, longest) for phase in phases), class_="bar"),
            *(_seconds(value) for value in (total, *(entry.seconds.get(phase, 0.0) for phase in phases))),
        )
        for entry, total in zip(report.impls, totals, strict=True)
    ]
    columns: list[Child] = ["implementation", "share", "total", *(_phase(phase) for phase in phases)]
    note = (
        f"The run took {_seconds(report.seconds)}; the phases add up to {_seconds(sum(totals))}, "
        "because much is done side by side."
        if sum(totals) > report.seconds
        else f"The run took {_seconds(report.seconds)}."
    )
    return section("time", "Where the time went", element("p", note), table("Seconds of each phase", columns, rows))


def _phase(phase: str) -> Element:
    return element("span", element("span", class_=f"swatch {phase}", aria_hidden="true"), _PHASES.get(phase, phase))


def _bar(phase: str, entry: ImplReport, longest: float) -> Element | None:
    seconds = entry.seconds.get(phase, 0.0)
    if not seconds:
        return None
    title = f"{_PHASES.get(phase, phase)}: {_seconds(seconds)}"
    return element("span", class_=phase, style=f"width:{100 * seconds / longest:.2f}%", title=title)


def _seconds(value: float) -> str:
    if not value:
        return "0"
    return f"{value:.1f} s" if value >= _TENTHS else f"{value:.2f} s"


def implementations(report: Report) -> Element | None:
    """Tell everything of each implementation, with the reasons of what was decided for it."""
    cards = [_implementation(report.impls, number) for number in range(len(report.impls))]
    return section("impls", "Each implementation, and why", element("div", *cards, class_="cards")) if cards else None


def _implementation(impls: Sequence[ImplReport], number: int) -> Element:
    entry = impls[number]
    whence: tuple[Child, ...] = ()
    if entry.action == "reused":
        whence = (" from ", link_to(impls, entry.built_by)) if entry.built_by else (" a ready wheel",)
    name = element("h3", code(entry.impl), " ", badge(entry.action), element("small", *whence))
    error = element("p", entry.error, class_="sentence") if entry.error else None
    rows = (
        ("version", f"{entry.implementation} {entry.version}"),
        ("wheel", _code(entry.wheel)),
        ("tag", _code(entry.tag)),
        ("root", _code(entry.root)),
        ("log", _code(entry.log)),
        ("Python", _code(entry.executable)),
        ("platform", _code(entry.platform)),
        ("sysroot", _code(entry.sysroot)),
    )
    reasons = bullets(entry.because, class_="because") if entry.because else None
    notes = bullets(entry.notes, class_="notes") if entry.notes else None
    return element("article", name, error, reasons, notes, facts(rows), id=place_of(number), class_=entry.action)


def _code(text: str | None) -> Element | None:
    return None if text is None else code(text)


def source(report: Report) -> Element | None:
    """Tell what was built, and what its files say of it."""
    known = report.source
    rows = facts(
        (
            ("path", _code(known.path)),
            ("name", _code(known.name)),
            ("version", _code(known.version)),
            ("backend", _code(known.backend)),
            ("digest", _code(known.digest)),
        )
    )
    if rows is None:
        return None
    if known.evidence is None:
        return section("source", "The source", rows)
    verdict = element("p", badge(known.evidence.verdict), " ", _EVIDENCE.get(known.evidence.verdict))
    return section("source", "The source", rows, element("h3", "Evidence"), verdict, bullets(known.evidence.because))


def not_compiled(report: Report) -> Element | None:
    """List the files without bytecode, and for whom."""
    files: dict[str, list[Child]] = {}
    for entry in report.impls:
        for file in entry.not_compiled:
            files.setdefault(file, []).append(link_to(report.impls, entry.impl))
    if not files:
        return None
    rows = [row(code(file), bullets(links, class_="names")) for file, links in sorted(files.items())]
    lead = "These files were installed, but are no valid Python for the implementations named beside them."
    return section(
        "bytecode", "Files without bytecode", element("p", lead), table(lead, ("file", "no bytecode for"), rows)
    )
