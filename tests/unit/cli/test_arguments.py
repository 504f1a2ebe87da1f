from __future__ import annotations

import click
import pytest

from pep517_multi.cli.arguments import pairs, spread


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("--impls 3.11 3.12 pypy3", "--impls 3.11 --impls 3.12 --impls pypy3", id="many"),
        pytest.param("--impls 3.11 pypy3 -q .", "--impls 3.11 --impls pypy3 -q .", id="until the next option"),
        pytest.param("--impls 3.11 -- src", "--impls 3.11 -- src", id="until two dashes"),
        pytest.param("--impls=3.11 3.12 -q", "--impls 3.11 --impls 3.12 -q", id="with an equals sign"),
        pytest.param("--impls 3.11 --impls pypy3", "--impls 3.11 --impls pypy3", id="repeated"),
        pytest.param("src -- --impls 3.11", "src -- --impls 3.11", id="not behind two dashes"),
        pytest.param("--impls -q", "--impls -q", id="without any value, for click to complain"),
        pytest.param("--wheel a.whl b.whl --impls 3.11", "--wheel a.whl --wheel b.whl --impls 3.11", id="wheels too"),
        pytest.param("", "", id="nothing"),
        pytest.param("--sandbox src", "--sandbox on src", id="a-switch-before-the-source"),
        pytest.param("--sandbox", "--sandbox on", id="a-switch-alone"),
        pytest.param("--sandbox Auto -q", "--sandbox Auto -q", id="a-switch-with-a-value"),
        pytest.param("--sandbox=off src", "--sandbox=off src", id="a-switch-with-an-equal-sign"),
    ],
)
def test_an_option_for_many_takes_all_that_follows_until_the_next_option(typed: str, meant: str) -> None:
    assert spread(typed.split()) == meant.split()


def test_repeated_keys_make_a_list() -> None:
    assert pairs(["a=1", "b=x=y", "a=2", "a=3"]) == {"a": ["1", "2", "3"], "b": "x=y"}


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no KEY=VALUE"):
        pairs([text])
