from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest
from processes import gone

from pep517_multi.process import Command, CommandStartError, CommandTimeoutError, LocalRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = sys.executable


@pytest.fixture
def runner() -> Iterator[LocalRunner]:
    runner = LocalRunner()
    yield runner
    runner.close()


def python(script: str, folder: Path, **more: object) -> Command:
    return Command((PYTHON, "-I", "-S", "-c", script), cwd=folder, env={"PATH": "/usr/bin:/bin"}, **more)  # type: ignore[arg-type]


def test_both_streams_and_the_return_code_are_the_answer(runner: LocalRunner, tmp_path: Path) -> None:
    script = "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)"
    completed = runner.run(python(script, tmp_path, stdin=b"yes"))
    assert (completed.returncode, completed.stdout, completed.stderr) == (3, b"yes\n", b"no\n")


def test_nothing_of_the_environment_is_inherited(runner: LocalRunner, tmp_path: Path) -> None:
    completed = runner.run(python("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))", tmp_path))
    assert completed.stdout == b"['PATH']\n"


def test_a_log_takes_both_streams_in_order(runner: LocalRunner, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    completed = runner.run(python(script, tmp_path, log=log))
    assert (completed.stdout, log.read_text()) == (b"", "before\nout\nerr\n")


def test_a_time_limit_ends_the_command_and_its_children(runner: LocalRunner, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pid', 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(CommandTimeoutError, match="was still running after 1 seconds"):
        runner.run(python(script, tmp_path, timeout=1))
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_child_left_behind_is_ended_and_not_waited_for(runner: LocalRunner, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)"
    )
    completed = runner.run(python(script, tmp_path))
    assert gone(int(completed.stdout))


def test_closing_ends_what_runs_and_starts_nothing_more(runner: LocalRunner, tmp_path: Path) -> None:
    child = runner.spawn(python("import time; time.sleep(60)", tmp_path))
    with child:
        runner.close()
        assert child.wait(10) == -signal.SIGKILL
    with pytest.raises(CommandStartError, match="is being stopped"):
        runner.run(python("", tmp_path))


def test_a_conversation_goes_over_pipes(runner: LocalRunner, tmp_path: Path) -> None:
    child = runner.spawn(python("print(input()[::-1], flush=True); input()", tmp_path))
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"abc\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"cba\n"
        child.stdin.write(b"\n")
    assert child.returncode == 0


def test_a_command_that_is_not_there_is_told(runner: LocalRunner, tmp_path: Path) -> None:
    with pytest.raises(CommandStartError, match=r"cannot start .*: No such file or directory"):
        runner.run(Command((str(tmp_path / "missing"),), cwd=tmp_path, env={}))
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_longer_than_a_poll_can_be_is_a_limit_like_others(runner: LocalRunner, tmp_path: Path) -> None:
    assert runner.run(python("print(1)", tmp_path, timeout=3_000_000.0)).stdout == b"1\n"
