"""``multibuild files`` and ``multibuild env``: what a packaging host takes and tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pep517_multi import files, orphans
from pep517_multi.errors import UsageError
from pep517_multi.pipeline.filelists import file_list
from pep517_multi.pipeline.testing import environment_for_tests
from pep517_multi.process import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.pipeline.run import Run


def impl_or_source(text: Path, given: dict[str, Any]) -> Path:
    """Return the source that ``text`` names; an implementation that stands there joins what is ``given``.

    :raises UsageError: it is neither, or there are implementations already.
    """
    from pep517_multi.interpreters.spec import SDIST_ENDINGS, Spec

    if text.is_dir() or text.name.endswith(SDIST_ENDINGS):
        return text
    try:
        Spec.parse(str(text))
    except UsageError as error:
        raise UsageError(f"there is no source {text}, and {error}") from error
    if given.get("impls"):
        raise UsageError(f"there is no source {text}; name implementations once, with --impls or without it")
    given["impls"] = (str(text),)
    return Path()


def show_file_list(run: Run, output: Path | None) -> int:
    """Print the list of what is staged, or write it to ``output``."""
    listed = file_list(run)
    if output is None:
        click.echo(listed.encode(), nl=False)  # paths are bytes, whatever the locale is
    else:
        with files.explained("write the file list"):
            files.write_whole(output, listed.encode())
    return 0


def command_to_test(run: Run, argv: Sequence[str], cwd: Path) -> Command | None:
    """Return the command to become in the environment for tests; without ``argv`` print how a shell gets there."""
    environment = environment_for_tests(run)
    if not argv:
        click.echo(environment.lines(), nl=False)
        return None
    return Command(tuple(argv), cwd=cwd, env=environment.applied_to(orphans.unmarked(run.environ)))


def check_usage(argv: Sequence[str] | None, *, execute: bool) -> None:
    """Refuse ``--exec`` without a command, and a command without ``--exec``.

    :raises UsageError: one is there without the other.
    """
    if execute and not argv:
        raise UsageError("--exec takes a command after --: multibuild env --impls 3.12 --exec -- pytest")
    if argv and not execute:
        raise UsageError("a command after -- is only run with --exec; without it, lines for a shell are printed")
