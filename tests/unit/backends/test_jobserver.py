"""Real tools on a real jobserver: jobs wait until so many have run at a time, and write down how many they saw."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends

from pep517_multi.backends import makeflags
from pep517_multi.backends.build_tools import ToolVersions
from pep517_multi.backends.environments import Environment
from pep517_multi.backends.job_tokens import TokenPool
from pep517_multi.backends.jobserver import BoundEnvironments, Jobserver
from pep517_multi.errors import MultibuildError
from pep517_multi.process import Command, CommandTimeoutError, LocalRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.interpreters.interpreter import Interpreter

NINJA = Path(sys.executable).with_name("ninja")

JOB = """\
import os, sys, time
folder, wanted = sys.argv[1], int(sys.argv[2])
mine = os.path.join(folder, "running-%d" % os.getpid())
open(mine, "w").close()
def running():
    return sum(name.startswith("running-") for name in os.listdir(folder))
reached = os.path.join(folder, "reached")
most, deadline = running(), time.monotonic() + 20
while most < wanted and not os.path.exists(reached) and time.monotonic() < deadline:
    time.sleep(0.01)
    most = max(most, running())
if most >= wanted:
    open(reached, "w").close()
time.sleep(0.05)  # room for one too many to show up
with open(os.path.join(folder, "seen"), "a") as seen:
    seen.write("%d\\n" % max(most, running()))
os.remove(mine)
"""


@dataclass(frozen=True)
class Place:
    """A folder with a job in it, and build files of ninja and make that run the job several times."""

    folder: Path
    tools: Path

    def environ(self, **more: str) -> dict[str, str]:
        return {"PATH": f"{self.tools}:/usr/bin:/bin", **more}

    def tree(self, name: str, *, jobs: int, until: int) -> Path:
        tree = self.folder / name
        tree.mkdir()
        command = f"{sys.executable} -I -S {self.folder / 'job.py'} {self.folder / 'state'} {until}"
        targets = [f"t{number}" for number in range(jobs)]
        rule = f"rule job\n  command = {command}\n"
        (tree / "build.ninja").write_text(rule + "".join(f"build {target}: job\n" for target in targets))
        every = " ".join(targets)
        (tree / "Makefile").write_text(f"all: {every}\n{every}:\n\t@{command}\n.PHONY: all {every}\n")
        return tree

    def most(self) -> int:
        """Return the most jobs that ran at a time."""
        return max(map(int, (self.folder / "state" / "seen").read_text().split()))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "state").mkdir()
    (tmp_path / "job.py").write_text(JOB)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ninja").symlink_to(NINJA)
    return Place(tmp_path, tools)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Make the jobserver of a caller that runs two jobs: one token is in the pipe, one is multibuild's own."""
    path = tmp_path / "callers"
    os.mkfifo(path)
    return path


def fake_tool(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def run(argv: list[str], tree: Path, environ: dict[str, str], **more: float) -> str:
    completed = LocalRunner().run(Command(tuple(argv), cwd=tree, env=environ, **more))  # type: ignore[arg-type]
    output = (completed.stdout + completed.stderr).decode()
    assert completed.returncode == 0, output
    return output


def own(place: Place, jobs: int) -> Jobserver:
    return Jobserver(jobs, environ=place.environ(), versions=ToolVersions(LocalRunner()))


def free(server: Jobserver, environ: dict[str, str]) -> int:
    """Return how many tokens are in the pipe, which is left as it was."""
    named = makeflags.jobserver(server.bound(environ, builds=1)["MAKEFLAGS"])
    assert named is not None
    pipe = os.open(named.removeprefix("fifo:"), os.O_RDWR | os.O_NONBLOCK)
    try:
        tokens = os.read(pipe, 100)
        os.write(pipe, tokens)
    except BlockingIOError:
        tokens = b""
    finally:
        os.close(pipe)
    return len(tokens)


@pytest.mark.parametrize("builds", [1, 2, 3])
def test_ninjas_side_by_side_run_as_many_jobs_as_the_bound_and_never_more(place: Place, builds: int) -> None:
    environ = place.environ()
    trees = [place.tree(str(number), jobs=8, until=4) for number in range(builds)]
    with own(place, 4) as server, ThreadPoolExecutor(builds) as pool:

        def build(tree: Path) -> None:
            with server.slot():
                run(["ninja"], tree, server.bound(environ, builds=builds))

        for done in [pool.submit(build, tree) for tree in trees]:
            done.result()
        assert free(server, environ) == 3
    assert place.most() == 4


def test_with_one_job_ninja_runs_one(place: Place) -> None:
    with own(place, 1) as server, server.slot():
        run(["ninja"], place.tree("tree", jobs=3, until=1), server.bound(place.environ(), builds=1))
    assert place.most() == 1


def test_more_builds_than_jobs_take_turns(place: Place) -> None:
    trees = [place.tree(str(number), jobs=2, until=1) for number in range(5)]
    with own(place, 2) as server, ThreadPoolExecutor(5) as pool:

        def build(tree: Path) -> None:
            with server.slot():
                run(["ninja"], tree, server.bound(place.environ(), builds=5))

        for done in [pool.submit(build, tree) for tree in trees]:
            done.result()
    assert place.most() <= 2


@pytest.mark.skipif(not shutil.which("make"), reason="needs make (Debian: make)")
def test_the_make_of_this_machine_takes_what_it_is_given(place: Place) -> None:
    tree = place.tree("tree", jobs=4, until=1)
    (tree / "outer.mk").write_text("all:\n\t+$(MAKE) -f Makefile\n\t@printenv MAKEFLAGS\n")
    with own(place, 3) as server, server.slot():
        output = run(["make", "-f", "outer.mk"], tree, server.bound(place.environ(), builds=1))
    assert "warning" not in output
    assert "--jobserver-auth=fifo:" in output
    assert place.most() <= 3


@pytest.mark.skipif(not shutil.which("make"), reason="needs make (Debian: make)")
def test_a_ninja_below_the_make_of_this_machine_shares_the_bound(place: Place) -> None:
    tree = place.tree("tree", jobs=8, until=3)
    (tree / "outer.mk").write_text("all:\n\t+@ninja\n")
    with own(place, 3) as server, server.slot():
        run(["make", "-f", "outer.mk"], tree, server.bound(place.environ(), builds=1))
    assert place.most() == 3


def test_tokens_of_a_build_that_is_killed_come_back(place: Place) -> None:
    environ = place.environ()
    tree = place.tree("tree", jobs=8, until=9)
    with own(place, 4) as server:

        def build() -> None:
            with server.slot():
                run(["ninja"], tree, server.bound(environ, builds=1), timeout=2)

        with pytest.raises(CommandTimeoutError):
            build()
        assert free(server, environ) == 3


def test_a_process_that_gives_back_too_much_changes_nothing_for_good(place: Place) -> None:
    environ = place.environ()
    with own(place, 3) as server:
        with server.slot():
            way = makeflags.jobserver(server.bound(environ, builds=1)["MAKEFLAGS"])
            assert way is not None
            with open(way.removeprefix("fifo:"), "r+b", buffering=0) as pipe:  # noqa: PTH123 - no buffer is wanted
                pipe.write(b"++++")
        assert free(server, environ) == 2


def test_a_spare_token_is_had_only_while_no_build_needs_it(place: Place) -> None:
    with own(place, 2) as server:
        with server.slot(), server.spare() as first, server.spare() as second:
            assert (first, second) == (True, False)
        with server.slot(), server.slot(), server.spare() as third:
            assert not third
        assert free(server, place.environ()) == 1


def test_with_one_job_there_is_nothing_to_spare_beside_a_build(place: Place) -> None:
    with own(place, 1) as server, server.slot(), server.spare() as is_free:
        assert not is_free


def test_whoever_gives_back_a_spare_token_does_not_take_it_again_before_a_build_that_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, done = threading.Event(), threading.Event()
    acquire = TokenPool.acquire

    def noted(pool: TokenPool) -> bytes:
        waiting.set()
        return acquire(pool)

    monkeypatch.setattr(TokenPool, "acquire", noted)

    def build(server: Jobserver) -> bool:
        with server.slot():
            return done.wait(60)

    with own(place, 1) as server, ThreadPoolExecutor(1) as pool:
        with server.spare() as first:
            building = pool.submit(build, server)
            assert waiting.wait(60)
        with server.spare() as second:
            assert (first, second) == (True, False)
        done.set()
        assert building.result()


def test_a_token_that_was_handed_down_is_spared_and_given_back(pipe: Path) -> None:
    keeper = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    os.write(keeper, b"x")
    environ = {"MAKEFLAGS": f"-j2 --jobserver-auth=fifo:{pipe}"}
    server = Jobserver(16, environ=environ, versions=ToolVersions(LocalRunner()))
    with server, server.slot(), server.spare() as first, server.spare() as second:
        assert (first, second) == (True, False)
    assert os.read(keeper, 10) == b"x"
    os.close(keeper)


def test_a_jobserver_is_closed_only_when_what_it_spared_is_back_and_spares_nothing_then(place: Place) -> None:
    server = own(place, 2)
    held, seen = threading.Event(), threading.Event()

    def work() -> list[bool]:
        with server.spare() as before:
            held.set()
            time.sleep(0.1)  # room for a pipe that is closed too early
            seen.set()
        with server.spare() as after:
            return [before, after]

    with ThreadPoolExecutor(1) as pool:
        with server:
            working = pool.submit(work)
            assert held.wait(60)
        assert seen.is_set()
        assert working.result() == [True, False]


def test_nothing_is_left_behind(place: Place) -> None:
    with own(place, 2) as server:
        named = makeflags.jobserver(server.bound(place.environ(), builds=1)["MAKEFLAGS"])
    assert named is not None
    assert not Path(named.removeprefix("fifo:")).parent.exists()


def test_a_jobserver_that_was_handed_down_is_the_bound(place: Place, pipe: Path) -> None:
    environ = place.environ(MAKEFLAGS=f" -j2 --jobserver-auth=fifo:{pipe}")
    keeper = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    os.write(keeper, b"x")
    with Jobserver(16, environ=environ, versions=ToolVersions(LocalRunner())) as server, ThreadPoolExecutor() as pool:

        def build(tree: Path) -> None:
            with server.slot():
                bound = server.bound(environ, builds=2)
                assert makeflags.jobserver(bound["MAKEFLAGS"]) == f"fifo:{pipe}"
                run(["ninja"], tree, bound)

        trees = [place.tree(str(number), jobs=4, until=2) for number in range(2)]
        for done in [pool.submit(build, tree) for tree in trees]:
            done.result()
    assert place.most() == 2
    assert os.read(keeper, 10) == b"x"
    os.close(keeper)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="pipes have no path without /proc")
@pytest.mark.skipif(not shutil.which("make"), reason="needs make (Debian: make)")
def test_a_jobserver_of_descriptors_is_shared_all_the_same(place: Place) -> None:
    tree = place.tree("tree", jobs=8, until=3)
    script = place.folder / "called.py"
    script.write_text(
        textwrap.dedent("""
            import os, subprocess
            from pep517_multi.backends.build_tools import ToolVersions
            from pep517_multi.backends.jobserver import Jobserver
            from pep517_multi.process import LocalRunner, inherited_environment
            environ = inherited_environment()
            with Jobserver(16, environ=environ, versions=ToolVersions(LocalRunner())) as server, server.slot():
                bound = server.bound(environ, builds=1)
                print(bound["MAKEFLAGS"])
                subprocess.run(["ninja"], env=bound, check=True)
        """)
    )
    (tree / "outer.mk").write_text(f"all:\n\t+@{sys.executable} {script}\n")
    said = subprocess.check_output(["make", "--help"], text=True)
    style = ("--jobserver-style=pipe",) if "--jobserver-style" in said else ()
    environ = place.environ(PYTHONPATH=str(Path(__file__).parents[3]))

    output = run(["make", "-j3", *style, "-f", "outer.mk"], tree, environ)

    assert "--jobserver-auth=fifo:/proc/" in output
    assert "INTERNAL" not in output
    assert place.most() == 3


def test_in_a_sandbox_tokens_of_descriptors_are_borrowed_and_given_back(place: Place) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    environ = place.environ(MAKEFLAGS=f"-j4 --jobserver-auth={reading},{writing}")
    with Jobserver(3, environ=environ, versions=ToolVersions(LocalRunner()), sandboxed=True) as server:
        bound = server.bound(environ, builds=1)
        assert "/proc/" not in bound["MAKEFLAGS"]
        with server.slot(), server.slot(), server.slot():
            assert os.read(reading, 9) == b"c"
            os.write(writing, b"c")
    assert sorted(os.read(reading, 9)) == sorted(b"abc")
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("named", ["fifo:/nowhere/at/all", "198,199", "fifo:/etc/passwd"])
def test_a_jobserver_that_is_not_there_any_more_is_replaced(place: Place, named: str) -> None:
    environ = place.environ(MAKEFLAGS=f" -j8 --jobserver-auth={named}")
    with Jobserver(2, environ=environ, versions=ToolVersions(LocalRunner())) as server:
        assert makeflags.jobserver(server.bound(environ, builds=1)["MAKEFLAGS"]) != named


def test_where_all_tools_take_part_nothing_else_is_set(place: Place) -> None:
    fake_tool(place.tools, "make", "GNU Make 4.4.1")
    with own(place, 8) as server:
        bound = server.bound(place.environ(), builds=2)
    assert set(bound) == {"PATH", "MAKEFLAGS"}
    assert bound["MAKEFLAGS"].startswith("-j8 --jobserver-auth=fifo:")


def test_a_ninja_that_knows_no_jobserver_gets_its_share_as_a_number(place: Place, tmp_path: Path) -> None:
    old = tmp_path / "old"
    fake_tool(old, "ninja", "1.11.1 $*")
    (old / "ninja").write_text('#!/bin/sh\n[ "$1" = --version ] && echo 1.11.1 && exit\necho args: "$@"\n')
    environ = {"PATH": f"{old}:/usr/bin:/bin"}
    with own(place, 8) as server:
        bound = server.bound(environ, builds=3)
        assert bound["CMAKE_BUILD_PARALLEL_LEVEL"] == "2"
        assert run([bound["NINJA"], "all"], tmp_path, bound) == "args: -j 2 all\n"
        assert server.bound(environ, builds=30)["CMAKE_BUILD_PARALLEL_LEVEL"] == "1"


def test_builds_with_the_same_share_have_the_same_command(place: Place, tmp_path: Path) -> None:
    fake_tool(tmp_path / "old", "ninja", "1.11.1")
    environ = {"PATH": str(tmp_path / "old")}
    with own(place, 8) as server:
        first, second, other = (server.bound(environ, builds=builds)["NINJA"] for builds in (2, 2, 4))
    assert first == second != other


def test_without_ninja_an_old_make_gets_its_share_from_cmake(place: Place, tmp_path: Path) -> None:
    fake_tool(tmp_path / "old", "make", "GNU Make 4.3")
    with own(place, 8) as server:
        bound = server.bound({"PATH": str(tmp_path / "old")}, builds=2)
    assert bound["CMAKE_BUILD_PARALLEL_LEVEL"] == "4"
    assert "NINJA" not in bound


def test_what_the_user_chose_stays(place: Place, tmp_path: Path) -> None:
    fake_tool(tmp_path / "old", "ninja", "1.11.1")
    chosen = {"CMAKE_BUILD_PARALLEL_LEVEL": "7", "NINJA": "/somewhere/samu"}
    environ = {"PATH": str(tmp_path / "old"), **chosen}
    with own(place, 8) as server:
        assert chosen.items() <= server.bound(environ, builds=3).items()


@pytest.mark.parametrize("says", ["bmake 20240808", ""])
def test_a_make_that_is_not_gnu_make_is_taken_for_an_old_one(place: Place, says: str) -> None:
    fake_tool(place.tools, "make", says)
    with own(place, 8) as server:
        assert server.bound(place.environ(), builds=1)["MAKEFLAGS"].startswith("-- --jobserver-auth=")


def test_a_tool_that_cannot_be_started_is_taken_for_an_old_one(place: Place) -> None:
    broken = place.tools / "make"
    broken.write_text("#!/nowhere/sh\n")
    broken.chmod(0o755)
    with own(place, 8) as server:
        assert server.bound(place.environ(), builds=1)["MAKEFLAGS"].startswith("-- --jobserver-auth=")


def test_a_pipe_that_cannot_be_made_is_explained(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(MultibuildError, match=r"cannot open a jobserver .*: No such file or directory"), own(place, 2):
        pass


def test_the_pipe_has_no_blank_in_its_path(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a folder").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a folder"))
    with own(place, 2) as server:
        named = makeflags.jobserver(server.bound(place.environ(), builds=1)["MAKEFLAGS"])
        assert named is not None
        assert Path(named.removeprefix("fifo:")).is_fifo()


@dataclass
class FixedEnvironments:
    environ: dict[str, str]
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        del interpreter
        self.asked.append((*requires, log.name))
        return Environment(Path("python"), self.environ, {"a": "1"})


def test_environments_keep_everything_but_gain_the_bound(place: Place) -> None:
    given = FixedEnvironments(place.environ())
    with own(place, 2) as server:
        environments = BoundEnvironments(given, server, builds=2)
        interpreter = toy_backends.target(*next(iter(machine.interpreters().items())))
        environment = environments.prepare(interpreter, ("x",), log=Path("log"))
    assert given.asked == [("x", "log")]
    assert environment.packages == {"a": "1"}
    assert "--jobserver-auth=" in environment.environ["MAKEFLAGS"]
