from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pep517_multi.cli.options import command_line
from pep517_multi.errors import UsageError
from pep517_multi.settings import resolve

HERE = Path("/here")


def typed(**given: Any) -> Any:  # noqa: ANN401 - click hands over the values of options as they come
    return command_line(given, HERE).values


def test_what_was_not_given_is_left_to_weaker_layers() -> None:
    assert typed(impls=(), prefix=None, quiet=None, isolation=None, no_reuse=None) == {}


def test_flags_that_were_given_are_there_whichever_way() -> None:
    assert typed(isolation=False, quiet=True) == {"isolation": False, "quiet": True}


def test_no_reuse_is_a_short_form() -> None:
    assert typed(no_reuse=True) == {"reuse": "never"}


def test_config_settings_are_joined_and_single_ones_are_stronger_than_json() -> None:
    given = typed(config_json='{"a": "1", "b": ["x", "y"]}', config_setting=("a=2", "c=3"))
    assert given == {"config-settings": {"a": "2", "b": ["x", "y"], "c": "3"}}


@pytest.mark.parametrize(("key", "value"), [("jobs", "0"), ("scheme", ""), ("timeout", "-1"), ("prefix", "/a/../b")])
def test_a_value_that_makes_no_sense_is_told_with_its_option(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{key} in the command line is '{value}'"):
        resolve([command_line({key: value}, HERE)])


def test_paths_are_relative_to_where_the_command_was_typed() -> None:
    assert resolve([command_line({"workdir": "work"}, HERE)]).workdir == HERE / "work"
