from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends

from pep517_multi.backends import IsolatedEnvironments
from pep517_multi.backends.makers import CreationError, UvMaker, find_uv
from pep517_multi.process import Command, Completed, LocalRunner

if TYPE_CHECKING:
    import subprocess

    from pep517_multi.interpreters.interpreter import Interpreter


@dataclass
class RefusingRunner:
    """Lets every tool fail, and notes which were tried."""

    tools: list[str] = field(default_factory=list)

    def run(self, command: Command) -> Completed:
        assert command.log is not None
        with command.log.open("a") as log:
            log.write("error: no\n")
        self.tools.append(Path(command.argv[0]).name if command.argv[0].endswith("uv") else command.argv[2])
        return Completed(1, 0.0)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        raise NotImplementedError(command)


@pytest.fixture
def interpreter() -> Interpreter:
    return toy_backends.target(*next(iter(machine.cpythons().items())))


def executable_uv(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "uv"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_uv_on_the_path_is_taken_first(tmp_path: Path) -> None:
    uv = executable_uv(tmp_path / "bin")

    assert find_uv({"PATH": str(uv.parent)}) == uv


def test_without_one_on_the_path_the_uv_beside_multibuild_is_taken(tmp_path: Path) -> None:
    beside = find_uv({"PATH": str(tmp_path)})

    assert (beside is not None) == (importlib.util.find_spec("uv") is not None)
    assert find_uv({}) == beside


def test_uv_is_tried_first_then_virtualenv_then_the_targets_own_venv(tmp_path: Path, interpreter: Interpreter) -> None:
    uv = executable_uv(tmp_path / "bin")
    runner = RefusingRunner()
    environments = IsolatedEnvironments(tmp_path / "envs", runner, {"PATH": str(uv.parent)})

    with pytest.raises(CreationError, match=r"can be made with venv: no \(see "):
        environments.prepare(interpreter, [], log=tmp_path / "log")

    assert runner.tools == ["uv", "-c", "-m"]


def test_a_tool_that_makes_nothing_although_all_is_well_is_not_believed(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    maker = UvMaker(LocalRunner(), {}, uv=executable_uv(tmp_path / "bin"))

    with pytest.raises(CreationError, match=r"bin/python is missing"):
        maker.create(interpreter, tmp_path / "env", log=tmp_path / "log")


def test_a_failure_is_not_tried_again(tmp_path: Path, interpreter: Interpreter) -> None:
    runner = RefusingRunner()
    environments = IsolatedEnvironments(tmp_path / "envs", runner, {}, uv=None)

    for _ in range(2):
        with pytest.raises(CreationError):
            environments.prepare(interpreter, [], log=tmp_path / "log")

    assert runner.tools == ["-c", "-m"]
