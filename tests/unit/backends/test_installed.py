from __future__ import annotations

import ast
import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends
from wheel_maker import make_wheel

from pep517_multi.backends import InstalledEnvironments, missing_requirements, packages
from pep517_multi.backends.packages import importable
from pep517_multi.errors import InterpreterError, MissingRequirementsError
from pep517_multi.process import Command, Completed, LocalRunner, inherited_environment

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """Make a virtual environment with one package in it, whatever the machine has installed elsewhere."""
    name, executable = next(iter(machine.cpythons().items()))
    folder = tmp_path / "env"
    subprocess.run([executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    metadata = "Metadata-Version: 2.1\nName: Toy_Backend\nVersion: 1.5\nRequires-Dist: deep>=2\n"
    wheel = make_wheel(tmp_path, "toy_backend", version="1.5", metadata=metadata)
    subprocess.run([executable, "-m", "zipfile", "-e", wheel, site], check=True)
    (site / "broken-1.dist-info").mkdir()
    return toy_backends.target(name, folder / "bin" / "python")


@dataclass
class CountingRunner(LocalRunner):
    commands: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        return super().run(command)


@dataclass
class AnsweringRunner(LocalRunner):
    answer: Completed = field(default_factory=lambda: Completed(0, 0.0))

    def run(self, command: Command) -> Completed:
        assert command.argv
        return self.answer


def test_what_is_missing_is_told_for_all_interpreters_at_once(interpreter: Interpreter) -> None:
    runner = CountingRunner()
    other = replace(interpreter, name="python9.9", executable=next(iter(machine.cpythons().values())))

    missing = missing_requirements(
        [interpreter, other], ["toy-backend>=2", "absent"], runner=runner, environ=inherited_environment()
    )

    assert missing[interpreter.name] == ("absent (not installed)", "toy-backend>=2 (1.5 is installed)")
    assert missing["python9.9"] == ("absent (not installed)", "toy-backend>=2 (not installed)")
    assert len(runner.commands) == 2


def test_what_is_missing_further_down_is_told_too(interpreter: Interpreter) -> None:
    missing = missing_requirements(
        [interpreter], ["toy-backend"], runner=LocalRunner(), environ=inherited_environment()
    )

    assert missing == {interpreter.name: ("deep>=2 (not installed; toy-backend needs it)",)}


def test_an_interpreter_that_lacks_nothing_is_not_mentioned(interpreter: Interpreter) -> None:
    requires = ["absent; python_version < '3'"]

    assert missing_requirements([interpreter], requires, runner=LocalRunner(), environ={}) == {}


def test_nothing_is_asked_where_nothing_is_required(interpreter: Interpreter) -> None:
    runner = CountingRunner()

    assert missing_requirements([interpreter], [], runner=runner, environ={}) == {}
    assert runner.commands == []


def test_packages_of_the_callers_python_path_do_not_count(interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "absent-1.dist-info").mkdir()
    (tmp_path / "absent-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: absent\nVersion: 1\n")
    environ = inherited_environment() | {"PYTHONPATH": str(tmp_path)}

    missing = missing_requirements([interpreter], ["absent"], runner=LocalRunner(), environ=environ)

    assert missing == {interpreter.name: ("absent (not installed)",)}


def test_an_environment_that_lacks_something_is_refused_with_what_to_do(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    environments = InstalledEnvironments(LocalRunner(), inherited_environment())

    with pytest.raises(
        MissingRequirementsError, match=r"lacks build requirements: absent>=1 \(not installed\)"
    ) as caught:
        environments.prepare(interpreter, ["absent>=1"], log=tmp_path / "log")

    assert caught.value.exit_code == 3
    assert "without --no-isolation" in str(caught.value)


def test_a_virtual_environment_is_used_as_if_it_were_active(interpreter: Interpreter, tmp_path: Path) -> None:
    runner = CountingRunner()
    environments = InstalledEnvironments(runner, {"PATH": "/usr/bin", "PYTHONPATH": "x"})

    environment = environments.prepare(interpreter, [], log=tmp_path / "log")
    environments.prepare(interpreter, [], log=tmp_path / "log")

    folder = interpreter.executable.parent.parent
    assert environment.python == interpreter.executable
    assert environment.environ["PATH"] == f"{folder}/bin:/usr/bin"
    assert environment.environ["VIRTUAL_ENV"] == str(folder)
    assert environment.environ["PYTHONDONTWRITEBYTECODE"] == "1"
    assert "PYTHONPATH" not in environment.environ
    assert len(runner.commands) == 1, "what is installed is asked once"


def test_an_installation_leaves_the_order_of_the_path_alone(interpreter: Interpreter, tmp_path: Path) -> None:
    base = replace(interpreter, executable=next(iter(machine.cpythons().values())), is_virtual=False)
    environments = InstalledEnvironments(
        LocalRunner(), {"PATH": "/opt/ccache:/opt/bin", "VIRTUAL_ENV": "/mine", "EPYTHON": "python3.1"}
    )

    environment = environments.prepare(base, [], log=tmp_path / "log")

    assert environment.environ["PATH"] == f"/opt/ccache:/opt/bin:{base.executable.parent}"
    assert "VIRTUAL_ENV" not in environment.environ
    assert environment.environ["EPYTHON"] == base.name


def test_the_versions_of_what_was_asked_for_are_told(interpreter: Interpreter, tmp_path: Path) -> None:
    site = next(interpreter.executable.parent.parent.glob("lib/python*/site-packages"))
    (site / "deep-2.0.dist-info").mkdir()
    (site / "deep-2.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: deep\nVersion: 2.0\n")
    environments = InstalledEnvironments(LocalRunner(), inherited_environment())

    environment = environments.prepare(interpreter, ["toy-backend"], log=tmp_path / "log")

    assert environment.packages == {"toy-backend": "1.5"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Completed(1, 0.0, stderr=b"Traceback\nNo luck\n"), "No luck", id="fails"),
        pytest.param(Completed(0, 0.0, stdout=b"hello\n"), "no answer", id="says-something-else"),
    ],
)
def test_a_python_that_does_not_answer_is_named(answer: Completed, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match=rf"python cannot list its packages \({expected}\)"):
        importable(tmp_path / "python", runner=AnsweringRunner(answer=answer), environ={})


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="cannot list its packages: cannot start"):
        importable(tmp_path / "python", runner=LocalRunner(), environ=dict(os.environ))


def test_only_what_is_required_is_looked_at(interpreter: Interpreter) -> None:
    site = next(interpreter.executable.parent.parent.glob("lib/python*/site-packages"))
    for name in ("deep", "unasked"):
        (site / f"{name}-2.0.dist-info").mkdir()
        (site / f"{name}-2.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")

    found = importable(interpreter.executable, runner=LocalRunner(), environ={}, needed=["Toy.Backend"])

    assert sorted(found.by_name) == ["deep", "toy-backend"]
    assert not found.complete


ODD = {
    "toy": "Name: toy\nVersion: 1.0\nRequires-Dist: deep[a,b]>=2; extra == \"q\\t\" and os_name != 'ü'\n",
    "deep": "Name: Deep\nVersion: 2.0+\N{SNOWMAN}.\N{PILE OF POO}\n",
    "quo'te": 'Name: quo"te\\\\\nVersion: 1\t2\x7f\x01\n',
    "ünï": "Name: ünï\nVersion: 3\u2028\n",
}
ASK = """
import sys
from importlib.metadata import distributions
found = [[d.metadata["Name"], d.metadata["Version"], list(d.requires or []), str(d._path)] for d in distributions()]
print(ascii([found, sys.path]))
"""


@pytest.mark.parametrize("name", [*list(machine.cpythons())[:: max(1, len(machine.cpythons()) - 1)], *machine.pypys()])
@pytest.mark.parametrize("needed", [(), ("toy",)], ids=["all", "some"])
def test_what_python_itself_says_is_understood_whatever_is_in_it(
    tmp_path: Path, name: str, needed: tuple[str, ...]
) -> None:
    cafe = b"caf\xe9" if name in machine.cpythons() else "café".encode()  # PyPy makes other bytes of such a path
    site = os.fsencode(tmp_path) + b"/" + cafe + b" 'n\" \\\n"
    for each, metadata in ODD.items():
        folder = os.fsdecode(site) + f"/{each}-1.dist-info"
        os.makedirs(folder)  # noqa: PTH103 - not every byte is text
        with open(f"{folder}/METADATA", "w", encoding="utf-8") as stream:  # noqa: PTH123 - as above
            stream.write(f"Metadata-Version: 2.1\n{metadata}")
    environ = {"PYTHONPATH": os.fsdecode(site), "LC_ALL": "C.UTF-8"}

    def said(*arguments: str | Path) -> bytes:
        return subprocess.check_output([machine.interpreters()[name], "-s", "-S", "-B", *arguments], env=environ)

    script = Path(packages.__file__).with_name("target_packages.py")
    complete, found, path = json.loads(said(script, *needed).split(b"\x1e")[1])
    expected, expected_path = ast.literal_eval(
        said("-c", ASK).decode()
    )  # what PyPy 3.11 makes JSON of is not always it

    assert complete is not bool(needed)
    key = {"toy", "Deep"} if needed else {each[0] for each in expected}
    assert sorted(found) == sorted(each for each in expected if each[0] in key)
    assert len(found) >= 2
    assert path == [entry for entry in expected_path if entry]
    assert os.fsdecode(site) in path


@pytest.mark.parametrize(
    ("folder", "file", "metadata"),
    [
        pytest.param("odd-1.0.egg-info", "PKG-INFO", "Name: odd\nVersion: 1.0\n", id="egg-info"),
        pytest.param(
            "odd-1.0.dist-info", "METADATA", "name: odd\nVERSION: 1.0\n\nName: body\n", id="headers-spelled-oddly"
        ),
        pytest.param("even-1.0.dist-info", "METADATA", "Name: odd\nVersion: 1.0\n", id="folder-of-another-name"),
    ],
)
def test_what_is_installed_in_an_odd_way_is_found_too(
    interpreter: Interpreter, folder: str, file: str, metadata: str
) -> None:
    site = next(interpreter.executable.parent.parent.glob("lib/python*/site-packages"))
    (site / folder).mkdir()
    (site / folder / file).write_text(f"Metadata-Version: 2.1\n{metadata}")

    assert missing_requirements([interpreter], ["odd>=1"], runner=LocalRunner(), environ={}) == {}


def test_what_is_required_under_a_condition_and_installed_in_an_odd_way_is_found_too(interpreter: Interpreter) -> None:
    site = next(interpreter.executable.parent.parent.glob("lib/python*/site-packages"))
    for folder, file, requirement in (
        ("outer-1.dist-info", "METADATA", "Requires-Dist: odd; python_version > '3'\n"),
        ("odd-1.egg-info", "PKG-INFO", ""),
    ):
        (site / folder).mkdir()
        text = f"Metadata-Version: 2.1\nName: {folder.partition('-')[0]}\nVersion: 1\n{requirement}"
        (site / folder / file).write_text(text)

    assert missing_requirements([interpreter], ["outer"], runner=LocalRunner(), environ={}) == {}
