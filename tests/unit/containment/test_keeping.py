from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from processes import gone, is_running

from pep517_multi.process import Command, CommandStartError, CommandTimeoutError, LocalRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

DAEMON = """
import os, sys, time
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            with open("pid.tmp", "w") as stream:
                stream.write(str(os.getpid()))
            os.rename("pid.tmp", "pid")
            time.sleep(300)
        os._exit(0)
    while not os.path.exists("pid"):
        time.sleep(0.01)
"""
"""A process that has left its parent, its group and its session, and has closed nothing."""


@pytest.fixture
def runner() -> Iterator[LocalRunner]:
    runner = LocalRunner()
    yield runner
    runner.close()


def contained(script: str, folder: Path, **more: object) -> Command:
    argv = (sys.executable, "-I", "-S", "-c", DAEMON + textwrap.dedent(script))
    return Command(argv, cwd=folder, env={"PATH": "/usr/bin:/bin"}, contained=True, **more)  # type: ignore[arg-type]


def daemon_of(folder: Path) -> int:
    return int((folder / "pid").read_text())


def test_streams_input_and_return_code_pass_through(runner: LocalRunner, tmp_path: Path) -> None:
    script = "print(sys.stdin.read(), os.environ['PATH'], os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"
    completed = runner.run(contained(script, tmp_path, stdin=b"yes"))
    assert completed.stdout.decode() == f"yes /usr/bin:/bin {tmp_path}\n"
    assert (completed.returncode, completed.stderr) == (3, b"no\n")


def test_a_variable_may_be_empty_have_equal_signs_and_be_no_text(runner: LocalRunner, tmp_path: Path) -> None:
    environ = {"EMPTY": "", "EQUAL": "a=b=c", "ODD": os.fsdecode(b"\xff\n"), "PATH": "/bin"}
    script = "import os; print(sorted((n, v) for n, v in os.environb.items() if n != b'LC_CTYPE'))"
    command = Command((sys.executable, "-I", "-c", script), cwd=tmp_path, env=environ, contained=True)
    said = runner.run(command).stdout
    assert said == b"[(b'EMPTY', b''), (b'EQUAL', b'a=b=c'), (b'ODD', b'\\xff\\n'), (b'PATH', b'/bin')]\n"


def test_one_that_left_its_session_is_ended_with_the_command(runner: LocalRunner, tmp_path: Path) -> None:
    completed = runner.run(contained("daemon(); print('done')", tmp_path))
    assert completed.stdout == b"done\n"
    assert gone(daemon_of(tmp_path))


def test_the_log_says_what_was_left_behind(runner: LocalRunner, tmp_path: Path) -> None:
    log = tmp_path / "log"
    runner.run(contained("daemon()", tmp_path, log=log))
    assert log.read_text() == "# 1 process that it left behind was ended\n"


def test_a_time_limit_ends_one_that_left_its_session(runner: LocalRunner, tmp_path: Path) -> None:
    with pytest.raises(CommandTimeoutError, match="was still running after 2 seconds"):
        runner.run(contained("daemon(); time.sleep(300)", tmp_path, timeout=2))
    assert gone(daemon_of(tmp_path))


def test_closing_the_runner_ends_one_that_left_its_session(runner: LocalRunner, tmp_path: Path) -> None:
    import threading

    ended: list[int] = []
    command = contained("daemon(); open('ready', 'w'); time.sleep(300)", tmp_path)
    thread = threading.Thread(target=lambda: ended.append(runner.run(command).returncode))
    thread.start()
    while not (tmp_path / "ready").exists():
        time.sleep(0.01)
    runner.close()
    thread.join(10)
    assert ended == [-signal.SIGKILL]
    assert gone(daemon_of(tmp_path))


def test_when_multibuild_itself_is_killed_nothing_goes_on(tmp_path: Path) -> None:
    driver = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_keeping import contained, LocalRunner
        LocalRunner().run(contained("daemon(); time.sleep(300)", Path({str(tmp_path)!r})))
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(driver)], env=environ)
    while not (tmp_path / "pid").exists():
        time.sleep(0.01)
    assert is_running(daemon_of(tmp_path))
    child.kill()
    child.wait()
    assert gone(daemon_of(tmp_path))


def test_a_program_that_is_not_there_is_told(runner: LocalRunner, tmp_path: Path) -> None:
    command = Command(("missing",), cwd=tmp_path, env={"PATH": str(tmp_path)}, contained=True)
    with pytest.raises(CommandStartError, match=r"cannot start missing: No such file or directory"):
        runner.run(command)


def test_a_command_that_ends_itself_is_told_as_ended_by_the_signal(runner: LocalRunner, tmp_path: Path) -> None:
    completed = runner.run(contained("import signal; os.kill(os.getpid(), signal.SIGSEGV)", tmp_path))
    assert completed.returncode == -signal.SIGSEGV


def test_one_that_kills_its_keeper_has_failed_and_is_ended(runner: LocalRunner, tmp_path: Path) -> None:
    script = """
        import signal
        open("pid", "w").write(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(300)
    """
    assert runner.run(contained(script, tmp_path)).returncode == -signal.SIGKILL
    assert gone(daemon_of(tmp_path))


def test_a_keeper_that_was_stopped_does_not_stop_the_time_limit(runner: LocalRunner, tmp_path: Path) -> None:
    script = "import signal; daemon(); os.kill(os.getppid(), signal.SIGSTOP); time.sleep(300)"
    with pytest.raises(CommandTimeoutError):
        runner.run(contained(script, tmp_path, timeout=2))
    assert gone(daemon_of(tmp_path))


def test_processes_that_multiply_are_ended(runner: LocalRunner, tmp_path: Path) -> None:
    script = """
        for _ in range(40):
            if os.fork() == 0:
                os.setsid()
                for _ in range(5):
                    os.fork()
                    break
                time.sleep(300)
    """
    log = tmp_path / "log"
    runner.run(contained(script, tmp_path, log=log))
    assert "were ended" in log.read_text()
    assert not [
        path for path in Path("/proc").glob("[0-9]*/cwd") if path.exists() and path.resolve() == tmp_path.resolve()
    ]


def test_nothing_is_left_open_in_multibuild(runner: LocalRunner, tmp_path: Path) -> None:
    def opened() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    runner.run(contained("pass", tmp_path, log=tmp_path / "log"))
    before = opened()
    runner.run(contained("pass", tmp_path, log=tmp_path / "log"))
    with pytest.raises(CommandStartError):
        runner.run(Command(("missing",), cwd=tmp_path, env={}, contained=True))
    assert opened() == before
