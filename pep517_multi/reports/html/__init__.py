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


def render(report: Report, *, work: str | None = None) -> str:
    """Return the page; the same report gives the same text, whenever and wherever it is made.

    :param work: the URL of the work directory as the page reaches it, ending in a slash; without it, what lies there is
        named and not linked.
    """
    title = " ".join(filter(None, (report.source.name, report.source.version, "multibuild report")))
    return page(
        title,
        header=run.header(report),
        sections=(
            ("failures", "Failures", run.failures(report)),
            ("wheels", "Wheels", run.wheels(report)),
            ("time", "Time", run.times(report)),
            ("qa", "QA", quality.quality(report, work)),
            ("hidden", "Normalisation", quality.hidden(report)),
            ("checks", "Checks", checks.checks(report)),
            ("impls", "Implementations", run.implementations(report)),
            ("source", "Source", run.source(report)),
            ("bytecode", "Bytecode", run.not_compiled(report)),
        ),
        footer=f"multibuild {__version__}, report schema {SCHEMA}; report.json holds the same as data.",
    )
