"""What the extensions of the documentation write; Sphinx itself is not needed for that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    from importlib import import_module

    monkeypatch.syspath_prepend(EXTENSIONS)
    return import_module


@click.group()
@click.option("--loud", is_flag=True, help="Shout.")
def toy(**_: object) -> None:
    """Play with *toys*.

    Gently.
    """


@toy.command()
@click.argument("toy")
@click.option("--colour", "-c", metavar="NAME", default="red", show_default=True, help="Paint it | varnish it.")
@click.option("--secret", hidden=True)
def paint(**_: object) -> None:
    """Paint a toy."""


@toy.command(hidden=True)
def smash() -> None:
    """Break a toy."""


def make_toy() -> click.Command:
    return toy


def test_the_reference_has_a_section_for_the_program_and_each_command(extension: Callable[[str], ModuleType]) -> None:
    text = extension("click_reference").reference(toy, name="toybox")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["## toybox", "### toybox paint"]


def test_the_reference_shows_how_a_command_is_used(extension: Callable[[str], ModuleType]) -> None:
    text = extension("click_reference").reference(toy, name="toybox")
    assert "toybox [OPTIONS] COMMAND [ARGS]..." in text
    assert "toybox paint [OPTIONS] TOY" in text


def test_the_reference_has_every_option_with_its_help_and_default(extension: Callable[[str], ModuleType]) -> None:
    text = extension("click_reference").reference(toy, name="toybox")
    assert "`-c, --colour NAME`\n: Paint it \\| varnish it." in text
    assert "default: red" in text
    assert "`--loud`\n: Shout." in text


def test_the_reference_leaves_out_what_is_hidden(extension: Callable[[str], ModuleType]) -> None:
    text = extension("click_reference").reference(toy, name="toybox")
    assert "smash" not in text
    assert "secret" not in text


def test_help_is_text_and_never_markup(extension: Callable[[str], ModuleType]) -> None:
    text = extension("click_reference").reference(toy, name="toybox")
    assert "Play with \\*toys\\*.\n\nGently." in text


@pytest.mark.parametrize("name", ["toy", "make_toy"])
def test_a_command_is_found_by_its_address(
    extension: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "toybox_module", sys.modules[__name__])
    assert extension("click_reference").load(f"toybox_module:{name}") is toy


def test_an_address_of_something_else_is_refused(extension: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="os:sep is a str, no click command"):
        extension("click_reference").load("os:sep")


def test_the_settings_table_has_a_row_for_every_setting(extension: Callable[[str], ModuleType]) -> None:
    from pep517_multi.settings import SETTINGS

    table = extension("settings_reference").table(SETTINGS, {"prefix": "/usr", "isolation": True, "compile": (0, 1)})
    assert len(table.splitlines()) == len(SETTINGS) + 2
    assert "| `prefix` | `DIR` | `/usr` | `PEP517_MULTI_PREFIX` |" in table
    assert "| `isolation` | `true\\|false` | `true` |" in table
    assert "| `compile` | `LEVELS` | `0,1` |" in table
    assert "| `scheme` | `NAME` |  |" in table


def test_the_report_table_has_nested_keys_with_the_path_to_them(extension: Callable[[str], ModuleType]) -> None:
    entry = {"properties": {"name": {"type": ["string", "null"], "description": "Of it."}}}
    schema = {"properties": {"version": {"const": 1}, "items": {"type": "array", "items": {"type": "object", **entry}}}}
    assert extension("schema_reference").table(schema).splitlines()[2:] == [
        "| `version` | `1` |  |",
        "| `items` | array of objects |  |",
        "| `items[].name` | string or null | Of it. |",
    ]


def test_changelog_fragments_become_one_list_in_the_order_of_their_names(
    extension: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("How to write one.\n")
    (tmp_path / "b.md").write_text("Second.\n")
    (tmp_path / "a.md").write_text("First,\nin two lines.\n")
    assert extension("changelog_fragments").joined(tmp_path) == "- First,\n  in two lines.\n- Second.\n"
