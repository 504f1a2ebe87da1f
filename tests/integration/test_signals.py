"""A signal ends a run in order, whatever it is waiting for: no process and nothing half-made is left, in one line.

In each phase, a child that heeds no signal keeps the run from going on until it is asked to end. What needs no child
(copying, writing roots, merging) is interrupted at its steps by ``qa/kills.py --signals``, and here and there below.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND, cpython_targets, environment, left_over, targets
from kill_scenes import Bench, Kill, scenes
from kill_trees import PURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import PackageCopy

PATIENCE = 180
"""Seconds after which something that should end, or begin, is taken to hang."""

WRAPPER = """\
#!/bin/sh
if test -e {hold}; then
    case "$*" in
    *{words}*)
        trap '' TERM INT HUP
        sleep 1000 &
        echo $$ $! >>{pids}
        while :; do sleep 1000; done
    esac
fi
exec {instead} "$@"
"""


@dataclass(frozen=True)
class Phase:
    """A run that waits for a child. It is a table's row; its string is the name of the test.

    :param words: what the command line of the child has in it.
    :param tool: whose command line: an interpreter's, or that of a tool which is looked up on PATH.
    :param before: options of a run that comes first, if any.
    """

    name: str
    arguments: tuple[str, ...]
    words: str
    tool: str = "python"
    package: str = "intree-backend"
    before: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


HERE = "--no-isolation"
DIFFERENT = ("--reuse", "tags", HERE)
PHASES = (
    Phase("asking interpreters", ("build", HERE), "target_probe"),
    Phase("looking for requirements", ("check", "--deps"), "target_packages", before=(HERE,)),
    Phase("making an environment", (), "venv", tool="uv"),
    Phase("changing the source", ("build", HERE, "--prepare", "all=sample-prepare now"), "now", tool="sample-prepare"),
    Phase("calling the backend", (HERE,), "_in_process"),
    Phase("compiling bytecode", ("install",), "target_compile", before=("build", HERE)),
    Phase(
        "building for QA",
        ("qa", *DIFFERENT, "--qa", "warn"),
        "_in_process",
        package="hazard-files",
        before=("build", *DIFFERENT),
    ),
    Phase(
        "running diffoscope",
        ("qa", *DIFFERENT, "--qa-tool", "diffoscope", "--qa", "warn"),
        "--no-progress",
        tool="diffoscope",
        package="hazard-files",
        before=("build", *DIFFERENT),
    ),
    Phase("checking imports", ("check",), "target_import", before=(HERE,)),
    Phase("checking bytecode", ("check",), "target_bytecode", before=(HERE,)),
)

TWICE = ("asking interpreters", "calling the backend", "compiling bytecode")
SENTENCE = "interrupted; what was not complete is not there"
AT_ONCE = "interrupted, and ended at once; what was not complete is cleared away by the next run"


@dataclass
class Stage:
    """Where a phase is held up, and by whom."""

    folder: Path
    tree: Path
    phase: Phase
    interpreters: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir()
        for name in cpython_targets()[:2]:
            self.interpreters.append(self._wrapped(name, targets()[name], "python"))
        if self.phase.tool != "python":
            self._wrapped(self.phase.tool, Path(shutil.which(self.phase.tool) or "/bin/true"), self.phase.tool)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def hold(self) -> Path:
        return self.folder / "hold"

    def pids(self) -> list[int]:
        pids = self.folder / "pids"
        return [int(pid) for pid in pids.read_text().split()] if pids.exists() else []

    def running(self) -> list[int]:
        """Return which of the processes that held the run up still run; to have ended unnoticed is to have ended."""
        found = []
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(pid)
        return found

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments, *self.impls, "--workdir", str(self.work), "--", str(self.tree)],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,  # noqa: PLW1509 - there are no threads
        )

    @property
    def impls(self) -> list[str]:
        return [word for path in self.interpreters for word in ("--impls", str(path))]

    @property
    def environ(self) -> dict[str, str]:
        places = {"XDG_CACHE_HOME": str(self.folder / "cache"), "TMPDIR": str(self.folder / "tmp")}
        return environment(**places, PATH=f"{self.folder / 'bin' / 'tools'}:{environment()['PATH']}")

    def _wrapped(self, name: str, instead: Path, tool: str) -> Path:
        path = self.folder / "bin" / ("tools" if tool != "python" else "python") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        words = self.phase.words if tool == self.phase.tool else "nothing-of-that-kind"
        text = WRAPPER.format(hold=self.hold, words=words, pids=self.folder / "pids", instead=instead)
        path.write_text(text)
        path.chmod(0o755)
        return path


def heed_signals() -> None:
    """Take back what would be inherited where the tests run in the background, or go on after a hangup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(params=PHASES, ids=str)
def stage(request: pytest.FixtureRequest, package: PackageCopy, tmp_path: Path) -> Iterator[Stage]:
    phase: Phase = request.param
    if phase.tool == "diffoscope" and Path(sys.executable).with_name(phase.tool).exists():
        pytest.skip("a diffoscope beside multibuild is taken before any other")
    stage = Stage(tmp_path, package(phase.package), phase)
    if phase.before is not None:
        before = stage.start(phase.before)
        _, stderr = before.communicate(timeout=PATIENCE)
        assert before.returncode == 0, stderr
    stage.hold.touch()
    yield stage
    for pid in stage.running():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def interrupted(stage: Stage, arguments: Sequence[str], *numbers: signal.Signals) -> tuple[int, str]:
    """Start a run, send it signals as soon as it waits for its child, and return its exit code and what it said."""
    with stage.start(arguments) as process:
        try:
            until(lambda: bool(stage.pids()) or process.poll() is not None)
            for number in numbers:
                process.send_signal(number)
                time.sleep(0.05)  # else the system may take several for one
            _, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, stderr


def test_a_signal_ends_each_phase_in_order(stage: Stage) -> None:
    number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[PHASES.index(stage.phase) % 3]
    code, stderr = interrupted(stage, stage.phase.arguments, number)
    for _ in range(3):
        if errors(stderr) != [AT_ONCE]:
            break
        # The machine is so busy that there was not enough time to clear up.
        (stage.folder / "pids").unlink()
        code, stderr = interrupted(stage, stage.phase.arguments, number)
    assert (code, errors(stderr)) == (130, [SENTENCE]), stderr
    assert "Traceback" not in stderr
    until(lambda: not stage.running())
    assert left_over(stage.work) == []
    assert [*(stage.folder / "tmp").iterdir()] == []

    stage.hold.unlink()
    with stage.start(stage.phase.arguments) as again:
        _, stderr = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, stderr
    assert "was killed" not in stderr


def errors(stderr: str) -> list[str]:
    prefix = "multibuild: error: "
    return [line.removeprefix(prefix) for line in stderr.splitlines() if line.startswith(prefix)]


def until(true: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("stage", [phase for phase in PHASES if phase.name in TWICE], indirect=True, ids=str)
def test_a_second_signal_ends_it_at_once_and_says_so_once(stage: Stage) -> None:
    code, stderr = interrupted(stage, stage.phase.arguments, signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
    assert (code, len(errors(stderr))) == (130, 1), stderr
    assert errors(stderr)[0].startswith("interrupted")
    assert "Traceback" not in stderr
    until(lambda: not stage.running())


def test_scratch_folders_of_a_run_that_was_killed_go_with_the_next_one(package: PackageCopy, tmp_path: Path) -> None:
    (phase,) = (phase for phase in PHASES if phase.name == "calling the backend")
    stage = Stage(tmp_path, package(phase.package), phase)
    stage.hold.touch()
    interrupted(stage, phase.arguments, signal.SIGKILL)
    assert [path.name[:15] for path in (tmp_path / "tmp").iterdir()] == [".multibuild-run"]
    stage.hold.unlink()
    with stage.start(phase.arguments) as again:
        _, stderr = again.communicate(timeout=PATIENCE)
    assert (again.returncode, "the last run" in stderr) == (0, True), stderr
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_interpreters_that_are_only_asked_are_stopped_as_well(package: PackageCopy, tmp_path: Path) -> None:
    stage = Stage(tmp_path, package("intree-backend"), PHASES[0])
    stage.hold.touch()
    command = [*COMMAND, "impls", *stage.impls]
    with subprocess.Popen(command, env=stage.environ, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: bool(stage.pids()) or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors(stderr)) == (130, [SENTENCE])
    until(lambda: not stage.running())


def test_one_that_waits_for_another_run_can_be_interrupted(package: PackageCopy, tmp_path: Path) -> None:
    stage = Stage(tmp_path, package("intree-backend"), PHASES[0])
    stage.work.mkdir()
    (stage.work / ".multibuild").touch()
    with (stage.work / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with stage.start(("build", HERE)) as process:
            assert process.stderr is not None
            assert "another run holds" in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors(stderr)) == (130, [SENTENCE])


def test_a_signal_between_the_phases_leaves_nothing_half_made_either(tmp_path: Path) -> None:
    bench = Bench(tmp_path, tuple(targets()[impl] for impl in cpython_targets()[:2]))
    (scene,) = (scene for scene in scenes([PURE]) if scene.name == "merge")
    steps = bench.rehearse(scene).steps
    for part, signals in ((0.2, "SIGINT"), (0.6, "SIGINT+SIGTERM"), (0.9, "SIGTERM")):
        outcome = bench.attempt(scene, Kill(step=int(steps * part), signals=signals))
        assert (outcome.how.split()[0], outcome.problems) == ("ended", ())
