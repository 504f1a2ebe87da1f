"""The commands. Each resolves its settings, calls one phase, shows what came of it, and ends with an exit code."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pep517_multi import __version__, temporaries
from pep517_multi.cli import streams
from pep517_multi.cli.arguments import DEFAULT_COMMAND, Commands, WithCommand
from pep517_multi.cli.endings import ENDING, InterruptedRunError
from pep517_multi.cli.integrations import HOSTS, show_integration
from pep517_multi.cli.options import BUILD, CHECK, QA, SCREEN, STAGE, TARGETS, WORK, options
from pep517_multi.cli.streams import OutputError, ReaderGoneError
from pep517_multi.errors import MultibuildError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pep517_multi.cli.screen import Screen
    from pep517_multi.pipeline.run import Run
    from pep517_multi.pipeline.workdir import WorkDirectory
    from pep517_multi.report import Report, SourceReport
    from pep517_multi.settings import Settings
    from pep517_multi.sources.tree import SourceTree

_SUGGESTION = re.compile(r"\. \(?Did you mean (.*)\?\)?$")
_source = click.argument("source", default=".", metavar="[SOURCE]", type=click.Path(path_type=Path))
_impl_or_source = click.argument("source", default=".", metavar="[IMPL|SOURCE]", type=click.Path(path_type=Path))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="multibuild")
def multibuild() -> None:
    """Build one Python source tree for many implementations, and only as often as needed.

    SOURCE is a directory or an sdist; the current directory by default. Without a command: plan, build or reuse,
    install into one staging root per implementation, report.
    """


@multibuild.command(DEFAULT_COMMAND, hidden=True)
@options(*WORK, *BUILD, *QA, *STAGE, *SCREEN)
@_source
def whole_job(source: Path, **given: Any) -> int:
    """Do the whole job: build or reuse, install into staging roots, report."""
    return _on_source(source, given, "whole_job")


@multibuild.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@options(*TARGETS, "prefix", *BUILD, *SCREEN)
@_source
def plan(source: Path, *, as_json: bool, **given: Any) -> int:
    """Say what would be built or reused and why, and what it needs; nothing of the project is run."""
    from pep517_multi.cli.planning import show_plan

    return _with_run(given, source, lambda run, screen: show_plan(run, source, screen=screen, as_json=as_json))


@multibuild.command()
@options(*WORK, "prefix", *BUILD, *SCREEN)
@_source
def build(source: Path, **given: Any) -> int:
    """Build or reuse wheels only, and leave them in the work directory."""
    return _on_source(source, given, "build")


@multibuild.command()
@options(*WORK, *BUILD, *QA, *STAGE, *SCREEN)
@_source
def qa(source: Path, **given: Any) -> int:
    """Compare what is reused, as the build phase left it, with fresh builds."""
    return _on_source(source, given, "qa")


@multibuild.command()
@options(*WORK, *STAGE, *SCREEN)
@click.option("--wheel", "wheels", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help="Ready wheels.")
@_source
def install(source: Path, wheels: tuple[Path, ...], **given: Any) -> int:
    """Install into staging roots: from the work directory, or ready wheels."""
    from pep517_multi.pipeline import phases

    if wheels:
        for path in wheels:
            if not path.is_file():
                raise UsageError(f"there is no wheel {path}; give the path of a file")
        return _session(given, None, lambda run: phases.install_wheels(run, wheels), needs_work=False)
    return _session(given, source, phases.install)


@multibuild.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@options(*WORK, *STAGE, *CHECK, *SCREEN)
@click.option("--qa", metavar="off|warn|fail", help="Under fail, warnings fail the check, too.")
@_source
def check(source: Path, *, as_json: bool, **given: Any) -> int:
    """Check what was staged: imports, bytecode, strays; nothing of it is changed."""
    from pep517_multi.cli.checking import show_check

    def show(run: Run, screen: Screen) -> int:
        return show_check(run, source, screen=screen, as_json=as_json)

    return _with_run(given, source, show, needs_work=False)


@multibuild.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page for people, too.")
@options("qa-rules", "quiet", "verbose")
@click.argument("one", metavar="A", type=click.Path(path_type=Path))
@click.argument("other", metavar="B", type=click.Path(path_type=Path))
def diff(one: Path, other: Path, *, as_json: bool, page: Path | None, **given: Any) -> int:
    """Compare two wheels or two installed trees, of one implementation or of two."""
    from pep517_multi.cli.diffing import show_differences

    return show_differences(one, other, given, as_json=as_json, page=page)


@multibuild.command("files")
@options(*TARGETS, "filelist", *STAGE, *SCREEN)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to; standard output by default.")
@_impl_or_source
def file_list(source: Path, output: Path | None, **given: Any) -> int:
    """List what is staged for an implementation, for a host."""
    from pep517_multi.cli.hosting import impl_or_source, show_file_list

    source = impl_or_source(source, given)
    return _with_run(given, source, lambda run, _: show_file_list(run, output), needs_work=False)


@multibuild.command(cls=WithCommand)
@click.option("--exec", "execute", is_flag=True, help="Run the command that follows -- instead.")
@options(*TARGETS, *STAGE, *SCREEN)
@_impl_or_source
@click.pass_context
def env(context: click.Context, /, source: Path, *, execute: bool, **given: Any) -> int:
    """Print what a shell needs to test what is staged for an implementation, before it is installed."""
    from pep517_multi.cli.hosting import check_usage, command_to_test, impl_or_source
    from pep517_multi.process import Command, become

    argv: list[str] = context.meta[WithCommand.META]
    check_usage(argv, execute=execute)
    source = impl_or_source(source, given)
    commands: list[Command] = []

    def make(run: Run, _: Screen) -> int:
        commands.extend(filter(None, [command_to_test(run, argv, Path.cwd())]))
        return 0

    _with_run(given, source, make)
    for command in commands:
        become(command)
    return 0


@multibuild.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@options("impls")
def impls(*, as_json: bool, **given: Any) -> int:
    """List the interpreters found, and which a name picks."""
    from pep517_multi.cli.listing import list_interpreters

    return list_interpreters(given, as_json=as_json)


@multibuild.command()
@click.option("--path", is_flag=True, help="Print where it lies instead; for several files: their folder.")
@click.argument("host", type=click.Choice(list(HOSTS)))
@click.argument("file", required=False)
def integration(host: str, file: str | None, *, path: bool) -> int:
    """Print what a packaging host loads to call multibuild."""
    return show_integration(host, file, path=path)


@multibuild.command()
@options("workdir")
@_source
def clean(source: Path, **given: Any) -> int:
    """Remove the work directory."""
    from pep517_multi.cli.screen import Screen
    from pep517_multi.cli.session import settings_of, work_directory_of

    settings = settings_of(given, source)
    work = work_directory_of(settings)
    removed = work.clean(Screen(settings))
    click.echo(f"removed {work.path}" if removed else f"there is no {work.path}", err=True)
    return 0


def run(arguments: Sequence[str]) -> int:
    """Run ``multibuild`` with ``arguments``; the answer is the exit code of the contract, and an error is one line."""
    code = _attempt(lambda: multibuild.main(list(arguments), prog_name="multibuild", standalone_mode=False))
    written = _attempt(streams.finish)
    return code or written


def _attempt(act: Callable[[], object]) -> int:
    try:
        code = act()
    except (OutputError, ReaderGoneError) as error:
        streams.give_up()
        return error.exit_code if isinstance(error, ReaderGoneError) else _complain(*_told(error))
    except (InterruptedRunError, click.Abort, KeyboardInterrupt):
        ENDING.over()
        return _complain(str(InterruptedRunError()), InterruptedRunError.exit_code)
    except (MultibuildError, click.ClickException, MemoryError, OSError) as error:
        return _complain(*_told(error))
    except RuntimeError as error:  # after click.Abort, which is one
        if "start new thread" not in str(error):
            raise
        return _complain(f"the system refused: {error}; run fewer jobs at a time (-j)", MultibuildError.exit_code)
    return code if isinstance(code, int) else 0


def _told(error: MultibuildError | click.ClickException | MemoryError | OSError) -> tuple[str, int]:
    """Return the sentence for an error, and the exit code."""
    if isinstance(error, MultibuildError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        return _sentence(error), UsageError.exit_code
    if isinstance(error, MemoryError):
        return "there is not enough memory; run fewer jobs at a time (-j)", MultibuildError.exit_code
    where = f" ({error.filename})" if error.filename else ""
    return f"the system refused: {error.strerror or error}{where}", MultibuildError.exit_code


def _complain(message: str, code: int) -> int:
    click.echo(f"multibuild: error: {message}", err=True)
    return code


def _sentence(error: click.ClickException) -> str:
    message = _SUGGESTION.sub(r" (did you mean \1?)", error.format_message().rstrip("."))
    return message[:1].lower() + message[1:] + '; see "multibuild --help"'


def _on_source(source: Path, given: dict[str, Any], phase: str) -> int:
    """Open the source, and do a phase of :mod:`pep517_multi.pipeline.phases` with it."""
    if source.name in multibuild.commands and not source.is_dir():
        raise UsageError(f"the command comes first: multibuild {source} …; for a source of that name write ./{source}")

    opened: list[SourceTree] = []

    def on_tree(run: Run) -> Report:
        from pep517_multi.cli.session import open_for

        tree = open_for(run, source)  # this asks the interpreters, and what comes now need not wait for the answer
        from pep517_multi.pipeline import phases

        opened.append(tree)
        report: Report = getattr(phases, phase)(run, tree)
        return report

    def described() -> SourceReport:
        from pep517_multi.pipeline.phases import source_report
        from pep517_multi.report import SourceReport

        return source_report(opened[0]) if opened else SourceReport(str(source))

    return _session(given, source, on_tree, described=described)


def _session(
    given: dict[str, Any],
    source: Path | None,
    phase: Callable[[Run], Report],
    *,
    needs_work: bool = True,
    described: Callable[[], SourceReport] | None = None,
) -> int:
    """Run a phase, and show its report; where it cannot begin, a report says at least that.

    :param described: says what is known of the source, if there is one.
    """

    def show(run: Run, screen: Screen) -> int:
        with screen:
            report = phase(run)
        if not run.settings.quiet:
            from pep517_multi.reports import text
            from pep517_multi.reports.advice import advice

            screen.show(text.table(report, verbose=run.settings.verbose), text.summary(report))
            for one in advice(report):
                screen.say(str(one))
        return report.exit

    def refuse(error: MultibuildError, settings: Settings, directory: WorkDirectory | None) -> None:
        from pep517_multi.pipeline.reporting import write_refusal
        from pep517_multi.report import SourceReport

        write_refusal(error, described() if described else SourceReport(), settings, work=directory)

    return _with_run(given, source, show, needs_work=needs_work, refused=refuse)


def _with_run(
    given: dict[str, Any],
    source: Path | None,
    work: Callable[[Run, Screen], int],
    *,
    needs_work: bool = True,
    refused: Callable[[MultibuildError, Settings, WorkDirectory | None], None] = lambda *_: None,
) -> int:
    """Make a run from what was typed, hold its work directory, and do ``work``.

    :param needs_work: whether a work directory is needed although nobody named one and the roots go elsewhere.
    :param refused: told of an error that ends the run, while the work directory is held.
    """
    from pep517_multi.cli.screen import Screen
    from pep517_multi.cli.session import run_of, runner_of, settings_of, work_directory_of

    settings = settings_of(given, source)
    runner = runner_of()
    screen = Screen(settings)
    plain = settings.scripts in {None, "plain"} and settings.dedupe == "none"
    without = not needs_work and plain and settings.roots is not None and "workdir" not in settings.origins
    directory = None if without else work_directory_of(settings)
    with contextlib.ExitStack() as stack:
        stack.enter_context(temporaries.scratch_for_all())
        stack.enter_context(ENDING.stopping(runner.close))
        if directory is not None:
            stack.enter_context(directory.held(screen))
        try:
            run = run_of(settings, runner=runner, observer=screen)
            return work(replace(run, holds_work=not without), screen)
        except MultibuildError as error:
            with contextlib.suppress(
                MultibuildError
            ):  # what ended the run is worth more than that it cannot be reported
                refused(error, settings, directory)
            raise
