"""Backends that break their promises: the right exit code, one readable line, nothing outside, nothing half-made.

The table is the list of what is promised; `docs/explanation/backends.md` tells it in words.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import cpython_targets, impls, multibuild, snapshot

if TYPE_CHECKING:
    from command_line import Ran
    from conftest import PackageCopy

BAD_ANSWER = r"answered build_wheel with .{1,130} instead of the file name of a wheel; this is for the backend to mend"
NO_FILE = r"but there is no such file in .*; this is for the backend to mend"
BAD_REQUIRES = r"answered get_requires_for_build_wheel with .*; this is for the backend to mend"
NO_ANSWER = r"ended in build_wheel without an answer; the whole output is in .*"

REFUSED = [
    ("requires_number", 1, BAD_REQUIRES),
    ("requires_numbers", 1, BAD_REQUIRES),
    ("requires_nonsense", 1, BAD_REQUIRES),
    ("requires_option", 1, BAD_REQUIRES),
    ("requires_second_line", 1, BAD_REQUIRES),
    ("answers_none", 1, BAD_ANSWER),
    ("answers_bytes", 1, r"failed in build_wheel \(exit status 1\); the whole output is in .*"),
    ("answers_list", 1, BAD_ANSWER),
    ("answers_empty_text", 1, BAD_ANSWER),
    ("answers_path", 1, BAD_ANSWER),
    ("answers_parent", 1, BAD_ANSWER),
    ("answers_elsewhere", 1, BAD_ANSWER),
    ("answers_below", 1, BAD_ANSWER),
    ("answers_zero_byte", 1, BAD_ANSWER),
    ("answers_line_break", 1, BAD_ANSWER),
    ("answers_surrogate", 1, BAD_ANSWER),
    ("answers_very_much", 1, NO_FILE),
    ("answers_too_much", 1, NO_ANSWER),
    ("answers_another_file", 1, NO_FILE),
    ("answers_link", 1, NO_FILE),
    ("answers_folder", 1, NO_FILE),
    ("answers_pipe", 1, NO_FILE),
    ("answers_sdist", 1, BAD_ANSWER),
    ("answers_no_wheel_name", 5, r"wheel\.whl"),
    ("answers_with_link", 1, NO_ANSWER),
    ("answers_with_pipe", 1, NO_ANSWER),
    ("answers_with_number", 1, NO_ANSWER),
    ("moves_output", 1, NO_FILE),
    ("removes_output", 1, NO_FILE),
    ("builds_another_project", 5, r"the backend built somebody_else-1.0-\S+, but the source is nasty-backend 1.0"),
    ("builds_another_version", 5, r"the backend built nasty_backend-2.0-\S+, but the source is nasty-backend 1.0"),
    ("builds_garbage", 5, r"nasty_backend-1\.0-py3-none-any\.whl"),
    ("builds_half", 5, r"nasty_backend-1\.0-py3-none-any\.whl"),
    ("builds_nothing", 5, r"nasty_backend-1\.0-py3-none-any\.whl"),
    ("exits_without_answer", 1, NO_ANSWER),
    ("exits_with_status", 1, r"failed in build_wheel \(exit status 1\)"),
    ("raises_interrupt", 1, r"failed in build_wheel \((exit status \d+|signal 2)\)"),
    ("raises_odd", 1, r"failed in build_wheel \(exit status 1\)"),
    ("recurses", 1, r"failed in build_wheel \(exit status 1\)"),
    ("kills_itself", 1, r"failed in build_wheel \(signal 9\)"),
    ("aborts", 1, r"failed in build_wheel \(signal 6\)"),
    ("kills_its_parent", 1, r"failed in build_wheel \(signal 9\)"),
    ("hangs", 1, r"was still in build_wheel after 5 seconds and was stopped; raise --timeout"),
    ("hangs_after_answer", 1, r"was still in build_wheel after 5 seconds and was stopped; raise --timeout"),
    ("stops_itself", 1, r"was still in build_wheel after 5 seconds and was stopped; raise --timeout"),
    ("reads_input", 1, r"failed in build_wheel \(exit status 1\)"),
    ("spoils_answer", 1, NO_ANSWER),
    ("prints_no_line_breaks", 1, r"failed in build_wheel \(exit status 1\)"),
    ("prints_control_codes", 1, r"failed in build_wheel \(exit status 1\)"),
]
ENDURED = [
    "builds_several",
    "closes_streams",
    "prints_very_much",
    "leaves_daemon",
    "leaves_writer",
    "multiplies",
    "digs_deep",
    "removes_its_tree",
]


@dataclass(frozen=True)
class Surroundings:
    """A home, a place for temporary files, and one that a backend has no business in."""

    folder: Path
    tree: Path

    def run(self, nasty: str, *more: str, victim: str = "") -> Ran:
        for name in ("home", "tmp", "victim"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "home" / "secret").write_text("of the user")
        settings = ["-C", f"nasty={nasty}", "-C", f"victim={victim or self.victim}"]
        if "hangs" in nasty or "stops" in nasty:
            settings += ["--timeout", "5"]
        environ = {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_CACHE_HOME": str(self.folder.parent / "cache"),  # what interpreters are is known from other tests
        }
        arguments = [*settings, "--no-isolation", *more, *impls(cpython_targets()[0])]
        return multibuild(self.tree, *arguments, workdir=self.folder / "work", env=environ)

    @property
    def victim(self) -> Path:
        return self.folder / "victim"

    def still_running(self) -> list[str]:
        found = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
        return [path for path in found if path.startswith(str(self.folder))]


@pytest.fixture
def surroundings(package: PackageCopy, tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path, package("nasty-backend"))


def check_surroundings(surroundings: Surroundings, before: dict[str, tuple[object, ...]]) -> None:
    assert snapshot(surroundings.tree) == before
    assert [path.name for path in (surroundings.folder / "home").iterdir()] == ["secret"]
    assert [*(surroundings.folder / "tmp").iterdir()] == []
    assert surroundings.still_running() == []


@pytest.mark.parametrize(("nasty", "code", "sentence"), [pytest.param(*row, id=row[0]) for row in REFUSED])
def test_a_backend_that_breaks_its_promises_is_told_of_in_one_line(
    surroundings: Surroundings, nasty: str, code: int, sentence: str
) -> None:
    before = snapshot(surroundings.tree)

    ran = surroundings.run(nasty)

    (impl,) = ran.impls.values()
    assert (ran.returncode, impl["action"]) == (code, "failed"), ran.stderr
    assert re.search(sentence, impl["error"]), impl["error"]
    assert "\n" not in impl["error"]
    assert len(impl["error"]) < 600
    assert impl["error"] in ran.stderr
    assert len(ran.stderr.splitlines()) < 50
    assert not [*(ran.workdir / "wheels").glob("**/*.whl")]
    assert not [*(ran.workdir / "roots").glob("*")]
    check_surroundings(surroundings, before)


@pytest.mark.parametrize("nasty", ENDURED)
def test_what_a_backend_does_besides_changes_nothing(surroundings: Surroundings, nasty: str) -> None:
    before = snapshot(surroundings.tree)

    ran = surroundings.run(nasty)

    assert ran.returncode == 0, ran.stderr
    assert [path.name for path in (ran.workdir / "wheels").glob("**/*.whl")] == ["nasty_backend-1.0-py3-none-any.whl"]
    assert not (ran.workdir / "builds" / next(iter(ran.impls))).exists()
    assert len(ran.stderr.splitlines()) < 20
    check_surroundings(surroundings, before)
    assert sum(path.stat().st_size for path in (ran.workdir / "logs").iterdir()) < 102 << 20
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20  # KiB


def test_what_cannot_be_read_is_told_or_read_by_root(surroundings: Surroundings) -> None:
    ran = surroundings.run("forbids_reading")
    assert ran.returncode == (0 if os.geteuid() == 0 else 1), ran.stderr


def test_the_log_says_who_was_left_behind(surroundings: Surroundings) -> None:
    ran = surroundings.run("leaves_daemon")
    assert "that it left behind was ended" in (ran.workdir / "logs" / f"{cpython_targets()[0]}-build.log").read_text()


@pytest.mark.parametrize("nasty", ["writes_outside", "writes_through_link"])
def test_what_is_written_outside_is_found_and_a_sandbox_stops_it(surroundings: Surroundings, nasty: str) -> None:
    assert surroundings.run(nasty).returncode == 0
    assert [path.name for path in surroundings.victim.iterdir()] == ["written"]
    (surroundings.victim / "written").unlink()

    ran = surroundings.run(nasty, "--sandbox")

    assert ran.returncode == 1, ran.stderr
    assert [*surroundings.victim.iterdir()] == []
    assert re.search(r"    \| (FileNotFoundError|OSError|PermissionError)", ran.stderr)


def test_the_tree_of_the_user_is_read_only_in_a_sandbox(surroundings: Surroundings) -> None:
    before = snapshot(surroundings.tree)
    ran = surroundings.run("writes_outside", "--sandbox", victim=str(surroundings.tree))
    assert ran.returncode == 1
    assert "Read-only file system" in ran.stderr
    assert snapshot(surroundings.tree) == before


def test_who_is_called_hears_nothing_from_a_sandbox(surroundings: Surroundings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert surroundings.run("calls_out", victim=address).returncode == 0
        ran = surroundings.run("calls_out", "--sandbox", victim=address)
    assert ran.returncode == 1
    assert "Connection refused" in ran.stderr


def test_the_home_of_the_user_cannot_be_read_in_a_sandbox(surroundings: Surroundings) -> None:
    assert surroundings.run("reads_home").returncode == 0
    ran = surroundings.run("reads_home", "--sandbox")
    assert ran.returncode == 1
    log = (ran.workdir / "logs" / f"{cpython_targets()[0]}-build.log").read_text()
    assert "No such file or directory" in log
    assert "of the user" not in log


@pytest.mark.parametrize("nasty", ["kills_its_parent", "leaves_daemon", "multiplies", "hangs"])
def test_in_a_sandbox_nobody_gets_away(surroundings: Surroundings, nasty: str) -> None:
    surroundings.run(nasty, "--sandbox", "--timeout", "5")  # the parent cannot be killed there, so one sleeps on
    assert surroundings.still_running() == []
