from __future__ import annotations

from pathlib import Path

import fake_interpreters
import pytest
from fake_interpreters import CountingRunner, write_interpreter, write_script

from pep517_multi.errors import InterpreterError, UsageError
from pep517_multi.interpreters import Candidate, Finder


class Machine:
    """A machine with one folder on PATH, pyenv, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.bin = root / "bin"
        self.pyenv = root / "pyenv"
        self.cache = root / "cache"
        self.runner = CountingRunner()
        self.path = [self.bin]

    def install(self, name: str, version: str | None = None, *, folder: Path | None = None) -> Path:
        return write_interpreter((folder or self.bin) / name, name, version)

    def install_managed(self, name: str, version: str) -> Path:
        return self.install(name, version, folder=self.pyenv / "versions" / version / "bin")

    def finder(self, *, timeout: float = 15) -> Finder:
        environ = {
            "PATH": ":".join(map(str, self.path)),
            "HOME": "/nonexistent",
            "PYENV_ROOT": str(self.pyenv),
        }
        return Finder(self.runner, environ, self.cache, timeout=timeout, system_folders=())

    def select(self, *specs: str) -> list[tuple[str, str]]:
        return [(found.name, str(found.executable)) for found in self.finder().select(specs)]

    def survey(self, *, timeout: float = 15) -> dict[str, Candidate]:
        return {str(candidate.executable): candidate for candidate in self.finder(timeout=timeout).survey()}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_specs_every_cpython_and_pypy_is_selected_in_the_order_of_work(machine: Machine) -> None:
    for name in ("pypy3.11", "python3.13t", "python3.13", "python3.9", "graalpy3.11", "pypy3.9", "python3.10"):
        machine.install(name)
    expected = ["python3.9", "python3.10", "python3.13", "python3.13t", "pypy3.9", "pypy3.11"]
    assert [name for name, _ in machine.select()] == expected
    assert machine.select("all") == machine.select()


def test_the_order_of_specs_does_not_matter(machine: Machine) -> None:
    for name in ("python3.9", "python3.12", "pypy3.9"):
        machine.install(name)
    assert machine.select("pypy3", "3.12", "3.9") == machine.select("3.9", "3.12", "pypy3")


def test_path_wins_over_a_newer_patch_of_a_version_manager(machine: Machine) -> None:
    on_path = machine.install("python3.12", "3.12.1")
    machine.install_managed("python3.12", "3.12.9")
    assert machine.select("3.12") == [("python3.12", str(on_path))]


def test_the_newest_patch_of_a_version_manager_wins(machine: Machine) -> None:
    machine.install_managed("python3.12", "3.12.9")
    newest = machine.install_managed("python3.12", "3.12.10")
    assert machine.select("3.12") == machine.select() == [("python3.12", str(newest))]


def test_a_patch_version_finds_one_that_the_name_would_not(machine: Machine) -> None:
    older = machine.install_managed("python3.12", "3.12.9")
    machine.install_managed("python3.12", "3.12.10")
    assert machine.select("3.12.9") == [("python3.12", str(older))]


def test_python3_is_what_python3_runs_not_the_newest(machine: Machine) -> None:
    machine.install("python3.13")
    default = machine.install("python3.11")
    (machine.bin / "python3").symlink_to("python3.11")
    assert machine.select("python3") == [("python3.11", str(default))]


def test_a_name_decides_nothing_about_what_an_interpreter_is(machine: Machine) -> None:
    liar = write_interpreter(machine.bin / "python3", "python3.13t")
    assert machine.select("3.13t") == [("python3.13t", str(liar))]
    with pytest.raises(InterpreterError, match=r"matches '3\.13' \(found: python3\.13t\)"):
        machine.select("3.13")


def test_one_interpreter_named_twice_counts_once(machine: Machine) -> None:
    python = machine.install("python3.12")
    link = machine.bin / "link"
    link.symlink_to(python)
    assert len(machine.select("3.12", "cp312", str(python), str(link), str(machine.bin))) == 1


def test_two_interpreters_with_one_canonical_name_are_an_error_that_names_both(machine: Machine) -> None:
    first, second = machine.install("python3.12"), machine.install_managed("python3.12", "3.12.10")
    with pytest.raises(UsageError, match=f"{first} and {second} are both python3.12"):
        machine.select("3.12", str(second))


def test_what_is_not_found_is_told_with_what_is(machine: Machine) -> None:
    machine.install("python3.11")
    machine.install("pypy3.9")
    with pytest.raises(InterpreterError) as raised:
        machine.select("3.11", "3.9")
    assert str(raised.value) == (
        "no installed interpreter matches '3.9' (found: python3.11, pypy3.9); "
        'run "multibuild impls" to see where was looked'
    )


def test_an_interpreter_that_would_match_but_is_broken_is_named_with_its_problem(machine: Machine) -> None:
    broken = write_script(machine.bin / "python3.12", "exit 1")
    with pytest.raises(InterpreterError, match=rf"\(found: none; {broken}: it is no Python: exit status 1"):
        machine.select("3.12")


def test_a_machine_without_python_says_so(machine: Machine) -> None:
    with pytest.raises(InterpreterError, match="found: none"):
        machine.select()


def test_a_broken_path_is_an_error_that_says_why(machine: Machine) -> None:
    broken = write_script(machine.bin / "python3.12", "exit 7")
    with pytest.raises(InterpreterError, match=f"{broken} cannot be used as an interpreter: .* exit status 7"):
        machine.select(str(broken))


def test_a_warm_cache_starts_no_process(machine: Machine) -> None:
    machine.install("python3.12")
    machine.install("pypy3.9")
    cold = machine.select("3.12", "pypy3")
    machine.runner.commands.clear()
    assert machine.select("3.12", "pypy3") == cold
    assert machine.runner.commands == []


def test_a_replaced_interpreter_is_asked_again(machine: Machine) -> None:
    machine.install("python3.12", "3.12.1")
    machine.select("3.12")
    machine.install("python3.12", "3.12.2")
    (found,) = machine.finder().select(["3.12"])
    assert str(found.version) == "3.12.2"


def test_only_what_may_be_meant_is_run(machine: Machine) -> None:
    wanted = machine.install("python3.12")
    for other in ("python3.11", "pypy3.9"):
        machine.install(other)
    write_script(machine.bin / "python2.7", "exit 2")
    machine.select("3.12")
    assert machine.runner.programs == {str(wanted)}


def test_a_dispatcher_stands_for_what_it_runs(machine: Machine, tmp_path: Path) -> None:
    real = machine.install("python3.12", folder=tmp_path / "lib")
    write_script(machine.bin / "python3", f'exec {real} "$@"')
    assert machine.select("3.12") == [("python3.12", str(real))]


def test_a_wrapper_given_by_its_path_is_used_as_given(machine: Machine, tmp_path: Path) -> None:
    real = machine.install("python3.12", folder=tmp_path / "lib")
    wrapper = write_script(tmp_path / "wrapper", f'exec {real} "$@"')
    assert machine.select(str(wrapper)) == [("python3.12", str(wrapper))]


def test_a_name_never_finds_a_virtual_environment(machine: Machine, tmp_path: Path) -> None:
    real = machine.install("python3.12", folder=tmp_path / "base")
    machine.path = [tmp_path / "env/bin", machine.bin]
    machine.path[0].mkdir(parents=True)
    (machine.path[0] / "python").symlink_to(real)
    (tmp_path / "env/pyvenv.cfg").write_text(f"home = {real.parent}\n", encoding="utf-8")
    hidden = write_interpreter(machine.bin / "python3.11", "python3.11", virtual=True)
    assert machine.select() == [("python3.12", str(real))]
    assert "give its path" in (machine.survey()[str(hidden)].problem or "")


def test_an_environment_and_its_installation_are_two_interpreters(machine: Machine, tmp_path: Path) -> None:
    base = machine.install("python3.12")
    env = write_interpreter(tmp_path / "env/bin/python", "python3.12", virtual=True)
    with pytest.raises(UsageError, match=f"{base} and {env} are both"):
        machine.select("3.12", str(env))


def test_a_survey_shows_each_candidate_and_which_one_a_name_finds(machine: Machine) -> None:
    chosen = machine.install("python3.12", "3.12.1")
    other = machine.install_managed("python3.12", "3.12.9")
    broken = write_script(machine.bin / "python3.11", "exit 1")
    survey = machine.survey()
    assert list(survey) == [str(chosen), str(other), str(broken)]
    assert [candidate.chosen_for for candidate in survey.values()] == ["python3.12", None, None]
    assert [candidate.found for candidate in survey.values()] == ["PATH", "pyenv", "PATH"]
    assert survey[str(chosen)].problem is None
    assert survey[str(broken)].interpreter is None


def test_a_survey_survives_whatever_executables_do(machine: Machine) -> None:
    bad = {
        "python3": "sleep 600",
        "python3.8": "exit 127",
        "python3.9": "kill -KILL $$",
        "python3.10": fake_interpreters.saying({"implementation": "cpython"}),
        "python3.11": "head -c 100000 /dev/zero",
        "python2.7": fake_interpreters.saying({"unsupported": [2, 7], "executable": "python2.7"}),
    }
    for name, script in bad.items():
        write_script(machine.bin / name, script)
    good = machine.install("python3.12")
    survey = machine.survey(timeout=3)
    assert {Path(path).name for path, candidate in survey.items() if candidate.problem} == bad.keys()
    assert survey[str(good)].chosen_for == "python3.12"


def test_without_a_cache_folder_interpreters_are_found_all_the_same(machine: Machine) -> None:
    machine.install("python3.12")
    finder = Finder(machine.runner, machine.finder().environ, None, system_folders=())
    assert [found.name for found in finder.select(["3.12"])] == ["python3.12"]
