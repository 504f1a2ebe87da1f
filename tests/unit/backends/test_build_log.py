from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.backends.build_log import append, blamed, output_from, read_from, run_logged, size, worth_showing
from pep517_multi.process import Command, Completed

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


class RecordingRunner:
    def __init__(self) -> None:
        self.commands: list[Command] = []

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        return Completed(0, 0.0)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        raise NotImplementedError(command)


def test_each_command_stands_under_a_header_that_says_what_ran_where(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "build.log"
    command = Command(("tool", "an argument"), cwd=tmp_path, env={})

    run_logged(RecordingRunner(), command, title="python3.12: something", log=log)

    assert list(output_from(log, 0)) == []
    assert log.read_text() == f"# python3.12: something\n# in {tmp_path}\n# $ tool 'an argument'\n"


def test_a_long_log_is_shown_by_its_end() -> None:
    shown = worth_showing(f"line {number}" for number in range(1000)).splitlines()

    assert shown[-1] == "line 999"
    assert len(shown) == 25


def test_empty_lines_take_no_place() -> None:
    assert worth_showing(["a", "", "", "b"]) == "a\nb"


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param("src/x.c:3:10: fatal error: ffi.h: No such file or directory", id="gcc-header"),
        pytest.param("src/x.c:7:5: error: unknown type name 'foo'", id="clang"),
        pytest.param("error[E0432]: unresolved import `pyo3`", id="rustc"),
        pytest.param("/usr/bin/ld: cannot find -lfoo: No such file or directory", id="ld"),
        pytest.param("x.o: in function `f': x.c:(.text+0x1): undefined reference to `g'", id="undefined"),
        pytest.param("CMake Error at CMakeLists.txt:3 (find_package):", id="cmake"),
        pytest.param("../meson.build:4:0: ERROR: Dependency 'foo' not found", id="meson"),
    ],
)
def test_the_compilers_error_is_dug_out_from_above_the_end(cause: str) -> None:
    lines = ["start", cause, *(f"noise {number}" for number in range(100))]

    shown = worth_showing(lines).splitlines()

    assert shown[:2] == [cause, "…"]
    assert shown[-1] == "noise 99"


def test_an_error_within_the_end_is_not_shown_twice() -> None:
    assert worth_showing(["x.c:1:1: error: no"]) == "x.c:1:1: error: no"


def test_frames_of_the_script_that_calls_hooks_are_left_out() -> None:
    traceback = [
        "Traceback (most recent call last):",
        '  File "/x/pyproject_hooks/_in_process/_in_process.py", line 389, in <module>',
        "    main()",
        "    ~~~~^^",
        '  File "/x/pyproject_hooks/_in_process/_in_process.py", line 280, in build_wheel',
        "    return _build_backend().build_wheel(",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        '  File "/env/backend.py", line 2, in build_wheel',
        '    raise ValueError("no")',
        "ValueError: no",
    ]

    assert worth_showing(traceback).splitlines() == [traceback[0], *traceback[-3:]]


def test_control_codes_progress_and_overlong_lines_are_tamed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\x1b[31mred\x1b[0m\n10%\r100%\n\xff\n" + b"x" * 100_000 + b"\n")

    lines = list(read_from(log, 0))

    assert lines[:3] == ["red", "100%", "\N{REPLACEMENT CHARACTER}"]
    assert len(lines[3]) == 400


def test_reading_begins_where_the_log_ended_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert size(log) == 0
    assert list(read_from(log, 0)) == []
    append(log, "before")
    before = size(log)
    append(log, "after")

    assert list(read_from(log, before)) == ["after"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            "Using Python 3.12 environment at: e\nerror: No solution found when resolving dependencies\n"
            "  cause: Because toy was not found\n\nhint: try harder\n",
            "No solution found when resolving dependencies: Because toy was not found",
            id="uv",
        ),
        pytest.param(
            "  x No solution found:\n  ╰─▶ Because toy was not found and\n      you require it\n",
            "Because toy was not found and you require it",
            id="uv-as-a-tree",
        ),
        pytest.param(
            "Looking in links: x\nERROR: Could not find a version\nERROR: No matching distribution found for toy\n"
            "[notice] a new pip\n",
            "No matching distribution found for toy",
            id="pip",
        ),
        pytest.param("something odd\n\n", "something odd", id="no-error-line"),
        pytest.param("", "nothing was said", id="silence"),
    ],
)
def test_what_an_installer_blames_is_found(said: str, expected: str) -> None:
    assert blamed(said.splitlines()) == expected


def test_of_a_log_without_end_the_beginning_and_the_end_are_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        stream.write("begin: error: this\n")
        for _ in range(20):
            stream.write("x" * (1 << 20))
        stream.write("\nend\n")

    lines = list(read_from(log, 0))

    assert (lines[0], lines[-1]) == ("begin: error: this", "end")
    assert len(lines) < 300


def test_credentials_do_not_reach_a_log(tmp_path: Path) -> None:
    append(tmp_path / "log", "uv --index https://me:secret@host/simple")
    assert (tmp_path / "log").read_text() == "uv --index https://****@host/simple\n"
