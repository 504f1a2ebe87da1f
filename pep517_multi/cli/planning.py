"""``multibuild plan``: the plan on standard output, where a package manager reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pep517_multi import reports
from pep517_multi.cli.session import open_for
from pep517_multi.pipeline.phases import source_report
from pep517_multi.pipeline.planning import make_plan
from pep517_multi.report import Expected

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.cli.screen import Screen
    from pep517_multi.pipeline.run import Run


def show_plan(run: Run, source: Path, *, screen: Screen, as_json: bool) -> int:
    """Print the plan for ``source``; the answer is 1 where an implementation that was named cannot be built."""
    tree = open_for(run, source, imports=False)
    plan = make_plan(run, tree)
    if as_json:
        click.echo(reports.plan.render(source_report(tree), plan), nl=False)
    else:
        screen.print_table(reports.plan.table(plan))
    return int(any(planned.plan is Expected.FAIL for planned in plan))
