"""What goes wrong, and how it ends: with the exit code and the one sentence of the contract, and nothing half-made."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import (
    COMMAND,
    check_report,
    cpython_targets,
    environment,
    impls,
    left_over,
    multibuild,
    snapshot,
    targets,
)
from wheel_maker import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from command_line import Ran
    from conftest import PackageCopy

PATIENCE = 60
"""Seconds after which something that should end, or begin, is taken to hang."""


def first() -> str:
    return next(iter(targets()))


def roots(ran: Ran) -> list[str]:
    """Name what stands where staging roots are made, hidden things too."""
    return sorted(path.name for path in (ran.workdir / "roots").glob("*"))


def test_a_missing_interpreter_is_told_before_anything_is_done(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild(package("intree-backend"), "--impls", "3.99", workdir=tmp_path / "work")
    assert ran.returncode == 3
    (error,) = ran.errors
    assert "no installed interpreter matches '3.99'" in error
    assert 'run "multibuild impls"' in error
    assert (ran.report["exit"], ran.report["impls"]) == (3, [])


def test_an_executable_that_is_no_python_is_told(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild(package("intree-backend"), "--impls", "/bin/false", workdir=tmp_path / "work")
    assert ran.returncode == 3
    assert "/bin/false" in ran.errors[0]


@pytest.mark.interpreters
def test_one_that_fails_to_build_does_not_stop_the_others(package: PackageCopy, tmp_path: Path) -> None:
    oldest, *_, newest = cpython_targets()
    refused = {"SAMPLE_FAILS_BUILD_ON": newest.removeprefix("python")}
    ran = multibuild(package("fails-build"), *impls(), workdir=tmp_path / "work", env=refused)
    assert ran.returncode == 1
    assert ran.actions == {impl: "failed" if impl == newest else ran.actions[impl] for impl in targets()}
    assert set(ran.actions) - {newest} == set(roots(ran))
    failed = ran.impls[newest]
    assert failed["error"] == (
        f"the backend sample_backend of {newest} failed in build_wheel (exit status 1); "
        f"the whole output is in {failed['log']}"
    )
    assert f"{newest}: failed: {failed['error']}" in ran.stderr.splitlines()
    assert "    | RuntimeError: this project does not build on " in ran.stderr
    assert "RuntimeError" in Path(failed["log"]).read_text()
    assert ran.impls[oldest]["error"] is None


@pytest.mark.interpreters
def test_what_failed_succeeds_when_its_cause_is_gone_and_the_others_are_not_built_again_before(
    package: PackageCopy, tmp_path: Path
) -> None:
    tree, newest = package("fails-build"), cpython_targets()[-1]
    wanted = impls(cpython_targets()[0], newest)
    refused = {"SAMPLE_FAILS_BUILD_ON": newest.removeprefix("python")}
    multibuild(tree, *wanted, workdir=tmp_path / "work", env=refused)
    again = multibuild(tree, *wanted, workdir=tmp_path / "work", env=refused)
    assert again.impls[cpython_targets()[0]]["seconds"]["build"] == 0
    healed = multibuild(tree, *wanted, workdir=tmp_path / "work")
    assert healed.returncode == 0, healed.stderr


@pytest.mark.interpreters
@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        pytest.param(
            "lies-wheel-tags",
            5,
            r"the file name of lies_wheel_tags-1\.0-py3-none-any\.whl says .*, but its WHEEL file says py37-none-any",
            id="tags",
        ),
        pytest.param(
            "lies-name",
            5,
            "the backend built somebody_else-1.0-py3-none-any.whl, but the source is lies-name",
            id="name",
        ),
        pytest.param(
            "lies-answer", 1, r"but there is no such file in .*; this is for the backend to mend", id="answer"
        ),
        pytest.param(
            "fails-requires",
            3,
            r"cannot have the build requirement flit_core>=9999: .*; see .*-build\.log",
            id="requirement",
            marks=pytest.mark.network,
        ),
    ],
)
def test_what_no_implementation_can_build_leaves_no_root(
    package: PackageCopy, tmp_path: Path, name: str, code: int, sentence: str
) -> None:
    ran = multibuild(package(name), *impls(), workdir=tmp_path / "work")
    assert ran.returncode == code
    assert set(ran.actions.values()) == {"failed"}
    assert all(re.search(sentence, entry["error"]) for entry in ran.report["impls"])
    assert roots(ran) == []
    assert list((tmp_path / "work" / "wheels").rglob("*.whl")) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("broken-pyproject", "pyproject.toml is no valid TOML: ", id="toml"),
        pytest.param("broken-build-system", "requires of [build-system] in ", id="build-system"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_in_one_sentence(
    package: PackageCopy, tmp_path: Path, name: str, sentence: str
) -> None:
    ran = multibuild(package(name), *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 3
    assert len(ran.stderr.splitlines()) == 1
    assert sentence in ran.errors[0]
    assert str(tmp_path) in ran.errors[0]


def test_a_source_that_is_not_there_is_told(tmp_path: Path) -> None:
    ran = multibuild(tmp_path / "gone", *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 3
    assert ran.errors == [f"there is no source at {tmp_path / 'gone'}; give a directory or an sdist"]


def test_a_damaged_sdist_is_told(tmp_path: Path) -> None:
    sdist = tmp_path / "pkg-1.0.tar.gz"
    sdist.write_bytes(b"\x1f\x8b damaged")
    ran = multibuild(sdist, *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 5
    assert sdist.name in ran.errors[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["--no-such-option"], "no such option", id="option"),
        pytest.param(["--reuse", "tag"], "did you mean 'tags'?", id="value"),
        pytest.param(["--compile", "7"], "it takes levels out of 0, 1 and 2", id="levels"),
        pytest.param(["--prefix", "usr"], "it takes an absolute path such as /usr", id="prefix"),
        pytest.param(["-j", "0"], "it takes a whole number from 1", id="jobs"),
        pytest.param(["--config", "gone.toml"], "gone.toml", id="config"),
        pytest.param(["--shebang", "{python}"], "{impl} and {prefix} are replaced", id="shebang"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(
    package: PackageCopy, tmp_path: Path, options: list[str], sentence: str
) -> None:
    ran = multibuild(package("intree-backend"), *options, workdir=tmp_path / "work")
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert sentence in ran.errors[0]
    assert not (tmp_path / "work").exists()


def test_a_scheme_that_an_interpreter_does_not_have_is_told_with_those_it_has(
    package: PackageCopy, tmp_path: Path
) -> None:
    ran = multibuild(package("intree-backend"), *impls(first()), "--scheme", "posix_prefx", workdir=tmp_path / "work")
    assert ran.returncode == 2
    assert "posix_prefix" in ran.errors[0]
    assert roots(ran) == []
    assert not (ran.workdir / "wheels").exists()


def test_an_unknown_setting_names_file_and_key(package: PackageCopy, tmp_path: Path) -> None:
    tree = package("intree-backend")
    pyproject = tree / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "\n[tool.multibuild]\nresue = 'never'\n")
    ran = multibuild(tree, workdir=tmp_path / "work")
    assert ran.returncode == 2
    assert ran.errors == [f"unknown setting 'resue' in [tool.multibuild] of {pyproject} (did you mean 'reuse'?)"]


def test_an_unknown_variable_of_ours_is_told(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild(package("intree-backend"), workdir=tmp_path / "work", env={"PEP517_MULTI_REUES": "never"})
    assert ran.returncode == 2
    assert ran.errors == ["unknown environment variable PEP517_MULTI_REUES (did you mean PEP517_MULTI_REUSE?)"]


def test_a_source_among_the_implementations_is_told_where_it_belongs(package: PackageCopy, tmp_path: Path) -> None:
    tree = package("intree-backend")
    ran = multibuild("--impls", targets()[first()], "./intree-backend", workdir=tmp_path / "work", cwd=tree.parent)
    assert ran.returncode in {2, 3}
    where = "put it after '--', as in multibuild --impls 3.11 -- ./intree-backend"
    assert ran.errors == [f"'./intree-backend' is no implementation but a source: {where}"]


def test_install_before_build_says_what_to_run(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild("install", package("intree-backend"), *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 3
    what, next_step = f"no wheel for {first()} is in {tmp_path / 'work'}", f"multibuild build --impls {first()}"
    assert ran.errors == [f"{what}; run the build phase first: {next_step}"]


def test_a_wheel_that_is_not_what_it_says_is_not_installed(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, record=lambda rows: [(path, "sha256=AAAA" if size else "", size) for path, _, size in rows]
    )
    ran = multibuild("install", "--wheel", wheel, *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 5
    assert [wheel.name in error for error in ran.errors] == [True]
    assert roots(ran) == []


def test_a_wheel_that_fits_nobody_says_why(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, tags="py2-none-any")
    ran = multibuild("install", "--wheel", wheel, *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 1
    assert f"{first()} does not take the tag py2-none-any" in ran.impls[first()]["error"]


def test_a_wheel_that_was_exchanged_between_the_phases_is_noticed(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    built = multibuild("build", tree, *impls(first()), workdir=work)
    with built.wheel(first()).open("ab") as stream:
        stream.write(b"\0")
    ran = multibuild("install", tree, *impls(first()), workdir=work)
    assert ran.returncode == 5
    assert "its hash changed" in ran.impls[first()]["error"]
    assert roots(ran) == []


def test_a_root_that_is_none_is_left_alone(package: PackageCopy, tmp_path: Path) -> None:
    mine = tmp_path / "roots" / first() / "photos" / "cat.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_text("a cat")
    source = package("intree-backend")
    ran = multibuild(source, *impls(first()), "--roots", tmp_path / "roots", workdir=tmp_path / "work")
    assert ran.returncode == 1
    assert "does not look like an earlier one" in ran.impls[first()]["error"]
    assert mine.read_text() == "a cat"


def test_a_backend_that_takes_too_long_is_stopped_with_its_children(package: PackageCopy, tmp_path: Path) -> None:
    tree, pids = slow_tree(package("intree-backend"), tmp_path)
    ran = multibuild(tree, *impls(first()), "--timeout", "3", workdir=tmp_path / "work")
    assert ran.returncode == 1
    assert "was still in build_wheel after 3 seconds and was stopped; raise --timeout" in ran.impls[first()]["error"]
    assert [pid for pid in pids() if alive(pid)] == []


@pytest.mark.interpreters
def test_a_full_disk_is_told_and_what_was_complete_stays(tmp_path: Path) -> None:
    small = make_wheel(tmp_path, files={"sample.py": "X = 1\n"})
    big = make_wheel(tmp_path / "big", files={"sample.py": "X = 1\n", "sample.bin": os.urandom(1 << 20)})
    work, names = tmp_path / "work", cpython_targets()[:2]
    ran = multibuild("install", "--wheel", small, *impls(*names), workdir=work)
    before = {name: snapshot(ran.root(name)) for name in names}
    with largest_file(1 << 19):
        full = multibuild("install", "--wheel", big, *impls(*names), workdir=work)
    assert full.returncode == 1
    for name in names:
        assert re.fullmatch(r"cannot .*: File too large", full.impls[name]["error"])
    assert {name: snapshot(work / "roots" / name) for name in names} == before
    assert sorted(path.name for path in (work / "roots").iterdir()) == sorted(names)


def test_a_disk_that_fills_up_during_a_build_leaves_no_wheel(package: PackageCopy, tmp_path: Path) -> None:
    tree = package("intree-backend")
    (tree / "src" / "intree_backend" / "big.bin").write_bytes(os.urandom(1 << 20))
    with largest_file(1 << 19):
        ran = multibuild(tree, *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 1
    assert re.search(r"cannot .*: File too large", ran.impls[first()]["error"])
    assert roots(ran) == []
    assert list((tmp_path / "work" / "wheels").rglob("*.whl*")) == []
    healed = multibuild(tree, *impls(first()), workdir=tmp_path / "work")
    assert healed.returncode == 0, healed.stderr


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no process write a file beyond ``size`` bytes, which fails as a write to a full disk does.

    Python ignores the signal that the system sends for it, so that the write itself fails.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


SLOW = """
import os, subprocess, sys, time

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    with open({pids!r}, "a") as stream:
        stream.write("{{}} {{}}\\n".format(os.getpid(), child.pid))
    time.sleep(1000)
"""


def slow_tree(tree: Path, folder: Path) -> tuple[Path, Callable[[], list[int]]]:
    """Make the backend of ``tree`` sleep beside a sleeping child, and return how to ask for their process ids."""
    pids = folder / "pids"
    backend = textwrap.dedent(SLOW.format(pids=str(pids)))
    (tree / "backend" / "sample_backend.py").write_text(backend)

    def running() -> list[int]:
        return [int(pid) for pid in pids.read_text().split()] if pids.exists() else []

    return tree, running


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(true: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.interpreters
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_the_run_with_all_its_processes_and_a_new_run_succeeds(
    package: PackageCopy, tmp_path: Path, number: signal.Signals
) -> None:
    tree = package("intree-backend")
    right = (tree / "backend" / "sample_backend.py").read_text()
    _, pids = slow_tree(tree, tmp_path)
    names, work = cpython_targets()[:2], tmp_path / "work"
    command = [*COMMAND, str(tree), *impls(*names), "--workdir", str(work)]
    with subprocess.Popen(
        command,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        # What is ignored stays so in children, and whoever runs the tests in the background ignores interrupts.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - there are no threads here
    ) as process:
        try:
            until(lambda: len(pids()) >= 2)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "multibuild: error: interrupted; what was not complete is not there"
    assert "Traceback" not in stderr
    assert [pid for pid in pids() if alive(pid)] == []
    assert not (work / "roots").exists() or list((work / "roots").iterdir()) == []
    assert left_over(work) == []

    (tree / "backend" / "sample_backend.py").write_text(right)
    again = multibuild(tree, *impls(*names), workdir=work)
    assert again.returncode == 0, again.stderr


def test_a_terminal_shows_progress_and_is_left_as_it_was(package: PackageCopy, tmp_path: Path) -> None:
    command = [*map(str, COMMAND), str(package("intree-backend")), *impls(first()), "--workdir", str(tmp_path / "work")]
    code, shown = in_terminal(command, env=environment(TERM="xterm-256color", COLUMNS="100"))
    assert code == 0
    assert "making the build environment" in shown
    assert "\x1b[" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    after = re.sub(r"\x1b\[[0-9;]*m", "", shown.partition("\x1b[?25h")[2])
    assert "\x1b" not in after
    assert "intree-backend 1.0: 1 built" in after


def test_a_terminal_is_left_as_it_was_by_a_run_that_is_interrupted(package: PackageCopy, tmp_path: Path) -> None:
    tree, pids = slow_tree(package("intree-backend"), tmp_path)
    command = [*map(str, COMMAND), str(tree), *impls(first()), "--workdir", str(tmp_path / "work")]
    code, shown = in_terminal(command, env=environment(TERM="xterm-256color"), interrupt_when=lambda: bool(pids()))
    assert code == 130
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    assert "interrupted" in shown.partition("\x1b[?25h")[2]
    assert [pid for pid in pids() if alive(pid)] == []


@pytest.mark.parametrize(
    "options", [pytest.param(["--no-progress", "--color", "never"], id="options"), pytest.param(["-q"], id="quiet")]
)
def test_a_terminal_gets_plain_text_where_that_is_wanted(
    package: PackageCopy, tmp_path: Path, options: list[str]
) -> None:
    command = [*map(str, COMMAND), str(package("intree-backend")), *impls(first()), "--workdir", str(tmp_path / "work")]
    code, shown = in_terminal([*command, *options], env=environment(TERM="xterm-256color"))
    assert code == 0
    assert "\x1b" not in shown


def in_terminal(
    command: list[str], *, env: dict[str, str], interrupt_when: Callable[[], bool] | None = None
) -> tuple[int, str]:
    """Run ``command`` on a terminal of its own; the answer is its status and all that was written to the terminal."""
    leader, follower = pty.openpty()
    shown = b""
    script = (
        "import fcntl, os, signal, sys, termios; signal.signal(signal.SIGINT, signal.SIG_DFL);"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *command],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=env,
        start_new_session=True,
    ) as process:
        os.close(follower)
        deadline = time.monotonic() + PATIENCE
        while True:
            if time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the run did not end: {shown.decode()}")
            if interrupt_when is not None and interrupt_when():
                os.write(leader, b"\x03")
                interrupt_when = None
            if select.select([leader], [], [], 0.05)[0]:
                try:
                    data = os.read(leader, 1 << 16)
                except OSError:  # Linux says so when the other side is closed
                    data = b""
                if not data:
                    break
                shown += data
    os.close(leader)
    return process.returncode, shown.decode()


def test_a_run_that_cannot_begin_leaves_no_older_report_standing(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    assert multibuild("build", tree, *impls(first()), workdir=work).report["exit"] == 0

    page = tmp_path / "report.html"
    named: list[str | Path] = ["--report", tmp_path / "mine.json", "--report-html", page]
    ran = multibuild("build", tree, "--impls", "3.99", *named, workdir=work)
    assert ran.returncode == 3
    check_report(ran)
    assert (ran.report["source"]["path"], ran.report["impls"]) == (str(tree), [])
    assert json.loads((tmp_path / "mine.json").read_text()) == ran.report
    assert page.read_text().startswith("<!")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["build", "--build-constraint", "gone"], id="constraint"),
        pytest.param(["install", "--wheel", "gone-1-py3-none-any.whl"], id="wheel"),
    ],
)
def test_a_file_that_is_not_there_is_wrong_usage(package: PackageCopy, tmp_path: Path, options: list[str]) -> None:
    command, *more = options
    ran = multibuild(command, package("intree-backend"), *impls(first()), *more, workdir=tmp_path / "work")
    assert ran.returncode == 2
    assert "there is no" in ran.errors[0]
    assert "gone" in ran.errors[0]


def test_a_work_directory_is_not_made_of_the_source(package: PackageCopy) -> None:
    tree = package("intree-backend")
    before = snapshot(tree)
    ran = multibuild(tree, *impls(first()), workdir=tree)
    assert ran.returncode == 2
    assert "no work directory of multibuild" in ran.errors[0]
    assert snapshot(tree) == before


def test_two_versions_that_fit_equally_well_are_told(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, version=version) for version in ("1.0", "2.0")]
    ran = multibuild("install", "--wheel", wheels[0], "--wheel", wheels[1], *impls(first()), workdir=tmp_path / "work")
    assert ran.returncode == 2
    assert all(wheel.name in ran.errors[0] for wheel in wheels)


@pytest.mark.interpreters
def test_who_came_by_default_is_skipped_where_a_ready_wheel_does_not_fit(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, requires_python=f"=={first().removeprefix('python')}.*")
    ran = multibuild("install", "--wheel", wheel, "--compile", "none", workdir=tmp_path / "work")
    assert ran.returncode == 0
    assert ran.actions[first()] == "reused"
    assert set(ran.actions.values()) == {"reused", "skipped"}

    named = multibuild("install", "--wheel", wheel, *impls(), "--compile", "none", workdir=tmp_path / "work")
    assert named.returncode == 1


def test_settings_that_an_sdist_brings_are_in_force(package: PackageCopy, tmp_path: Path) -> None:
    tree = package("intree-backend")
    pyproject = tree / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "\n[tool.multibuild]\nresue = 'never'\n")
    for form in ("gztar", "zip"):
        sdist = shutil.make_archive(str(tmp_path / "sample-1.0"), form, tree.parent, tree.name)
        ran = multibuild(sdist, workdir=tmp_path / "work")
        assert ran.returncode == 2
        assert f"unknown setting 'resue' in [tool.multibuild] of pyproject.toml in {sdist}" in ran.errors[0]
