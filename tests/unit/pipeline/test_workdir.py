from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pep517_multi import events
from pep517_multi.errors import UsageError
from pep517_multi.pipeline.workdir import WorkDirectory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> WorkDirectory:
    return WorkDirectory(tmp_path / "deep" / "work")


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
    assert told == [events.Note(f"another run holds {work.path}; waiting until it ends", level="warning")]


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
    assert told == [events.Note(f"another run holds {work.path}; waiting until it ends", level="warning")]
