"""Reports as HTML pages: complete in themselves, without scripts, nothing in them that the JSON lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi import __version__
from pep517_multi.report import SCHEMA
from pep517_multi.reports.html import checks, quality, run
from pep517_multi.reports.html.page import page

if TYPE_CHECKING:
    from pep517_multi.report import Report

__all__ = ["render"]

_SECTIONS = (
    ("failures", "Failures", run.failures),
    ("wheels", "Wheels", run.wheels),
    ("time", "Time", run.times),
    ("qa", "QA", quality.quality),
    ("hidden", "Normalisation", quality.hidden),
    ("checks", "Checks", checks.checks),
    ("impls", "Implementations", run.implementations),
    ("source", "Source", run.source),
    ("bytecode", "Bytecode", run.not_compiled),
)


def render(report: Report) -> str:
    """Return the page; the same report gives the same text, whenever and wherever it is made."""
    title = " ".join(filter(None, (report.source.name, report.source.version, "multibuild report")))
    return page(
        title,
        header=run.header(report),
        sections=((identifier, name, make(report)) for identifier, name, make in _SECTIONS),
        footer=f"multibuild {__version__}, report schema {SCHEMA}; report.json holds the same as data.",
    )
