"""``multibuild diff``: the differences on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pep517_multi.cli.session import settings_of
from pep517_multi.errors import FindingsError
from pep517_multi.qa.diffing import compare_paths
from pep517_multi.reports import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def show_differences(one: Path, other: Path, given: Mapping[str, Any], *, as_json: bool) -> int:
    """Print how two wheels or two installed trees differ; the answer is the exit code."""
    settings = settings_of(given)
    report = compare_paths(one, other, settings)
    if as_json:
        click.echo(differences.render(report, one=str(one), other=str(other)), nl=False)
    elif not settings.quiet:
        for line in differences.lines(report, verbose=settings.verbose):
            click.echo(line)
    return FindingsError.exit_code if report.verdict == "differs" else 0
