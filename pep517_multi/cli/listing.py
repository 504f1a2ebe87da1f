"""``multibuild impls``: the interpreters found, and which of them a name picks."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pep517_multi.cli.endings import ENDING
from pep517_multi.cli.session import finder_of, runner_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pep517_multi.interpreters import Candidate

_COLUMNS = ("name", "version", "executable", "found by", "")


@dataclass(frozen=True)
class _Line:
    """One executable; ``state`` says whether its name picks it, or why it cannot be used."""

    name: str | None
    version: str | None
    executable: str
    found: str
    state: str

    def plain(self) -> dict[str, Any]:
        usable = self.name is not None
        return {
            "impl": self.name,
            "version": self.version,
            "executable": self.executable,
            "found": self.found,
            "usable": usable,
            "picked": self.state == "",
            "why": self.state or None,
        }


def list_interpreters(given: Mapping[str, Any], *, as_json: bool) -> int:
    """List every interpreter on this machine, or those that ``--impls`` picks."""
    settings = settings_of(given)
    runner = runner_of()
    with ENDING.stopping(runner.close):
        finder = finder_of(runner)
        picked = finder.select(settings.impls) if settings.impls else None
        lines = [_line(candidate) for candidate in finder.survey()]
    if picked is not None:
        lines = [_Line(one.name, str(one.version), str(one.executable), one.found, "") for one in picked]
    if as_json:
        click.echo(json.dumps({"schema": 1, "impls": [line.plain() for line in lines]}, indent=2))
    else:
        _draw(lines)
    return 0


def _line(candidate: Candidate) -> _Line:
    interpreter = candidate.interpreter
    where = str(candidate.executable), candidate.found
    if interpreter is None:
        return _Line(None, None, *where, candidate.problem or "does not answer")
    state = "" if candidate.chosen_for else f"another {interpreter.name} comes first"
    return _Line(interpreter.name, str(interpreter.version), *where, state)


def _draw(lines: Sequence[_Line]) -> None:
    rows = [(line.name or "-", line.version or "-", line.executable, line.found, line.state) for line in lines]
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row).rstrip())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*_COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*map(Text, row), style="" if row[-1] == "" else "dim")
    Console(highlight=False).print(drawn)
