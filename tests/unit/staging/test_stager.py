from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import machine
import pytest
from staging_roots import environment, installed, modules, newest, snapshot, stage
from wheel_maker import TIMESTAMP, make_wheel

from pep517_multi.errors import IntegrityError, StagingError, UsageError
from pep517_multi.events import Event, Note, PhaseFinished, PhaseStarted
from pep517_multi.process import LocalRunner
from pep517_multi.staging import Layout, Staged, Stager, StageRequest

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

FILES = {
    "sample/__init__.py": '"""A sample."""\nassert True\n\ndef main():\n    print("hello")\n',
    "sample/kinds.py": "def f(x):\n    return x in {None, 'a', 'b', 1, 2.5}\n",
    "sample/empty.py": "",
    "sample-1.0.data/scripts/tool": "#!python\nimport sample\n",
}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "dist", files=FILES, entry_points={"sample": "sample:main"})


def test_a_root_holds_files_scripts_and_bytecode(wheel: Path, tmp_path: Path) -> None:
    staged = stage(wheel, tmp_path / "root")

    assert staged.root == tmp_path / "root"
    assert (tmp_path / "root/usr/bin/sample").read_text().startswith(f"#!/usr/bin/{newest().name}\n")
    assert len(list((modules(staged.root) / "sample/__pycache__").iterdir())) == 6
    assert staged.files == sum(mode[0] == "-" for mode, _, _ in snapshot(staged.root).values())
    assert staged.not_compiled == ()


def test_no_levels_make_no_bytecode(wheel: Path, tmp_path: Path) -> None:
    staged = stage(wheel, tmp_path / "root", layout=Layout(levels=()))

    assert not list(staged.root.rglob("__pycache__"))


def test_only_modules_are_compiled(tmp_path: Path) -> None:
    files = {"sample.py": "", "sample.txt": "", "sample-1.0.data/scripts/tool.py": "", "sample-1.0.data/data/x.py": ""}

    root = stage(make_wheel(tmp_path, files=files), tmp_path / "root").root

    assert {path.parent.parent.name for path in root.rglob("*.pyc")} == {"site-packages"}


def test_a_file_that_does_not_compile_is_installed_and_noted(tmp_path: Path) -> None:
    staged = stage(make_wheel(tmp_path, files={"template.py": "{{ name }} = 1\n"}), tmp_path / "root")

    assert [note.partition(": ")[0] for note in staged.not_compiled] == [
        "/" + str((modules(staged.root) / "template.py").relative_to(staged.root))
    ]
    assert (modules(staged.root) / "template.py").is_file()


def test_a_second_run_gives_the_same_tree(wheel: Path, tmp_path: Path) -> None:
    first = snapshot(stage(wheel, tmp_path / "root").root)

    assert snapshot(stage(wheel, tmp_path / "root").root) == first
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("jobs", [1, 5])
def test_the_tree_does_not_depend_on_how_much_is_done_at_once(wheel: Path, tmp_path: Path, jobs: int) -> None:
    alone = {name: snapshot(stage(wheel, tmp_path / name, interpreter=installed(name)).root) for name in some()}

    with Stager(runner=LocalRunner(), environ=environment(), jobs=jobs) as stager:
        futures = [
            stager.submit(StageRequest(installed(name), (wheel,), tmp_path / "roots" / name, Layout()))
            for name in some()
        ]

    assert {future.result().root.name: snapshot(future.result().root) for future in futures} == alone


def some() -> list[str]:
    return list(machine.interpreters())


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("epoch", ["", "1234567890"])
def test_modes_and_times_depend_on_nobodys_umask_or_clock(wheel: Path, tmp_path: Path, umask: int, epoch: str) -> None:
    before = os.umask(umask)
    try:
        root = stage(wheel, tmp_path / "root", environ=environment(SOURCE_DATE_EPOCH=epoch)).root
    finally:
        os.umask(before)

    tree = snapshot(root)
    assert {mode for mode, _, _ in tree.values()} == {"-rw-r--r--", "-rwxr-xr-x", "drwxr-xr-x"}
    assert {path for path, (mode, _, _) in tree.items() if mode == "-rwxr-xr-x"} == {"usr/bin/sample", "usr/bin/tool"}
    assert {time for _, time, _ in tree.values()} == {int(epoch or TIMESTAMP)}
    assert root.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", "²"])
def test_an_epoch_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        Stager(runner=LocalRunner(), environ={"SOURCE_DATE_EPOCH": value}, jobs=1)


def test_several_wheels_share_a_root(wheel: Path, tmp_path: Path) -> None:
    request = StageRequest(newest(), (wheel, make_wheel(tmp_path / "dist", "other")), tmp_path / "root", Layout())

    with Stager(runner=LocalRunner(), environ=environment(), jobs=2) as stager:
        root = stager.submit(request).result().root

    assert {path.name for path in modules(root).iterdir()} >= {"sample", "other.py", "other-1.0.dist-info"}


def test_wheels_that_have_a_file_in_common_are_refused(tmp_path: Path) -> None:
    both = make_wheel(tmp_path, "one", files={"x.py": ""}), make_wheel(tmp_path, "two", files={"x.py": ""})

    with Stager(runner=LocalRunner(), environ=environment(), jobs=2) as stager:
        staging = stager.submit(StageRequest(newest(), both, tmp_path / "root", Layout()))

    with pytest.raises(IntegrityError, match=r"two-1\.0-py3-none-any\.whl would write .*/x\.py over another file"):
        staging.result()


def test_a_bad_wheel_leaves_the_earlier_root_as_it_was(wheel: Path, tmp_path: Path) -> None:
    before = snapshot(stage(wheel, tmp_path / "root").root)
    bad = make_wheel(tmp_path / "bad", record=lambda rows: rows[1:])

    with pytest.raises(IntegrityError, match="RECORD"):
        stage(bad, tmp_path / "root")

    assert snapshot(tmp_path / "root") == before
    assert not list(tmp_path.glob(".*"))


def test_a_bad_wheel_does_not_keep_others_from_being_staged(wheel: Path, tmp_path: Path) -> None:
    bad = make_wheel(tmp_path / "bad", record=lambda rows: rows[1:])

    with Stager(runner=LocalRunner(), environ=environment(), jobs=2) as stager:
        failing = stager.submit(StageRequest(newest(), (bad,), tmp_path / "one", Layout()))
        passing = stager.submit(StageRequest(newest(), (wheel,), tmp_path / "two", Layout()))

    assert isinstance(failing.exception(), IntegrityError)
    assert passing.result().root.is_dir()
    assert not (tmp_path / "one").exists()


def test_a_wheel_that_is_mended_is_looked_at_again(tmp_path: Path) -> None:
    with Stager(runner=LocalRunner(), environ=environment(), jobs=1) as stager:
        for fault in (True, False):
            wheel = make_wheel(tmp_path, record=lambda rows: rows[1:]) if fault else make_wheel(tmp_path)
            result = stager.submit(StageRequest(newest(), (wheel,), tmp_path / "root", Layout()))
            assert (result.exception() is not None) is fault


def test_an_error_stops_everything_and_leaves_no_root(wheel: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 1000\n")
    endless.chmod(0o755)
    request = StageRequest(replace(newest(), executable=endless), (wheel,), tmp_path / "root", Layout())

    submitted: list[Future[Staged]] = []

    def interrupted() -> None:
        with Stager(runner=LocalRunner(), environ=environment(), jobs=1) as stager:
            submitted.append(stager.submit(request))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    (staging,) = submitted
    assert staging.cancelled() or isinstance(staging.exception(), StagingError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "endless"]


def test_the_observer_is_told_of_each_phase_and_of_what_was_left_out(tmp_path: Path) -> None:
    seen: list[Event] = []
    wheel = make_wheel(tmp_path, files={"sample.py": "", "__pycache__/sample.pyc": b""})

    with Stager(runner=LocalRunner(), environ=environment(), jobs=1, observer=seen.append) as stager:
        stager.submit(StageRequest(newest(), (wheel,), tmp_path / "root", Layout()))

    phases = [event for event in seen if isinstance(event, PhaseStarted | PhaseFinished)]
    assert [(type(event), event.phase) for event in phases] == [
        (PhaseStarted, "install"),
        (PhaseFinished, "install"),
        (PhaseStarted, "bytecode"),
        (PhaseFinished, "bytecode"),
    ]
    (note,) = [event for event in seen if isinstance(event, Note)]
    assert "__pycache__/sample.pyc" in note.message
    assert note.impl == newest().name
