"""The report as one HTML page: complete in itself, without scripts, nothing in it that the JSON lacks."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from pep517_multi import __version__
from pep517_multi.report import SCHEMA
from pep517_multi.reports.html import quality, run
from pep517_multi.reports.html.elements import element, markup

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from pep517_multi.report import Report

__all__ = ["render"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing. A name that got past the escaping could still do no harm."""
_SECTIONS = (
    ("failures", "Failures", run.failures),
    ("wheels", "Wheels", run.wheels),
    ("time", "Time", run.times),
    ("qa", "QA", quality.quality),
    ("hidden", "Normalisation", quality.hidden),
    ("impls", "Implementations", run.implementations),
    ("source", "Source", run.source),
    ("bytecode", "Bytecode", run.not_compiled),
)


def render(report: Report) -> str:
    """Return the page; the same report gives the same text, whenever and wherever it is made."""
    made = [(identifier, name, make(report)) for identifier, name, make in _SECTIONS]
    shown = [(identifier, name, part) for identifier, name, part in made if part is not None]
    links = [element("li", element("a", name, href=f"#{identifier}")) for identifier, name, _ in shown]
    nav = element("nav", element("ul", *links), aria_label="Sections") if links else None
    made_by = f"multibuild {__version__}, report schema {SCHEMA}; report.json holds the same as data."
    main = element("main", *(part for _, _, part in shown))
    body = element("body", run.header(report), nav, main, element("footer", made_by))
    title = " ".join(filter(None, (report.source.name, report.source.version, "multibuild report")))
    return markup(element("html", _head(title), body, lang="en"))


def _head(title: str) -> Element:
    style = resources.files("pep517_multi.reports.html").joinpath("style.css").read_text(encoding="utf-8")
    policy = element("meta", content=_POLICY)
    policy.set("http-equiv", "Content-Security-Policy")
    return element(
        "head",
        element("meta", charset="utf-8"),
        policy,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
