"""``multibuild check``: findings on standard output, where a host's log or another program reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pep517_multi.pipeline.checked import with_checks
from pep517_multi.pipeline.checking import check
from pep517_multi.pipeline.reporting import write_report
from pep517_multi.reports import checks

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.cli.screen import Screen
    from pep517_multi.pipeline.run import Run


def show_check(run: Run, source: Path, *, screen: Screen, as_json: bool) -> int:
    """Check what is staged, print what was found, add it to the report of the run, and return the exit code."""
    report = check(run, source)
    write_report(with_checks(run, report), run.settings, work=run.work if run.holds_work else None)
    if as_json:
        click.echo(checks.render(report), nl=False)
        return report.exit
    if sys.stdout.isatty() and any(entry.problems for entry in report.impls):
        screen.print_table(checks.table(report, verbose=run.settings.verbose))
    else:
        for line in checks.lines(report, verbose=run.settings.verbose):
            click.echo(line)
    if not run.settings.quiet:
        click.echo(checks.summary(report))
    return report.exit
