"""``multibuild diff``: the differences on standard output, and as a page where one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pep517_multi import files
from pep517_multi.cli.endings import ENDING
from pep517_multi.cli.session import finder_of, settings_of
from pep517_multi.errors import FindingsError
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.qa.code_objects import CodeObjects
from pep517_multi.qa.diffing import compare_paths
from pep517_multi.reports import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def show_differences(
    one: Path, other: Path, given: Mapping[str, Any], *, as_json: bool, page: Path | None = None
) -> int:
    """Print how two wheels or two installed trees differ; the answer is the exit code.

    :param page: where the same goes as HTML.
    """
    settings = settings_of(given)
    runner = LocalRunner()
    with ENDING.stopping(runner.close):
        # Interpreters are looked for where there is bytecode that only one of them can read.
        code = CodeObjects(lambda: finder_of(runner).select(()), runner, inherited_environment())
        compared = compare_paths(one, other, settings, comparing=code.compare)
    if page is not None:
        from pep517_multi.reports.html import comparison

        with files.explained(f"write {page}"):
            files.write_whole(page, comparison.render(compared).encode())
    if as_json:
        click.echo(differences.render(compared), nl=False)
    elif not settings.quiet:
        for line in differences.lines(compared, verbose=settings.verbose):
            click.echo(line)
    for remark in compared.remarks:
        click.echo(f"multibuild: warning: {remark}", err=True)
    return FindingsError.exit_code if compared.report.verdict == "differs" else 0
