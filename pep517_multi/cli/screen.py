"""What a person sees of a run: one line per event, or live progress on a terminal, and a table at the end."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TextIO

from pep517_multi import events
from pep517_multi.containment import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from rich.console import Console
    from rich.progress import Progress, TaskID
    from typing_extensions import Self

    from pep517_multi.reports.text import Table
    from pep517_multi.settings import Settings

_DOING = {
    "env": "making the build environment",
    "build": "building",
    "install": "staging",
    "bytecode": "compiling bytecode",
    "qa": "comparing with a fresh build",
}
_DONE = {
    "env": "build environment made",
    "build": "the backend was done",
    "install": "staged",
    "bytecode": "bytecode compiled",
    "qa": "compared",
}


class Screen:
    """Shows a run on standard error, which stays free of control codes unless it is a terminal.

    A context manager and the observer of the run; safe to call from any thread.
    """

    def __init__(self, settings: Settings, stream: TextIO | None = None) -> None:
        self.settings = settings
        self.stream = stream if stream is not None else sys.stderr
        self.console: Console | None = None
        self._lock = threading.Lock()
        self._live: _Live | None = None
        terminal = self.stream.isatty()
        if settings.color == "always" or (settings.color == "auto" and terminal):
            from rich.console import Console

            self.console = Console(file=self.stream, highlight=False, force_terminal=terminal or None, soft_wrap=True)
            if terminal and settings.progress and not settings.quiet:
                self._live = _Live(self.console)

    def __enter__(self) -> Self:
        """Begin to show progress, where that is wanted."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()

    def __call__(self, event: events.Event, /) -> None:
        """Show ``event``."""
        with self._lock:
            if self._live:
                self._live.take(event)
            line = self._line(event)
            if line is not None:
                self.say(*line)

    def say(self, text: str, style: str = "") -> None:
        """Write one line, in colour where colours are on; no credentials of URLs."""
        text = without_credentials(text)
        if self.console is not None:
            self.console.print(text, style=style or None, markup=False)
        else:
            print(text, file=self.stream, flush=True)

    def show(self, table: Table, summary: str) -> None:
        """Show the end of a run."""
        self._draw(table, self.stream, self.console)
        self.say(summary)

    def print_table(self, table: Table) -> None:
        """Print a table that is the answer of a command, to standard output."""
        from rich.console import Console

        colored = self.settings.color == "always" or (self.settings.color == "auto" and sys.stdout.isatty())
        self._draw(table, sys.stdout, Console(highlight=False) if colored else None)

    def _draw(self, table: Table, stream: TextIO, console: Console | None) -> None:
        if console is not None and stream.isatty():
            _draw(console, table)
        else:
            for line in _plain(table):
                print(line, file=stream)

    def _line(self, event: events.Event) -> tuple[str, str] | None:
        """Return the line for ``event`` and its style; ``None`` where it is not worth one."""
        if isinstance(event, events.Failed):
            return _failure(event), "red"
        if isinstance(event, events.Note) and event.level == "warning":
            return f"{event.impl or 'multibuild'}: warning: {event.message}", "yellow"
        text = None if self.settings.quiet else self._told(event)
        return None if text is None else (text, "")

    def _told(self, event: events.Event) -> str | None:
        if isinstance(event, events.Note):
            return f"{event.impl or 'multibuild'}: {event.message}"
        if isinstance(event, events.Decided):
            return f"{event.impl}: {'built' if event.action == 'build' else 'reuses'} {event.wheel}"
        if isinstance(event, events.PhaseStarted) and not self._live and self._slow(event):
            return f"{event.impl}: {_DOING[event.phase]}{f' with {event.detail}' if event.phase == 'build' else ''}"
        if isinstance(event, events.PhaseFinished) and not self._live and self.settings.verbose:
            return f"{event.impl}: {_DONE[event.phase]} in {event.seconds:.1f} s"
        return None

    def _slow(self, event: events.PhaseStarted) -> bool:
        return event.phase in {"env", "build", "qa"} or self.settings.verbose


def _draw(console: Console, table: Table) -> None:
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    styles = {"built": "green", "reused": "cyan", "failed": "red", "skipped": "yellow"}
    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        drawn.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(
            *(Text(cell, style=styles[row.action] if place == 1 else "") for place, cell in enumerate(row.cells))
        )
    console.print(drawn)
    for row in table.rows:
        for note in row.notes:
            console.print(f"{row.cells[0]}: {note}", markup=False, style="dim")


def _plain(table: Table) -> Iterator[str]:
    """Align the cells with blanks, so that the lines of a log can be read and cut by column."""
    widths = [
        max(len(cells[place]) for cells in (table.columns, *(row.cells for row in table.rows)))
        for place in range(len(table.columns))
    ]
    for row in table.rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row.cells, widths, strict=True)).rstrip()
        yield from (f"    {note}" for note in row.notes)


def _failure(event: events.Failed) -> str:
    lines = [f"{event.impl}: failed: {event.message}"]
    lines += [f"    | {line}" for line in event.tail.splitlines()]
    return "\n".join(lines)


class _Live:
    """A spinner, a phase and a clock for each implementation at work."""

    def __init__(self, console: Console) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.fields[impl]:<12}"), TextColumn("{task.description}")
        self.progress: Progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self.tasks: dict[str, TaskID] = {}

    def start(self) -> None:
        self.progress.start()

    def stop(self) -> None:
        self.progress.stop()

    def take(self, event: events.Event) -> None:
        impl = event.impl
        if isinstance(event, events.PhaseStarted):
            self.remove(event.impl)
            self.tasks[event.impl] = self.progress.add_task(_DOING[event.phase], impl=event.impl, total=None)
        elif isinstance(event, events.PhaseFinished | events.Failed) and impl is not None:
            self.remove(impl)

    def remove(self, impl: str) -> None:
        if impl in self.tasks:
            self.progress.remove_task(self.tasks.pop(impl))
