from __future__ import annotations

import io

import pytest

from pep517_multi import events
from pep517_multi.cli.screen import Screen
from pep517_multi.reports.text import Row, Table
from pep517_multi.settings import Settings

RUN: tuple[events.Event, ...] = (
    events.PhaseStarted("python3.11", "env"),
    events.PhaseFinished("python3.11", "env", 0.5),
    events.PhaseStarted("python3.11", "build", "flit_core.buildapi"),
    events.PhaseFinished("python3.11", "build", 0.25, "a.whl"),
    events.Decided("python3.11", "build", "a.whl", ("no wheel is there yet",)),
    events.Decided("pypy3.9", "reuse", "a.whl", ("flit_core always makes the same pure wheel",)),
    events.PhaseStarted("pypy3.9", "install", "a.whl"),
    events.PhaseFinished("pypy3.9", "install", 0.1),
)
FAILED = events.Failed("python3.12", "it broke; the whole output is in x.log", "x.log", "first\nlast")
WARNING = events.Note("look at this", "python3.11", "warning")
NOTE = events.Note("skipped: too old", "python3.8")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*happened: events.Event, settings: Settings | None = None, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    with Screen(settings or Settings(), stream) as screen:
        for event in happened:
            screen(event)
    return stream.getvalue()


def test_a_log_has_a_line_for_what_begins_and_for_what_came_of_it() -> None:
    assert shown(*RUN).splitlines() == [
        "python3.11: making the build environment",
        "python3.11: building with flit_core.buildapi",
        "python3.11: built a.whl",
        "pypy3.9: reuses a.whl",
    ]


def test_a_verbose_log_has_the_times_too() -> None:
    lines = shown(*RUN, settings=Settings(verbose=True)).splitlines()
    assert "python3.11: build environment made in 0.5 s" in lines
    assert "pypy3.9: staged in 0.1 s" in lines


def test_a_failure_is_told_with_the_end_of_its_output() -> None:
    assert shown(FAILED).splitlines() == [
        "python3.12: failed: it broke; the whole output is in x.log",
        "    | first",
        "    | last",
    ]


def test_quiet_leaves_what_went_wrong() -> None:
    lines = shown(*RUN, NOTE, WARNING, FAILED, settings=Settings(quiet=True)).splitlines()
    assert [line.partition(": ")[2] for line in lines[:2]] == ["warning: look at this", f"failed: {FAILED.message}"]


def test_a_note_on_the_whole_run_is_multibuilds_own() -> None:
    assert shown(events.Note("waiting")) == "multibuild: waiting\n"


@pytest.mark.parametrize(
    ("settings", "stream", "colored"),
    [
        pytest.param(Settings(), io.StringIO(), False, id="no-terminal"),
        pytest.param(Settings(color="always"), io.StringIO(), False, id="always-needs-none-for-plain-lines"),
        pytest.param(Settings(color="never", progress=False), Terminal(), False, id="never"),
        pytest.param(Settings(), Terminal(), True, id="terminal"),
    ],
)
def test_control_codes_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, stream: io.StringIO, *, colored: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ("\x1b" in shown(*RUN, FAILED, settings=settings, stream=stream)) is colored


def test_the_end_is_a_table_that_can_be_cut_by_column_and_one_line_on_the_whole() -> None:
    rows = (
        Row("built", ("python3.11", "built", "py3-none-any"), ()),
        Row("reused", ("pypy3.9", "reused from python3.11", "py3-none-any"), ("because it is the same",)),
    )
    stream = io.StringIO()
    Screen(Settings(), stream).show(Table(("implementation", "wheel", "tag"), rows), "2 done")
    assert stream.getvalue().splitlines() == [
        "python3.11      built                   py3-none-any",
        "pypy3.9         reused from python3.11  py3-none-any",
        "    because it is the same",
        "2 done",
    ]
