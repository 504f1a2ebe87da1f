"""The command-line reference, written from the click commands themselves.

    ```{click-reference} package.module:name
    ```

``name`` is a :class:`click.Command` or a function without parameters that returns one.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from generated import directive, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


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
    """Return the Markdown of a command and all below it that is not hidden: usage, help, arguments and options."""
    return "\n".join(_lines(click.Context(command, info_name=name), command, level=2))


def _lines(context: click.Context, command: click.Command, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    if command.help:
        for paragraph in inspect.cleandoc(command.help).split("\n\n"):
            yield escaped(" ".join(paragraph.replace("\b", "").split())) + "\n"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record:
            declaration, text = record
            yield f"`{declaration}`\n: {escaped(' '.join(text.split())) or '(not described)'}\n"
    if isinstance(command, click.Group):
        for subcommand_name in command.list_commands(context):
            subcommand = command.get_command(context, subcommand_name)
            if subcommand and not subcommand.hidden:
                below = click.Context(subcommand, info_name=subcommand_name, parent=context)
                yield from _lines(below, subcommand, level=level + 1)


def _write(argument: str) -> str:
    address, _, name = argument.partition(" ")
    command = load(address)
    return reference(command, name=name or command.name or "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("click-reference", directive(_write))
    return {"parallel_read_safe": True}
