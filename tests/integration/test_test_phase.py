"""Testing what is staged before it is installed: ``multibuild env``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND, cpython_targets, environment, multibuild, snapshot, targets
from wheel_maker import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "import sys\ndef main():\n    print(sys.implementation.name, *sys.version_info[:2])\n"
ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2])"


def some() -> list[str]:
    """Return the oldest and the newest CPython and a PyPy."""
    return list(dict.fromkeys([*cpython_targets()[:1], *cpython_targets()[-1:], *list(targets())[-1:]]))


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    return tmp_path / "work"


def stage(workdir: Path, impl: str, module: str = MODULE) -> Path:
    """Stage a wheel with a command, data, a ``.pth`` file and a package, and return its root."""
    files = {
        "foo.py": module,
        "foo.pth": "import sys; sys.foo_pth = 'read'\n",
        "package/__init__.py": "",
        "package/module.py": "assert True\n",
        "foo-1.0.data/data/share/foo/data": "data",
        "foo-1.0.data/scripts/own": f"#!python\n{ASK}\n",
        "foo-1.0.data/scripts/shell": "#!/bin/sh\necho shell\n",
    }
    wheel = make_wheel(workdir.parent / "dist", "foo", files, entry_points={"foo": "foo:main"})
    ran = multibuild("install", "--wheel", wheel, "--impls", str(targets()[impl]), workdir=workdir)
    assert ran.returncode == 0, ran.stderr
    return ran.root(impl)


def env(workdir: Path, python: str | Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``multibuild env``."""
    command = [*COMMAND, "env", "--impls", str(python), "--workdir", str(workdir), *arguments]
    return subprocess.run(
        command, cwd=workdir.parent, env=environment(**more), capture_output=True, text=True, check=False
    )


def execute(workdir: Path, impl: str, *command: str) -> str:
    done = env(workdir, targets()[impl], "--exec", "--", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.interpreters
@pytest.mark.parametrize("impl", some())
@pytest.mark.parametrize("command", ["foo", "own"])
def test_staged_commands_run_under_their_interpreter(workdir: Path, impl: str, command: str) -> None:
    stage(workdir, impl)

    asked = subprocess.run([targets()[impl], "-c", ASK], capture_output=True, text=True, check=True)
    assert execute(workdir, impl, command) == asked.stdout.strip()


@pytest.mark.parametrize("impl", cpython_targets()[-1:])
def test_a_shell_can_take_the_lines(workdir: Path, impl: str) -> None:
    stage(workdir, impl)
    lines = env(workdir, targets()[impl]).stdout

    script = f'{lines}\nshell && foo && command -v python && python -c "import foo; print(foo.__file__)"'
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True, env=environment())

    said = done.stdout.splitlines()
    assert said[0] == "shell"
    assert said[2] == str(workdir / "tests" / impl / "bin/python")
    assert said[3].startswith(str(workdir / "tests" / impl))


def test_lines_are_quoted_for_a_shell(tmp_path: Path) -> None:
    impl = cpython_targets()[-1]
    workdir = tmp_path / "with 'blank and $dollar"
    stage(workdir, impl)

    lines = env(workdir, targets()[impl]).stdout
    done = subprocess.run(
        ["sh", "-euc", f"{lines}\nfoo"], capture_output=True, text=True, check=True, env=environment()
    )

    assert done.stdout.split()[0] == "cpython"


@pytest.mark.interpreters
@pytest.mark.parametrize("impl", some())
def test_the_environment_has_what_is_staged_and_the_staging_root_stays_as_it_is(workdir: Path, impl: str) -> None:
    root = stage(workdir, impl)
    before = snapshot(root)
    code = (
        "import sys, os, package, package.module; from importlib.metadata import version; "
        "open(os.path.join(os.path.dirname(package.__file__), 'written'), 'w').close(); "
        "print(version('foo'), sys.foo_pth, open(sys.prefix + '/share/foo/data').read())"
    )

    said = execute(workdir, impl, "env", "-u", "PYTHONDONTWRITEBYTECODE", "python", "-OO", "-c", code)

    assert said == "1.0 read data"
    assert snapshot(root) == before


def test_the_implementation_may_stand_alone(workdir: Path) -> None:
    impl = cpython_targets()[-1]
    stage(workdir, impl)

    command = [*COMMAND, "env", str(targets()[impl]), "--workdir", str(workdir), "--exec", "--", "foo"]
    done = subprocess.run(command, cwd=workdir.parent, env=environment(), capture_output=True, text=True, check=True)

    assert done.stdout.split()[1:] == impl.removeprefix("python").split(".")


def test_the_exit_code_and_input_are_the_commands_own(workdir: Path) -> None:
    impl = cpython_targets()[-1]
    stage(workdir, impl)

    done = env(workdir, targets()[impl], "--exec", "--", "sh", "-c", "cat; pwd; exit 7")

    assert (done.returncode, done.stdout) == (7, f"{workdir.parent}\n")


def test_a_new_root_makes_a_new_environment(workdir: Path) -> None:
    impl = cpython_targets()[-1]
    stage(workdir, impl)
    assert execute(workdir, impl, "foo") != "new"
    marker = workdir / "tests" / impl / "marker"
    marker.touch()
    execute(workdir, impl, "foo")
    assert marker.exists()

    stage(workdir, impl, "def main():\n    print('new')\n")

    assert execute(workdir, impl, "foo") == "new"
    assert not marker.exists()


def test_commands_of_what_is_installed_already_run_there_too(workdir: Path) -> None:
    ran = multibuild("install", "--wheel", make_wheel(workdir.parent), "--impls", sys.executable, workdir=workdir)
    assert ran.returncode == 0, ran.stderr
    (workdir.parent / "test_sample.py").write_text(
        "import sample, sys\ndef test(): print(sample.__file__, sys.prefix)\n"
    )

    done = env(
        workdir, sys.executable, "--exec", "--", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_sample.py"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert str(workdir / "tests") in done.stdout


def test_a_test_runner_of_another_python_is_never_taken(workdir: Path, tmp_path: Path) -> None:
    impl = cpython_targets()[-1]
    lacking = tmp_path / "lacking"
    subprocess.run([targets()[impl], "-m", "venv", "--without-pip", lacking], check=True)
    stage(workdir, impl)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pytest").write_text("#!/bin/sh\necho wrong\n")
    (elsewhere / "pytest").chmod(0o755)

    done = env(workdir, lacking / "bin/python", "--exec", "--", "pytest", PATH=f"{elsewhere}:{os.environ['PATH']}")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"pytest is not installed for cpython {impl.removeprefix('python')}" in done.stderr
    (library,) = lacking.glob("lib/python*/site-packages")
    (library / "runner.py").write_text("def main():\n    print('right')\n")
    (library / "runner-1.dist-info").mkdir()
    (library / "runner-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: runner\nVersion: 1\n")
    (library / "runner-1.dist-info/entry_points.txt").write_text("[console_scripts]\npytest = runner:main\n")
    again = env(workdir, lacking / "bin/python", "--exec", "--", "pytest", PATH=f"{elsewhere}:{os.environ['PATH']}")
    assert again.stdout == "right\n", again.stderr


def test_a_virtual_environment_that_was_given_keeps_its_packages(workdir: Path) -> None:
    given = workdir.parent / "given"
    subprocess.run([targets()[cpython_targets()[-1]], "-m", "venv", "--without-pip", given], check=True)
    (packages,) = given.glob("lib/python*/site-packages")
    (packages / "only_given.py").write_text("WHERE = 'given'\n")
    wheel = make_wheel(workdir.parent)
    multibuild("install", "--wheel", wheel, "--impls", str(given / "bin/python"), workdir=workdir)

    code = "import only_given, sample; print(only_given.WHERE, sample.NAME)"
    done = env(workdir, given / "bin/python", "--exec", "--", "python", "-c", code)

    assert done.stdout == "given sample\n", done.stderr


def test_an_interpreter_without_venv_is_one_sentence(workdir: Path) -> None:
    python = workdir.parent / "python"
    real = targets()[cpython_targets()[-1]]
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *"-m venv"*) echo no such module >&2; exit 1;; esac\nexec {real} "$@"\n'
    )
    python.chmod(0o755)
    ran = multibuild("install", "--wheel", make_wheel(workdir.parent), "--impls", str(python), workdir=workdir)
    assert ran.returncode == 0, ran.stderr

    done = env(workdir, python)

    assert done.returncode == 1
    assert done.stderr.endswith("cannot make a virtual environment; it said: no such module\n")
    assert not (workdir / "tests" / cpython_targets()[-1] / "bin").exists()


def test_an_image_is_tested_through_the_same_options(workdir: Path) -> None:
    impl = cpython_targets()[-1]
    wheel = make_wheel(workdir.parent, files={"sample.py": MODULE}, entry_points={"tool": "sample:main"})
    given = ("--destdir", str(workdir.parent / "image"))
    multibuild("install", "--wheel", wheel, *given, "--impls", str(targets()[impl]), workdir=workdir)

    done = env(workdir, targets()[impl], *given, "--exec", "--", "tool")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cpython")


WRONG = [
    pytest.param(["--impls", "{new}", "--exec"], 2, "--exec takes a command after --", id="no-command"),
    pytest.param(["--impls", "{new}", "--", "pytest"], 2, "only run with --exec", id="no-exec"),
    pytest.param(["--impls", "{new}", "{old}"], 2, "one implementation at a time", id="several"),
    pytest.param(["--impls", "{new}"], 3, "run the install phase first", id="nothing-staged"),
]


@pytest.mark.interpreters
@pytest.mark.parametrize(("arguments", "code", "said"), WRONG)
def test_what_makes_no_sense_is_one_sentence(workdir: Path, arguments: list[str], code: int, said: str) -> None:
    old, new = (str(targets()[cpython_targets()[place]]) for place in (0, -1))
    given = [argument.format(new=new, old=old) for argument in arguments]

    done = subprocess.run(
        [*COMMAND, "env", *given],
        cwd=workdir.parent,
        env=environment(PEP517_MULTI_WORKDIR=str(workdir)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_command_that_is_not_there_is_one_sentence(workdir: Path) -> None:
    impl = cpython_targets()[-1]
    stage(workdir, impl)

    done = env(workdir, targets()[impl], "--exec", "--", "no-such-command")

    assert done.returncode == 1
    assert "cannot start no-such-command: No such file or directory" in done.stderr
