from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pep517_multi import events, orphans
from pep517_multi.errors import UsageError
from pep517_multi.files import FileError
from pep517_multi.pipeline.workdir import WorkDirectory


@pytest.fixture
def work(tmp_path: Path) -> WorkDirectory:
    return WorkDirectory(tmp_path / "deep" / "work")


def check_told(told: list[events.Event], work: WorkDirectory) -> None:
    """Check that the one thing told is who holds ``work``."""
    (note,) = told
    assert isinstance(note, events.Note)
    assert note.level == "warning"
    holder = rf"process {os.getpid()} on {re.escape(socket.gethostname())} since \S+: .*"
    assert re.fullmatch(rf"another run holds {work.path} \({holder}\); waiting until it ends", note.message)


def test_version_control_does_not_see_a_work_directory(work: WorkDirectory) -> None:
    with work.held(events.ignore):
        assert (work.path / ".gitignore").read_text() == "*\n"


def test_a_second_run_waits_until_the_first_has_ended_and_says_so(work: WorkDirectory) -> None:
    told: list[events.Event] = []
    waiting, entered = threading.Event(), threading.Event()

    def observe(event: events.Event) -> None:
        told.append(event)
        waiting.set()

    def second() -> None:
        with work.held(observe):
            entered.set()

    with work.held(events.ignore):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert not entered.is_set()
    thread.join(30)
    assert entered.is_set()
    check_told(told, work)


def test_clean_removes_what_runs_made_and_the_directory_with_it(work: WorkDirectory) -> None:
    with work.held(events.ignore):
        for folder in (work.wheels, work.roots, work.sources, work.environments, work.build("x"), work.changed("x")):
            folder.mkdir(parents=True)
        work.log("x").touch()
        work.report.touch()
        work.source.touch()
    assert work.clean(events.ignore)
    assert not work.path.exists()
    assert not work.clean(events.ignore)


def test_clean_spares_what_is_not_of_a_run(work: WorkDirectory) -> None:
    with work.held(events.ignore):
        (work.path / "mine").touch()
    assert work.clean(events.ignore)
    assert [path.name for path in work.path.iterdir()] == ["mine"]


def test_clean_refuses_a_directory_in_which_no_run_was(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    with pytest.raises(UsageError, match="is no work directory of multibuild; nothing was removed"):
        WorkDirectory(tmp_path).clean(events.ignore)
    assert (tmp_path / "wheels").is_dir()


def test_a_project_that_has_a_work_directory_is_none_itself(tmp_path: Path) -> None:
    with WorkDirectory(tmp_path / ".multibuild").held(events.ignore):
        pass
    (tmp_path / "tests").mkdir()

    with pytest.raises(UsageError, match="nothing was removed"):
        WorkDirectory(tmp_path).clean(events.ignore)
    assert (tmp_path / "tests").is_dir()


def test_second_names_are_gone_when_nobody_stages_any_more(work: WorkDirectory) -> None:
    with work.second_names() as folder:
        folder.mkdir(parents=True)
        (folder / "left").touch()
    assert not folder.exists()


def test_second_names_of_a_run_that_was_killed_are_gone_too(work: WorkDirectory) -> None:
    with work.second_names() as folder:
        pass
    folder.mkdir(parents=True)
    (folder / "stale").touch()
    with work.second_names() as again:
        assert not (again / "stale").exists()


def test_a_folder_of_somebody_elses_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    with pytest.raises(UsageError, match="is not empty, and no work directory of multibuild"):
        WorkDirectory(tmp_path).held(events.ignore).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["environments"]


def test_a_lock_of_another_tool_makes_no_work_directory(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / "logs").mkdir()
    with pytest.raises(UsageError, match="nothing was removed"):
        WorkDirectory(tmp_path).clean(events.ignore)
    assert (tmp_path / "logs").is_dir()


@pytest.mark.parametrize("source", [".", "below/it"])
def test_a_source_in_the_work_directory_is_refused(work: WorkDirectory, source: str) -> None:
    with pytest.raises(UsageError, match="lies in the work directory"):
        work.refuse_source(work.path / source)


def test_a_source_around_the_work_directory_is_as_usual(work: WorkDirectory) -> None:
    work.refuse_source(work.path.parent)


def test_clean_waits_until_a_run_has_ended_and_says_so(work: WorkDirectory) -> None:
    told: list[events.Event] = []
    waiting = threading.Event()

    def observe(event: events.Event) -> None:
        told.append(event)
        waiting.set()

    with work.held(events.ignore):
        thread = threading.Thread(target=work.clean, args=(observe,))
        thread.start()
        assert waiting.wait(30)
        assert work.path.exists()
    thread.join(30)
    assert not work.path.exists()
    check_told(told, work)


HOLD = """
import pathlib, sys, time
from pep517_multi import events
from pep517_multi.pipeline.workdir import WorkDirectory
work = WorkDirectory(pathlib.Path(sys.argv[1]))
with work.held(events.ignore):
    for name in sys.argv[2:]:
        (work.path / name).parent.mkdir(parents=True, exist_ok=True)
        (work.path / name).write_text("half")
    print("held", flush=True)
    time.sleep(1000)
"""
HALF = (
    "builds/python3.12/source/x", "environments/python3.12-0/x", "changed/python3.12/x", "staging/0/x",
    ".report.json.01234567.tmp", "wheels/.x.whl.01234567.tmp", "wheels/python3.12/.x.whl.01234567.tmp",
    "roots/.python3.12.01234567.tmp/usr/x", "images/image-0/roots/.python3.12.01234567.tmp/usr/x",
    "images/image-0/.image.json.01234567.tmp", "sources/.sdist.01234567.tmp/x", "qa/.unfinished", "qa/python3.12/x",
    "wheels/gone.whl.json", "wheels/.served.json", "wheels/torn.whl", "wheels/torn.whl.json",
)  # fmt: skip
WHOLE = ("roots/python3.12/usr/x", "wheels/dropped-by-hand.whl", "logs/x", "report.json", "tests/python3.12/x")


def killed_while_holding(work: WorkDirectory, *names: str) -> int:
    """Let a process hold ``work`` and write files there, kill it, and return its number."""
    command: list[str | Path] = [sys.executable, "-c", HOLD, work.path, *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    return holder.pid


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_what_a_killed_run_left_half_made_is_cleared_away_and_nothing_else(work: WorkDirectory) -> None:
    told: list[events.Event] = []
    pid = killed_while_holding(work, *HALF, *WHOLE)
    with work.held(told.append):
        assert below(work.path) == {*WHOLE, ".lock", ".multibuild", ".gitignore"}
    messages = [event.message for event in told if isinstance(event, events.Note)]
    assert messages[0].startswith(f"the last run on {work.path} was killed (process {pid} on ")
    assert [message for message in messages[1:] if "torn.whl is dropped" in message]

    told.clear()
    with work.held(told.append):
        assert told == []


def test_a_run_that_ended_by_itself_is_not_taken_for_killed(work: WorkDirectory) -> None:
    for name in ("builds", "environments"):
        (work.path / name).mkdir(parents=True)
    (work.path / ".multibuild").touch()
    with pytest.raises(KeyboardInterrupt), work.held(events.ignore):
        raise KeyboardInterrupt
    assert not (work.path / "builds").exists()
    told: list[events.Event] = []
    with work.held(told.append):
        assert (work.path / "environments").is_dir()
    assert told == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\0" * 64, id="zeros"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"[1, 2]", id="other"),
        pytest.param(json.dumps({"pid": 1, "host": "elsewhere", "since": "2001", "command": "x"}).encode(), id="host"),
    ],
)
def test_a_lock_file_of_nobody_locks_nobody_out(work: WorkDirectory, content: bytes) -> None:
    with work.held(events.ignore):
        pass
    (work.path / ".lock").write_bytes(content)
    told: list[events.Event] = []
    with work.held(told.append):
        assert "was killed" in str(told[0])
        assert ("process 1 on elsewhere since 2001: x" in str(told[0])) == (b"elsewhere" in content)


def test_a_lock_file_that_is_a_link_is_refused(work: WorkDirectory, tmp_path: Path) -> None:
    with work.held(events.ignore):
        pass
    (tmp_path / "precious").write_text("mine")
    (work.path / ".lock").unlink()
    (work.path / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(FileError, match="cannot make the work directory"), work.held(events.ignore):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


def test_many_runs_and_cleanings_that_start_at_once_take_turns(work: WorkDirectory) -> None:
    inside: list[int] = []
    together: list[int] = []

    def run(number: int) -> None:
        for _ in range(10):
            if number % 3 == 2:
                work.clean(events.ignore)
                continue
            with work.held(events.ignore):
                inside.append(number)
                (work.path / "report.json").write_text(str(number))
                together.append(len(inside))
                assert (work.path / "report.json").read_text() == str(number)
                inside.remove(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert together == [1] * 60


def test_a_directory_that_is_cleaned_away_while_it_is_looked_for_is_made(
    work: WorkDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir
    asked: list[Path] = []

    def unlucky(path: Path, mode: int = 0o777, **how: bool) -> None:
        asked.append(path)
        if len(asked) == 1:  # there was one, and it was gone when it was asked whether it is a folder
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        mkdir(path, mode, **how)

    monkeypatch.setattr(Path, "mkdir", unlucky)
    with work.held(events.ignore):
        assert work.path.is_dir()


def test_a_file_in_the_place_of_the_directory_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "work").touch()
    with pytest.raises(FileError, match=r"cannot make the work directory .*: File exists"):
        WorkDirectory(tmp_path / "work").held(events.ignore).__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in Linux's /proc")
def test_processes_that_a_killed_run_left_are_ended_and_no_others(work: WorkDirectory, tmp_path: Path) -> None:
    def sleeping(folder: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "1000"], env=orphans.marked(os.environ, folder), start_new_session=True)

    killed_while_holding(work)
    with sleeping(work.path) as left, sleeping(tmp_path / "other") as other:
        try:
            with work.held(events.ignore):
                assert left.wait(30) == -signal.SIGKILL
            assert other.poll() is None
        finally:
            left.kill()
            other.kill()


def test_clean_clears_away_what_a_killed_run_left_too(work: WorkDirectory) -> None:
    killed_while_holding(work, *HALF, *WHOLE)
    assert work.clean(events.ignore)
    assert not work.path.exists()
