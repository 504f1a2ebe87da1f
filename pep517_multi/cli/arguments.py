"""Two liberties of the command line that click does not know: a default command, and many values after ``--impls``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pep517_multi.cli.endings import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DEFAULT_COMMAND = "all"
_GREEDY = ("--impls", "--wheel")
_SWITCHES: Mapping[str, tuple[str, ...]] = {"--sandbox": ("auto", "on", "off", "true", "false", "yes", "no", "1", "0")}
"""Options that may stand without a value and then mean ``on``, and the values that they may stand before."""


def spread(arguments: Sequence[str]) -> list[str]:
    """Give each value after ``--impls`` an ``--impls`` of its own, up to the next option or ``--``; so for ``--wheel``.

    A ``--sandbox`` that no value of its own follows gets one.

    >>> spread(["--impls", "3.11", "pypy3", "-q", "--", "."])
    ['--impls', '3.11', '--impls', 'pypy3', '-q', '--', '.']
    """
    return list(_spread(arguments))


def _spread(arguments: Sequence[str]) -> Iterator[str]:
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument == "--":
            yield from (argument, *remaining)
            return
        name, separator, value = argument.partition("=")
        if argument in _SWITCHES and (not remaining or remaining[0].lower() not in _SWITCHES[argument]):
            yield from (argument, "on")
            continue
        if name not in _GREEDY:
            yield argument
            continue
        values = [value] if separator else []
        while remaining and not remaining[0].startswith("-"):
            values.append(remaining.pop(0))
        # Without any value the bare option is left for click to complain about.
        yield from [part for text in values for part in (name, text)] or [name]


class Commands(click.Group):
    """A group whose default command is the whole job, so that ``multibuild --impls 3.11 3.12`` works as typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front where no command stands there."""
        args = spread(args)
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if not args or (args[0] not in self.commands and args[0] not in own):
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Let an interrupt be an error like others, of which click says nothing by itself."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise InterruptedRunError from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Leave the name of the default command out of usage lines."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == DEFAULT_COMMAND else name), command, rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, then the options of the whole job."""
        self.format_commands(ctx, formatter)
        whole = self.commands[DEFAULT_COMMAND]
        whole.format_options(click.Context(whole, info_name="", parent=ctx), formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show both forms."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [SOURCE]")
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS] [SOURCE]", prefix=" " * len("Usage: "))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List commands in the order of their definition, which is the order of their use."""
        return [name for name in self.commands if name != DEFAULT_COMMAND or ctx.params.get("with_default")]


class WithCommand(click.Command):
    """A command that takes another one after ``--``; it is in ``context.meta[META]``, empty where there is none."""

    META = "pep517_multi.command"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what follows ``--`` apart."""
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[self.META] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show the command in usage lines."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND…]"]


def pairs(texts: Sequence[str]) -> dict[str, str | list[str]]:
    """Join ``KEY=VALUE`` texts; a key that comes twice has a list of values, as pip and build have it.

    :raises click.BadParameter: a text has no ``=``.
    """
    joined: dict[str, Any] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise click.BadParameter(f"{text!r} is no KEY=VALUE", param_hint="-C")
        if key in joined:
            before = joined[key]
            joined[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            joined[key] = value
    return joined
