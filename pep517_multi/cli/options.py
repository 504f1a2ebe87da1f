"""The options of the commands, made from the table of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pep517_multi.cli.arguments import pairs
from pep517_multi.errors import UsageError
from pep517_multi.settings import BY_KEY, Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_FLAGS: Mapping[str, tuple[str, ...]] = {
    # A setting whose option is not simply --key VALUE: the declarations of a click flag.
    "abi3": ("--abi3/--no-abi3",),
    "abi3-audit": ("--abi3-audit/--no-abi3-audit",),
    "all-modules": ("--all-modules/--no-all-modules",),
    "deps": ("--deps/--no-deps",),
    "isolation": ("--isolation/--no-isolation",),
    "progress": ("--progress/--no-progress",),
    "quiet": ("-q", "--quiet"),
    "verbose": ("-v", "--verbose"),
}
_SHORT: Mapping[str, str] = {"jobs": "-j"}
_MULTIPLE = ("impls", "qa-rules", "check-off", "strip", "build-constraint", "patch", "prepare", "source-for", "exclude")

SCREEN = ("quiet", "verbose", "color", "progress")
TARGETS = ("impls", "sysroot", "workdir")
WORK = (*TARGETS, "report", "report-html", "jobs", "max-size", "max-ratio", "wheel-names")
BUILD = (
    "reuse",
    "abi3",
    "abi3-audit",
    "ext",
    "isolation",
    "sandbox",
    "build-constraint",
    "config-settings",
    "patch",
    "prepare",
    "source-for",
    "exclude",
    "timeout",
)
QA = ("qa", "qa-rules", "qa-tool")
STAGE = (
    "roots",
    "destdir",
    "prefix",
    "scheme",
    "shebang",
    "scripts",
    "prefer",
    "compile",
    "invalidation-mode",
    "dedupe",
    "strip",
    "license-dir",
    "installer",
)
CHECK = ("check-off", "check-timeout", "all-modules", "deps")


def options(*keys: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of these settings, and ``--config``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        config = click.option("--config", metavar="FILE", help="Settings from this file, stronger than the project's.")
        function = config(function)
        for key in reversed(keys):
            for option in reversed(_declarations(key)):
                function = option(function)
        return function

    return decorate


def _declarations(key: str) -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    setting = BY_KEY[key]
    text = setting.help[0].upper() + setting.help[1:] + "."
    if key == "config-settings":
        return [
            click.option("-C", "--config-setting", multiple=True, metavar=setting.takes, help=text),
            click.option("--config-json", metavar="JSON", help="The same as a JSON object."),
        ]
    if key in _FLAGS:
        return [click.option(*_FLAGS[key], setting.attribute, is_flag=True, default=None, help=text)]
    names = [_SHORT[key]] if key in _SHORT else []
    declared = click.option(
        *names, f"--{key}", setting.attribute, metavar=setting.takes, multiple=key in _MULTIPLE, help=text
    )
    if key == "reuse":
        never = click.option("--no-reuse", "no_reuse", is_flag=True, default=None, help="The same as --reuse never.")
        return [declared, never]
    if key == "qa":
        warn = click.option("--qa-diff", "qa_diff", is_flag=True, default=None, help="The same as --qa warn.")
        return [declared, warn]
    return [declared]


def command_line(given: Mapping[str, Any], folder: Path) -> Layer:
    """Make a layer of settings from what click parsed; what was not given is not in it."""
    values: dict[str, Any] = {
        key: list(value) if isinstance(value, tuple) else value
        for key, setting in BY_KEY.items()
        if (value := given.get(setting.attribute)) not in (None, ())
    }
    if given.get("qa_diff"):
        values.setdefault("qa", "warn")
    if given.get("no_reuse"):
        values["reuse"] = "never"
    settings = pairs(given.get("config_setting") or ())
    layers: list[object] = [layer for layer in (given.get("config_json"), settings) if layer]
    if layers:
        merged: dict[str, Any] = {}
        for layer in layers:
            merged |= _read_config_settings(layer, folder)
        values["config-settings"] = merged
    return Layer("the command line", values, folder)


def _read_config_settings(layer: object, folder: Path) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = BY_KEY["config-settings"].read(layer, folder)
    except ValueError as error:
        raise UsageError(f"--config-json is {layer!r}: {error}") from error
    return read
