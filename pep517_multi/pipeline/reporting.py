"""Where a report goes: into the work directory, and wherever the settings say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pep517_multi import files, temporaries
from pep517_multi.containment import without_credentials

if TYPE_CHECKING:
    from pep517_multi.errors import MultibuildError
    from pep517_multi.pipeline.workdir import WorkDirectory
    from pep517_multi.report import Report, SourceReport
    from pep517_multi.settings import Settings


def write_report(report: Report, settings: Settings, *, work: WorkDirectory | None) -> None:
    """Write ``report`` for programs, and for people where that is wanted.

    :param work: the work directory, where this run holds one.
    """
    from pep517_multi import reports

    with files.explained("write the report"):
        text = without_credentials(reports.json.render(report)).encode()
        for path in filter(None, (work.report if work else None, settings.report)):
            _write(path, text)
        if settings.report_html is not None:
            from pep517_multi.reports import html

            page = html.render(report, work=_url_from(settings.report_html, work.path) if work else None)
            _write(settings.report_html, without_credentials(page).encode())


def _write(path: Path, data: bytes) -> None:
    temporaries.sweep(path.parent, of={path.name})
    files.write_whole(path, data)


def _url_from(page: Path, folder: Path) -> str:
    """Return the URL of ``folder`` relative to ``page``, so that both can be moved together."""
    relative = os.path.relpath(folder.resolve(), page.absolute().parent.resolve())
    return f"{quote(Path(relative).as_posix())}/"


def write_refusal(
    error: MultibuildError, source: SourceReport, settings: Settings, *, work: WorkDirectory | None
) -> None:
    """Write the report of a run that ended before any implementation had its turn, so that no older one stands."""
    from pep517_multi.report import Report

    write_report(Report(source, (), 0.0, error.exit_code), settings, work=work)
