from __future__ import annotations

import pytest

from pep517_multi.backends.makeflags import jobserver, with_jobserver

WAY = "--jobserver-auth=fifo:/p"


@pytest.mark.parametrize(
    ("makeflags", "named"),
    [
        ("", None),
        (" -j4", None),
        (" -j4 --jobserver-auth=3,4", "3,4"),
        ("kw -j4 --jobserver-fds=3,4 -- A=b", "3,4"),
        (" -j4 --jobserver-auth=3,4 --jobserver-auth=fifo:/tmp/x", "fifo:/tmp/x"),
        ("-- --jobserver-auth=fifo:/tmp/x", "fifo:/tmp/x"),
    ],
)
def test_the_last_jobserver_that_is_named_counts(makeflags: str, named: str | None) -> None:
    assert jobserver(makeflags) == named


@pytest.mark.parametrize(
    ("makeflags", "expected"),
    [
        pytest.param("", f"-j3 {WAY}", id="nothing-before"),
        pytest.param("-j8", f"-j3 {WAY}", id="a-bound-of-its-own"),
        pytest.param("-j 8 --jobs=9 -j", f"-j3 {WAY}", id="bounds-of-all-kinds"),
        pytest.param("j8", f"-j3 {WAY}", id="without-a-dash"),
        pytest.param("kw -j8 --jobserver-auth=3,4 -l2", f"kw   -l2 -j3 {WAY}", id="other-options-stay"),
        pytest.param(" -- A=b C=d\\ e", f"-j3 {WAY} -- A=b C=d\\ e", id="variables-stay-last"),
    ],
)
def test_a_new_make_gets_the_pipe_among_its_options(makeflags: str, expected: str) -> None:
    assert with_jobserver(makeflags, "/p", jobs=3) == expected


@pytest.mark.parametrize(
    ("makeflags", "expected"),
    [
        pytest.param("", f"-- {WAY}", id="nothing-before"),
        pytest.param("kw -j8 --jobserver-auth=3,4", f"kw -- {WAY}", id="letters-stay-first"),
        pytest.param(" -j8 -- A=b", f"-- A=b {WAY}", id="among-variables"),
        pytest.param(f"-- {WAY}", f"-- {WAY}", id="twice-is-once"),
    ],
)
def test_an_old_make_gets_the_pipe_where_it_overlooks_it(makeflags: str, expected: str) -> None:
    assert with_jobserver(makeflags, "/p", jobs=None) == expected
