from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends
from toy_backends import write_backend

from pep517_multi.backends import BuildCall, Environment, build_wheel, scrubbed
from pep517_multi.backends.scrubbing import for_hooks
from pep517_multi.errors import BuildError
from pep517_multi.events import Event, PhaseFinished, PhaseStarted, ignore
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pep517_multi.backends import BuiltWheel
    from pep517_multi.interpreters.interpreter import Interpreter


@dataclass
class BareEnvironments:
    """The interpreter itself for every set of requirements, which it only notes."""

    environ: dict[str, str] = field(default_factory=inherited_environment)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        assert log.name == "build.log"
        self.asked.append(tuple(requires))
        return Environment(interpreter.executable, for_hooks(self.environ), {"toy": "1.0"} if requires else {})


@pytest.fixture
def interpreter() -> Interpreter:
    return toy_backends.target(*next(iter(machine.cpythons().items())))


@pytest.fixture
def call(tmp_path: Path, interpreter: Interpreter) -> BuildCall:
    system = write_backend(tmp_path / "tree", toy_backends.GOOD_BACKEND)
    return BuildCall(interpreter, system, tmp_path / "tree", tmp_path / "out", {}, tmp_path / "logs" / "build.log")


def built(call: BuildCall, source: str | None = None, environments: BareEnvironments | None = None) -> BuiltWheel:
    if source is not None:
        backend = call.tree / "backend" / "toybackend.py"
        backend.write_text(source, encoding="utf-8")
    return build_wheel(call, environments or BareEnvironments(), runner=LocalRunner())


def failure(call: BuildCall, source: str | None = None) -> BuildError:
    with pytest.raises(BuildError) as caught:
        built(call, source)
    assert "\n" not in str(caught.value)
    return caught.value


BUILD = "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"


def test_a_wheel_is_built_where_it_is_wanted_and_told_of(call: BuildCall) -> None:
    events: list[Event] = []

    wheel = build_wheel(call, BareEnvironments(), runner=LocalRunner(), observer=events.append)

    assert wheel.path == call.output / "toy-1.0-py3-none-any.whl"
    assert wheel.path.is_file()
    assert [(type(event), getattr(event, "phase", None)) for event in events] == [
        (PhaseStarted, "env"),
        (PhaseFinished, "env"),
        (PhaseStarted, "build"),
        (PhaseFinished, "build"),
    ]


def test_config_settings_reach_the_backend(call: BuildCall) -> None:
    import zipfile

    wheel = built(replace(call, config_settings={"one": "1", "many": ["a", "b"]}))

    with zipfile.ZipFile(wheel.path) as archive:
        assert archive.read("toy.txt").decode() == "{'one': '1', 'many': ['a', 'b']}"


def test_a_backend_writes_under_the_usual_umask_whatever_that_of_the_user_is(call: BuildCall) -> None:
    noting = "import os\nfor name in ('first', 'second'):\n    os.close(os.open(name, os.O_CREAT, 0o666))\n"
    before = os.umask(0o077)
    try:
        built(call, (call.tree / "backend" / "toybackend.py").read_text(encoding="utf-8") + noting)
    finally:
        os.umask(before)

    assert {oct((call.tree / name).stat().st_mode & 0o777) for name in ("first", "second")} == {"0o644"}


def test_what_a_backend_imports_of_the_project_leaves_no_bytecode_there(call: BuildCall) -> None:
    (call.tree / "pkg.py").write_text("VERSION = '1'", encoding="utf-8")
    importing = "import os, sys\nsys.path.insert(0, os.getcwd())\nimport pkg\n"

    built(call, (call.tree / "backend" / "toybackend.py").read_text(encoding="utf-8") + importing)

    assert [*call.tree.rglob("__pycache__")] == []


def test_the_log_says_what_ran_where_and_holds_all_output(call: BuildCall) -> None:
    built(
        call,
        f"{toy_backends.GOOD_BACKEND.replace('    ', '', 1)}".replace("\n    ", "\n") + "\nprint('x' * 5_000_000)\n",
    )

    log = call.log.read_text()
    assert f"# {call.interpreter.name}: build_wheel of toybackend\n# in {call.tree}\n" in log
    assert "x" * 5_000_000 in log


def test_what_the_backend_asks_for_is_there_when_it_builds(call: BuildCall) -> None:
    environments = BareEnvironments()
    call = replace(call, build_system=replace(call.build_system, requires=("static",)))
    asks = "def get_requires_for_build_wheel(config_settings=None):\n    return ['dynamic>=2', 'static']\n"
    source = (call.tree / "backend" / "toybackend.py").read_text() + asks

    wheel = built(call, source, environments)

    assert environments.asked == [("static",), ("static", "dynamic>=2")]
    assert wheel.requires == ("static", "dynamic>=2")
    assert wheel.packages == {"toy": "1.0"}


def test_a_backend_that_asks_for_nothing_more_needs_one_environment(call: BuildCall) -> None:
    environments = BareEnvironments()

    built(call, environments=environments)

    assert environments.asked == [()]


@pytest.mark.parametrize("answer", ["None", "'toy'", "[1]", "['toy=>1']"])
def test_an_answer_that_lists_no_requirements_is_an_error(call: BuildCall, answer: str) -> None:
    error = failure(call, f"def get_requires_for_build_wheel(config_settings=None):\n    return {answer}\n")

    assert f"toybackend of {call.interpreter.name} answered get_requires_for_build_wheel with" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("42", id="number"),
        pytest.param("None", id="nothing"),
        pytest.param("'/etc/passwd'", id="absolute"),
        pytest.param("'../out/toy-1.0-py3-none-any.whl'", id="path"),
        pytest.param("'toy-1.0.tar.gz'", id="sdist"),
        pytest.param("''", id="empty"),
        pytest.param("'toy-1.0-py3-none-any.whl'", id="no-such-file"),
    ],
)
def test_an_answer_that_is_no_wheel_is_an_error(call: BuildCall, answer: str) -> None:
    error = failure(call, f"{BUILD}    return {answer}\n")

    assert f"the backend toybackend of {call.interpreter.name} answered build_wheel with {answer}" in str(error)
    assert error.log == str(call.log)


def test_a_link_to_a_wheel_elsewhere_is_no_answer(call: BuildCall) -> None:
    name = "toy-1.0-py3-none-any.whl"
    source = f"import os\n{BUILD}    os.symlink(__file__, os.path.join(directory, '{name}'))\n    return '{name}'\n"

    assert "no such file" in str(failure(call, source))


def test_a_backend_that_raises_is_shown_by_its_own_traceback(call: BuildCall) -> None:
    error = failure(call, f"{BUILD}    raise ValueError('no luck')\n")

    assert "failed in build_wheel (exit status 1)" in str(error)
    assert str(call.log) in str(error)
    assert error.tail.endswith("ValueError: no luck")
    assert "toybackend.py" in error.tail
    assert "_in_process.py" not in error.tail


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        pytest.param("os._exit(3)", "exit status 3", id="hard-exit"),
        pytest.param("os._exit(0)", "without an answer", id="hard-exit-as-if-all-were-well"),
        pytest.param("sys.exit(0)", "without an answer", id="exit-as-if-all-were-well"),
        pytest.param("os.kill(os.getpid(), 9)", "signal 9", id="killed"),
        pytest.param("return object()", "exit status 1", id="answer-that-is-no-json"),
    ],
)
def test_a_backend_that_just_ends_is_an_error(call: BuildCall, ending: str, expected: str) -> None:
    assert expected in str(failure(call, f"import os, sys\n{BUILD}    {ending}\n"))


CHILD = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"


def gone(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123 - a zombie that nobody reaps is gone as well
            if stream.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.01)
    return False


def test_a_backend_that_hangs_is_stopped_with_all_its_children(call: BuildCall, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    source = f"{BUILD}    {CHILD}; open({str(pid_file)!r}, 'w').write(str(child.pid)); child.wait()\n"

    error = failure(replace(call, timeout=2.0), source)

    assert "was still in build_wheel after 2 seconds" in str(error)
    assert gone(int(pid_file.read_text()))


def test_a_child_that_a_backend_leaves_behind_does_not_outlive_the_call(call: BuildCall, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    leaves = f"{CHILD}; open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
    source = (call.tree / "backend" / "toybackend.py").read_text()

    built(call, source + leaves)

    assert gone(int(pid_file.read_text()))


@pytest.mark.parametrize("module", ["json", "zipfile", "packaging", "sitecustomize", "usercustomize"])
def test_a_module_in_the_tree_does_not_shadow_anything(call: BuildCall, module: str) -> None:
    (call.tree / f"{module}.py").write_text("raise SystemExit('shadowed')\n")

    assert built(call).path.is_file()


def test_hooks_run_in_the_tree(call: BuildCall) -> None:
    source = f"import os\n{BUILD}    raise ValueError(os.getcwd())\n"

    assert failure(call, source).tail.endswith(f"ValueError: {call.tree}")


def test_hooks_do_not_see_the_callers_python_path(call: BuildCall, tmp_path: Path) -> None:
    environ = inherited_environment() | {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"}
    (tmp_path / "stray.py").write_text("")
    source = (call.tree / "backend" / "toybackend.py").read_text()
    source += "\ntry:\n    import stray\nexcept ImportError:\n    pass\nelse:\n    raise SystemExit('seen')\n"

    assert built(call, source, BareEnvironments(environ)).path.is_file()
    assert "PYTHONPATH" not in scrubbed(environ)


def test_a_repository_around_the_work_directory_is_out_of_sight(call: BuildCall) -> None:
    source = f"import os\n{BUILD}    raise ValueError(os.environ['GIT_CEILING_DIRECTORIES'])\n"

    assert failure(call, source).tail.endswith(f"ValueError: {call.tree.resolve().parent}")


def test_warnings_of_a_backend_go_to_the_log_and_not_to_this_process(call: BuildCall) -> None:
    source = (call.tree / "backend" / "toybackend.py").read_text() + "\nimport warnings; warnings.warn('old habits')\n"

    built(call, source)

    assert "warning: old habits" in call.log.read_text()


def test_a_backend_that_is_not_there_is_named_with_what_should_have_brought_it(call: BuildCall) -> None:
    system = BuildSystem("absent_backend.api", requires=("something>=1",))

    error = failure(replace(call, build_system=system))

    assert f"{call.interpreter.name} cannot import the backend absent_backend.api" in str(error)
    assert "No module named 'absent_backend'" in str(error)
    assert "something>=1" in str(error)


def test_a_backend_that_is_not_in_its_backend_path_is_named_with_it(call: BuildCall) -> None:
    error = failure(replace(call, build_system=replace(call.build_system, backend="absent_backend")))

    assert "it should come from backend-path (backend)" in str(error)


def test_a_backend_path_that_leads_out_of_the_tree_is_an_error(call: BuildCall) -> None:
    error = failure(replace(call, build_system=replace(call.build_system, backend_path=("../..",))))

    assert "paths must be inside source tree" in str(error)


def test_a_python_that_cannot_be_started_is_an_error(call: BuildCall, tmp_path: Path) -> None:
    call = replace(call, interpreter=replace(call.interpreter, executable=tmp_path / "absent"))

    assert "could not be called" in str(failure(call))


def test_nobody_needs_to_observe(call: BuildCall) -> None:
    assert build_wheel(call, BareEnvironments(), runner=LocalRunner(), observer=ignore).path.is_file()
