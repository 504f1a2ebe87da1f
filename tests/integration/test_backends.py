"""Environments of real interpreters, made with uv and with virtualenv, filled from a folder of wheels."""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends
from packaging.requirements import Requirement
from toy_backends import backend_wheel, write_backend

from pep517_multi.backends import BuildCall, Environment, InstalledEnvironments, IsolatedEnvironments, build_wheel
from pep517_multi.backends.makers import CreationError, VenvMaker, find_uv
from pep517_multi.errors import BuildError, MissingRequirementsError
from pep517_multi.events import Event, Note
from pep517_multi.process import Command, Completed, LocalRunner, inherited_environment
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

TOY = BuildSystem("toybackend", requires=("toybackend",))


def offline(wheels: Path) -> dict[str, str]:
    """Return an environment in which nothing but ``wheels`` can be installed, whatever the machine is set up for."""
    kept = {name: value for name, value in inherited_environment().items() if not name.startswith(("PIP_", "UV_"))}
    return kept | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    backend_wheel(folder)
    return folder


@pytest.fixture(params=["uv", "virtualenv"])
def uv(request: pytest.FixtureRequest) -> Path | None:
    if request.param == "virtualenv":
        return None
    found = find_uv(inherited_environment())
    if found is None:
        pytest.skip("needs uv (the extra 'uv')")
    return found


def newest() -> Interpreter:
    return toy_backends.target(*list(machine.cpythons().items())[-1])


def versions(environment: Environment) -> str:
    """Return what the environment itself can import, in its own words."""
    code = (
        "from importlib.metadata import distributions as d; print(sorted((x.metadata['Name'], x.version) for x in d()))"
    )
    command = [str(environment.python), "-c", code]
    answer = subprocess.run(command, env=dict(environment.environ), capture_output=True, text=True, check=True).stdout
    return str(answer)


def test_an_environment_holds_what_was_asked_for_and_its_python_is_the_targets(
    tmp_path: Path, wheels: Path, uv: Path | None
) -> None:
    backend_wheel(wheels, name="deep")
    backend_wheel(wheels, name="top", version="2.0", requires=["deep"])
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels), uv=uv)
    requires = ["Top>=1", "toybackend", "never; python_version < '3'"]

    environment = environments.prepare(newest(), requires, log=tmp_path / "log")

    assert environment.packages == {"top": "2.0", "toybackend": "1.0"}
    assert "('deep', '1.0')" in versions(environment)
    assert "setuptools" not in versions(environment)
    made = toy_backends.target(newest().name, environment.python)
    assert made.is_virtual
    assert made.version == newest().version
    assert environment.environ["PATH"].startswith(f"{environment.python.parent}:")
    assert "toybackend" in (tmp_path / "log").read_text()


@pytest.mark.interpreters
def test_every_interpreter_gets_an_environment_side_by_side(tmp_path: Path, wheels: Path, uv: Path | None) -> None:
    runner = LocalRunner()
    environments = IsolatedEnvironments(tmp_path / "envs", runner, offline(wheels), uv=uv)
    targets = [toy_backends.target(*item) for item in machine.interpreters().items()]
    chosen = {name: one for one in (targets[0], targets[-1], newest()) for name in [one.name]}

    def built(interpreter: Interpreter) -> str:
        tree = tmp_path / "trees" / interpreter.name
        tree.mkdir(parents=True)
        output = tmp_path / "out" / interpreter.name
        call = BuildCall(interpreter, TOY, tree, output, {}, tmp_path / f"{interpreter.name}.log")
        return build_wheel(call, environments, runner=runner).path.name

    with ThreadPoolExecutor() as pool:
        assert set(pool.map(built, chosen.values())) == {"toy-1.0-py3-none-any.whl"}


@dataclass
class CountingRunner(LocalRunner):
    installs: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Completed:
        if "install" in command.argv:
            self.installs.append(command)
        return super().run(command)


def test_threads_that_want_the_same_environment_share_one(tmp_path: Path, wheels: Path, uv: Path | None) -> None:
    runner = CountingRunner()
    environments = IsolatedEnvironments(tmp_path / "envs", runner, offline(wheels), uv=uv)
    barrier = threading.Barrier(4)

    def prepared(number: int) -> Environment:
        barrier.wait()
        return environments.prepare(newest(), ["toybackend"], log=tmp_path / f"{number}.log")

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(prepared, range(4))

    assert all(one is first for one in others)
    assert len(runner.installs) == 1


def test_an_environment_of_an_earlier_run_is_not_trusted(tmp_path: Path, wheels: Path) -> None:
    def prepared() -> Environment:
        environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels))
        return environments.prepare(newest(), ["toybackend"], log=tmp_path / "log")

    backend_wheel(wheels, version="1.1")
    assert prepared().packages == {"toybackend": "1.1"}
    backend_wheel(wheels, version="1.2")
    assert prepared().packages == {"toybackend": "1.2"}


@pytest.mark.parametrize("how", ["parameter", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"])
def test_constraints_hold(tmp_path: Path, wheels: Path, uv: Path | None, how: str) -> None:
    backend_wheel(wheels, version="2.0")
    file = tmp_path / "constraints.txt"
    file.write_text("toybackend<2\n")
    given = (file,) if how == "parameter" else ()
    environ: Mapping[str, str] = offline(wheels) | ({how: str(file)} if not given else {})
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), environ, given, uv)

    assert environments.prepare(newest(), ["toybackend"], log=tmp_path / "log").packages == {"toybackend": "1.0"}


def test_a_requirement_that_cannot_be_had_is_named_with_the_interpreter_and_the_log(
    tmp_path: Path, wheels: Path, uv: Path | None
) -> None:
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels), uv=uv)

    with pytest.raises(MissingRequirementsError) as caught:
        environments.prepare(newest(), ["toybackend>=7"], log=tmp_path / "build.log")

    message = str(caught.value)
    assert message.startswith(f"{newest().name} cannot have the build requirement toybackend>=7: ")
    assert str(tmp_path / "build.log") in message
    assert "\n" not in message
    with pytest.raises(MissingRequirementsError):
        environments.prepare(newest(), ["toybackend>=7"], log=tmp_path / "other.log")


def test_an_environment_is_made_of_a_virtual_environments_base(tmp_path: Path, wheels: Path, uv: Path | None) -> None:
    name, executable = list(machine.cpythons().items())[-1]
    subprocess.run([executable, "-m", "venv", "--without-pip", tmp_path / "given"], check=True)
    site = next((tmp_path / "given").glob("lib/python*/site-packages"))
    (site / "leak-1.dist-info").mkdir()
    (site / "leak-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: leak\nVersion: 1\n")
    given = toy_backends.target(name, tmp_path / "given" / "bin" / "python")
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels), uv=uv)

    environment = environments.prepare(given, ["toybackend"], log=tmp_path / "log")

    assert given.is_virtual
    assert "leak" not in versions(environment)


def test_settings_of_the_project_and_of_the_callers_shell_do_not_reach_the_installer(
    tmp_path: Path, wheels: Path, uv: Path | None
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\nconstraint-dependencies = ["toybackend<1"]\n')
    foreign = {
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": "/nowhere",
        "VIRTUAL_ENV": "/nowhere",
        "PIP_USER": "1",
        "PIP_TARGET": str(tmp_path / "target"),
        "UV_PYTHON": "2.7",
        "VIRTUALENV_SYSTEM_SITE_PACKAGES": "1",
    }
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')\n")
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels) | foreign, uv=uv)

    environment = environments.prepare(newest(), ["toybackend"], log=tmp_path / "log")

    assert environment.packages == {"toybackend": "1.0"}
    assert not (tmp_path / "target").exists()
    config = (environment.python.parent.parent / "pyvenv.cfg").read_text()
    assert "include-system-site-packages = false" in config


def test_where_uv_fails_virtualenv_takes_over_and_says_so(tmp_path: Path, wheels: Path) -> None:
    broken = tmp_path / "uv"
    broken.write_text("#!/bin/sh\necho 'error: no such luck'\nexit 2\n")
    broken.chmod(0o755)
    events: list[Event] = []
    environments = IsolatedEnvironments(
        tmp_path / "envs", LocalRunner(), offline(wheels), uv=broken, observer=events.append
    )

    environment = environments.prepare(newest(), ["toybackend"], log=tmp_path / "log")

    assert environment.packages == {"toybackend": "1.0"}
    [note] = events
    assert isinstance(note, Note)
    assert note.level == "warning"
    assert "no such luck" in note.message


def test_the_targets_own_venv_leaves_nothing_in_the_environment_that_was_not_asked_for(
    tmp_path: Path, wheels: Path
) -> None:
    name, executable = next(iter(machine.cpythons().items()))
    if subprocess.run([executable, "-c", "import ensurepip"], check=False, capture_output=True).returncode:
        pytest.skip("needs ensurepip (Debian: python3-venv)")
    interpreter = toy_backends.target(name, executable)
    maker = VenvMaker(LocalRunner(), offline(wheels))

    maker.create(interpreter, tmp_path / "env", log=tmp_path / "log")
    maker.install(interpreter, tmp_path / "env", [Requirement("toybackend")], log=tmp_path / "log")

    environ = inherited_environment()
    found = versions(Environment(tmp_path / "env" / "bin" / "python", environ, {}))
    assert "('toybackend', '1.0')" in found
    assert "setuptools" not in found


def test_an_interpreter_of_which_no_environment_can_be_made_is_named(tmp_path: Path, wheels: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels))
    with pytest.raises(CreationError, match=r"no build environment of python.* can be made with venv"):
        environments.prepare(replace(newest(), executable=broken), [], log=tmp_path / "log")


def test_a_backend_gets_what_it_asks_for_at_run_time(tmp_path: Path, wheels: Path, uv: Path | None) -> None:
    backend_wheel(wheels, "ANSWER = 42", name="dynamic")
    source = toy_backends.GOOD_BACKEND.replace('name = "toy', 'import dynamic; name = "toy')
    asks = "\n    def get_requires_for_build_wheel(config_settings=None):\n        return ['dynamic']\n"
    system = write_backend(tmp_path / "tree", source + asks)
    call = BuildCall(newest(), system, tmp_path / "tree", tmp_path / "out", {}, tmp_path / "log")
    runner = LocalRunner()

    wheel = build_wheel(call, IsolatedEnvironments(tmp_path / "envs", runner, offline(wheels), uv=uv), runner=runner)

    assert wheel.requires == ("dynamic",)
    assert wheel.packages == {"dynamic": "1.0"}
    with pytest.raises(MissingRequirementsError, match=r"dynamic \(not installed\)"):
        build_wheel(call, InstalledEnvironments(runner, offline(wheels)), runner=runner)


def test_a_backend_that_was_not_required_is_not_there(tmp_path: Path, wheels: Path, uv: Path | None) -> None:
    (tmp_path / "tree").mkdir()
    system = BuildSystem("toybackend", requires=())
    call = BuildCall(newest(), system, tmp_path / "tree", tmp_path / "out", {}, tmp_path / "log")
    environments = IsolatedEnvironments(tmp_path / "envs", LocalRunner(), offline(wheels), uv=uv)

    with pytest.raises(BuildError, match="cannot import the backend toybackend"):
        build_wheel(call, environments, runner=LocalRunner())


PROJECT = '[project]\nname = "sample"\nversion = "1.0"\ndescription = "x"\n'


@pytest.mark.network
@pytest.mark.interpreters
@pytest.mark.parametrize("backend", ["flit_core.buildapi", "hatchling.build", "setuptools.build_meta"])
def test_well_known_backends_build_on_the_oldest_the_newest_and_pypy(tmp_path: Path, backend: str) -> None:
    package = backend.partition(".")[0]
    environ = inherited_environment()
    runner = LocalRunner()
    environments = IsolatedEnvironments(tmp_path / "envs", runner, environ)
    cpythons, pypys = list(machine.cpythons().items()), list(machine.pypys().items())
    for name, executable in (cpythons[0], cpythons[-1], pypys[0]):
        tree = tmp_path / name
        tree.mkdir()
        text = f'[build-system]\nrequires = ["{package}"]\nbuild-backend = "{backend}"\n{PROJECT}'
        (tree / "pyproject.toml").write_text(text)
        (tree / "sample.py").write_text('"""Sample."""\n')
        system = BuildSystem(backend, requires=(package,))
        call = BuildCall(
            toy_backends.target(name, executable), system, tree, tree / "out", {}, tmp_path / f"{name}.log"
        )

        wheel = build_wheel(call, environments, runner=runner)

        assert wheel.path.name.startswith("sample-1.0-")
        assert list(wheel.packages) == [package.replace("_", "-")]
