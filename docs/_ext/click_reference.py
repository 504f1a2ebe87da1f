"""The command-line reference, written from the click commands themselves.

    ```{click-reference} package.module:name program
    ```

``name`` is a :class:`click.Command` or a function without parameters that returns one, ``program`` what a user types.
"""

from __future__ import annotations

import contextlib
import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from markup import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx


class _Recorder(click.HelpFormatter):
    """Takes what a command would print as its help, as Markdown, so that every liberty of a command shows here too."""

    def __init__(self) -> None:
        super().__init__(width=1000)  # so that no description is cut short
        self.usages: list[str] = []
        self.lines: list[str] = []

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        del prefix  # "Usage:", which the layout of the page says
        self.usages.append(f"{prog} {args}".strip())

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        self.lines.append(f"**{escaped(name)}**\n")
        yield

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        del col_max, col_spacing  # of a terminal
        for term, text in rows:
            self.lines.append(f"`{term}`\n: {_flat(text) or '(not described)'}\n")


def load(address: str) -> click.Command:
    """Import the command at ``package.module:name``.

    :raises ValueError: there is something else.
    """
    module, _, name = address.partition(":")
    found = getattr(import_module(module), name)
    command = found() if inspect.isfunction(found) else found
    if not isinstance(command, click.Command):
        raise ValueError(f"{address} is a {type(command).__name__}, no click command")  # noqa: TRY004 - as documented
    return command


def reference(command: click.Command, *, name: str) -> str:
    """Return the Markdown of a command and of all below it that is not hidden: usage, help and options."""
    return "\n".join(_lines(_context(command, name), level=2))


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, **command.context_settings)


def _lines(context: click.Context, *, level: int) -> Iterator[str]:
    command = context.command
    recorder = _Recorder()
    command.format_usage(context, recorder)
    command.format_options(context, recorder)
    yield f"{'#' * level} {context.command_path}\n"
    yield "```text\n" + "\n".join(recorder.usages) + "\n```\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield _flat(paragraph.replace("\b", "")) + "\n"
    yield from recorder.lines
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand and not subcommand.hidden:
                yield from _lines(_context(subcommand, name, context), level=level + 1)


def _flat(text: str) -> str:
    return escaped(" ".join(text.split()))


def _write(argument: str) -> str:
    address, _, name = argument.partition(" ")
    command = load(address)
    return reference(command, name=name or command.name or "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    from generated import directive

    app.add_directive("click-reference", directive(_write))
    return {"parallel_read_safe": True}
