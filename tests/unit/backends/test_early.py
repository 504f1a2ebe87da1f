from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import machine
import pytest
import toy_backends
from processes import gone, is_running

from pep517_multi.backends import BuildCall, Environment, build_wheel
from pep517_multi.backends.early import EarlyBackends
from pep517_multi.backends.environments import environ_of_installed
from pep517_multi.errors import BuildError
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Begun, Command, Runner

SYSTEM = BuildSystem("flit_core.buildapi", requires=())
"""One of the backends that may be imported early; what the tests install by this name is their own."""

BACKEND = """
import json, os, sys, zipfile

with open(os.environ["TOY_IMPORTS"], "a") as stream:
    stream.write("%d %s\\n" % (os.getpid(), os.environ.get("TOY_FLAG", "")))

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    main = sys.modules["__main__"]
    names = {name: repr(value) for name, value in vars(main).items() if name.startswith("__")}
    del names["__builtins__"]
    state = {
        "pid": os.getpid(), "argv": [os.path.basename(word) for word in sys.argv[:2]],
        "original": [os.path.basename(word) for word in getattr(sys, "orig_argv", [])[:3]],
        "folder": os.listdir(sys.argv[2]), "cwd": os.getcwd(),
        "path": sys.path, "flags": repr(sys.flags), "environ": dict(os.environ), "stdin": sys.stdin.read(),
        "umask": os.umask(0o022), "main": {**names, "__loader__": type(main.__loader__).__name__},
        "builtins": main.__builtins__ is sys.modules["builtins"], "leader": os.getsid(0) == os.getpid(),
        "descriptors": sorted(os.readlink("/proc/self/fd/%d" % number).partition(":")[0] for number in (0, 1, 2)),
    }
    with open(os.path.join(wheel_directory, "state.json"), "w") as stream:
        json.dump(state, stream)
    with zipfile.ZipFile(os.path.join(wheel_directory, "toy-1.0-py3-none-any.whl"), "w"):
        return "toy-1.0-py3-none-any.whl"
"""


@dataclass
class NotingRunner(LocalRunner):
    begun: list[Begun] = field(default_factory=list)

    def begin(self, command: Command) -> Begun:
        self.begun.append(super().begin(command))
        return self.begun[-1]


@dataclass(frozen=True)
class Installed:
    """Hooks run in the interpreter itself, with what was found out about their environment at last."""

    environ: Mapping[str, str]
    more: Mapping[str, str]

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        assert (requires, log.name) == ((), "build.log")
        environ = {**environ_of_installed(interpreter, self.environ), **self.more}
        return Environment(interpreter.executable, environ, {"flit-core": "3.9"})


@dataclass
class Scene:
    """An interpreter with a backend installed, a tree, and a log of who imported the backend."""

    folder: Path
    interpreter: Interpreter
    runner: NotingRunner = field(default_factory=NotingRunner)

    def __post_init__(self) -> None:
        self.site = next((self.folder / "env").glob("lib/python*/site-packages"))
        self.imports = self.folder / "imports"
        self.log = self.folder / "logs" / "build.log"
        self.environ = {**inherited_environment(), "TOY_IMPORTS": str(self.imports)}
        (self.folder / "tree").mkdir()
        project = '[project]\nname = "toy"\nversion = "1.0"\ndescription = "A toy."\n'  # so that flit asks for nothing
        (self.folder / "tree" / "pyproject.toml").write_text(project)
        self.install(BACKEND)

    def install(self, source: str) -> None:
        (self.site / "flit_core").mkdir(exist_ok=True)
        (self.site / "flit_core" / "buildapi.py").write_text(source)

    def early(self, system: BuildSystem = SYSTEM) -> EarlyBackends:
        early = EarlyBackends(self.runner, self.environ)
        early.expect(self.interpreter, system)
        return early

    def importers(self, *, at_least: int = 0) -> list[str]:
        deadline = time.monotonic() + 30
        while True:
            found = self.imports.read_text().splitlines() if self.imports.exists() else []
            if len(found) >= at_least or time.monotonic() > deadline:
                return found
            time.sleep(0.01)

    def built(self, runner: Runner, name: str, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        call = BuildCall(self.interpreter, SYSTEM, self.folder / "tree", self.folder / name, {}, self.log)
        build_wheel(call, Installed(self.environ, more or {}), runner=runner)
        state: dict[str, Any] = json.loads((self.folder / name / "state.json").read_text())
        return state


@pytest.fixture(params=["oldest", "newest"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    name, executable = [*machine.cpythons().items()][0 if request.param == "oldest" else -1]
    subprocess.run([executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    scene = Scene(tmp_path, toy_backends.target(name, tmp_path / "env" / "bin" / "python"))
    yield scene
    scene.runner.close()


def test_a_hook_finds_everything_as_if_it_had_been_started_for_it(scene: Scene) -> None:
    late = {"MAKEFLAGS": " -j2", "CPPFLAGS": "-DX=1"}
    scene.environ["TOY_ODD"] = "caf\udce9, caf\u00e9\n"
    early = scene.early()

    found = scene.built(early, "early", late)
    expected = scene.built(scene.runner, "usual", late)

    assert len(scene.runner.begun) == 1
    assert len(scene.importers()) == 2
    assert found.pop("pid") != expected.pop("pid")
    assert found == expected


@pytest.mark.parametrize("line", ["env -u PWD {} -I", "env -u PWD {} -O", "env TOY_BY_SCRIPT=1 {}"])
def test_a_script_that_stands_for_an_interpreter_starts_hooks_in_its_own_way(scene: Scene, line: str) -> None:
    script = scene.folder / "python"
    script.write_text(f'#!/bin/sh\nexec {line.format(scene.interpreter.executable)} "$@"\n')
    script.chmod(0o755)
    scene.environ.pop("PWD", None)  # a shell would set it to another folder than that of the build
    scene.interpreter = replace(scene.interpreter, executable=script)
    early = scene.early()

    found = scene.built(early, "early")
    expected = scene.built(scene.runner, "usual")

    assert len(scene.runner.begun) == 1
    assert found.pop("pid") != expected.pop("pid")
    assert found == expected


def test_the_process_that_imported_the_backend_is_the_one_that_builds(scene: Scene) -> None:
    early = scene.early()
    (importer,) = scene.importers(at_least=1)

    assert scene.built(early, "out")["pid"] == int(importer)
    assert len(scene.importers()) == 1


def test_the_second_hook_gets_a_process_of_its_own(scene: Scene) -> None:
    early = scene.early()

    pids = {scene.built(early, name)["pid"] for name in ("first", "second")}

    assert len(pids) == len(scene.importers()) == 2


def test_a_backend_is_imported_anew_where_it_may_have_looked_at_what_has_changed(scene: Scene) -> None:
    early = scene.early()

    scene.built(early, "out", {"TOY_FLAG": "new"})

    assert [line.partition(" ")[2] for line in scene.importers()] == ["", "new"]


def test_what_a_backend_puts_in_front_of_the_path_of_modules_stays_there(scene: Scene) -> None:
    scene.install(f"import sys\nsys.path.insert(0, '/nowhere')\n{BACKEND}")

    assert scene.built(scene.early(), "out")["path"] == scene.built(scene.runner, "usual")["path"]
    assert len(scene.importers()) == 2


def test_a_backend_that_does_anything_else_to_the_path_is_imported_anew(scene: Scene) -> None:
    scene.install(f"import sys\nsys.path.reverse()\n{BACKEND}")

    scene.built(scene.early(), "out")

    assert len(scene.importers()) == 2


@pytest.mark.parametrize("failing", ["raise ImportError('no luck')", "raise SystemExit('no luck')", "1 +"])
def test_what_a_backend_says_when_it_cannot_be_imported_is_what_it_always_says(scene: Scene, failing: str) -> None:
    scene.install(failing)

    def told(runner: Runner) -> tuple[str, str]:
        scene.log.unlink(missing_ok=True)
        with pytest.raises(BuildError) as caught:
            scene.built(runner, "out")
        return str(caught.value), caught.value.tail

    assert told(scene.early()) == told(scene.runner)


def test_a_traceback_does_not_name_the_script(scene: Scene) -> None:
    scene.install(
        f"{BACKEND.partition('def build_wheel')[0]}def build_wheel(*args):\n    raise ValueError('no luck')\n"
    )
    early = scene.early()

    with pytest.raises(BuildError) as caught:
        scene.built(early, "out")

    assert len(scene.importers()) == 1
    assert caught.value.tail.endswith("ValueError: no luck")
    assert "target_early" not in caught.value.tail


def test_what_the_import_prints_is_in_the_log(scene: Scene) -> None:
    scene.install(f"print('imported with a word')\n{BACKEND}")

    scene.built(scene.early(), "out")

    said = scene.log.read_text()
    assert said.startswith("# ")
    assert "imported with a word" in said


@pytest.mark.parametrize(
    "system",
    [
        pytest.param(BuildSystem("toybackend", ()), id="unknown"),
        pytest.param(BuildSystem("flit_core.buildapi", (), ("backend",)), id="of-the-project"),
    ],
)
def test_only_known_backends_are_imported_early(scene: Scene, system: BuildSystem) -> None:
    scene.early(system)

    assert scene.runner.begun == []


def test_the_hooks_of_another_backend_or_interpreter_are_started_as_usual(scene: Scene) -> None:
    early = EarlyBackends(scene.runner, scene.environ)
    early.expect(replace(scene.interpreter, executable=next(iter(machine.cpythons().values()))), SYSTEM)

    scene.built(early, "out")

    assert is_running(scene.runner.begun[0].child.process.pid)


def test_nothing_is_left_of_what_was_not_needed(scene: Scene) -> None:
    scene.early()
    (importer,) = scene.importers(at_least=1)

    scene.runner.close()

    assert gone(int(importer))
    assert scene.runner.begun[0].child.process.returncode is not None


def test_no_hook_is_called_when_all_that_runs_was_ended(scene: Scene) -> None:
    early = scene.early()
    scene.runner.close()

    with pytest.raises(BuildError, match=r"could not be called: .* because the run is being stopped"):
        scene.built(early, "out")


def test_an_interpreter_that_cannot_be_started_is_told_of_when_a_hook_is_called(scene: Scene) -> None:
    missing = replace(scene.interpreter, executable=scene.folder / "missing")
    early = EarlyBackends(scene.runner, scene.environ)

    early.expect(missing, SYSTEM)
    scene.interpreter = missing

    with pytest.raises(BuildError, match="missing"):
        scene.built(early, "out")
