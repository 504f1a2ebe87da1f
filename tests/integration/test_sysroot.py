"""Cross builds: ``--sysroot`` with a real compiler for another machine."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from command_line import COMMAND, Ran, environment, impls, multibuild, targets
from sysroots import make_sysroot
from wheel_maker import make_wheel

from pep517_multi.backends import InstalledEnvironments
from pep517_multi.backends.cross import CrossEnvironments
from pep517_multi.interpreters import Finder
from pep517_multi.interpreters.machines import HEADER, machine_in
from pep517_multi.interpreters.sysroots import in_sysroot
from pep517_multi.process import LocalRunner

if TYPE_CHECKING:
    from conftest import PackageCopy

BOTH_ENDS = [name for name in targets() if name.startswith("python")][:: max(1, len(targets()) - 2)]
ANSWERS = "import sys, sysconfig as s; print(s.get_platform(), s.get_config_var('EXT_SUFFIX'), s.get_path('include'))"


def cross(package: Path, sysroot: Path, workdir: Path, *arguments: str | Path, **env: str) -> Ran:
    return multibuild(package, "--sysroot", sysroot, *arguments, workdir=workdir, env=env)


def extension(ran: Ran, impl: str) -> Path:
    (found,) = ran.root(impl).rglob("*.so")
    return found


def machine_of(path: Path) -> str:
    return machine_in(path.read_bytes()[:HEADER])


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def sysroot(tmp_path: Path) -> Path:
    return make_sysroot(tmp_path / "sysroot", *targets().values())


@pytest.mark.cross
@pytest.mark.network
def test_extension_modules_are_for_the_target_in_code_name_tag_and_report(
    package: PackageCopy, sysroot: Path, workdir: Path
) -> None:
    ran = cross(package("extension-c"), sysroot, workdir, *impls(*BOTH_ENDS), "--sandbox", "auto")
    assert ran.returncode == 0, ran.stderr
    for impl in BOTH_ENDS:
        digits = impl.removeprefix("python").replace(".", "")
        assert ran.impls[impl]["tag"] == f"cp{digits}-cp{digits}-linux_aarch64"
        assert ran.impls[impl]["platform"] == "linux-aarch64"
        assert ran.impls[impl]["sysroot"] == str(sysroot)
        module = extension(ran, impl)
        assert module.name == f"_speed.cpython-{digits}-aarch64-linux-gnu.so"
        assert machine_of(module) == "aarch64"
        assert list(ran.root(impl).rglob("*.pyc"))


@pytest.mark.cross
@pytest.mark.network
def test_a_stable_abi_wheel_for_the_target_is_shared_and_one_for_this_machine_is_not(
    package: PackageCopy, sysroot: Path, workdir: Path
) -> None:
    source, (oldest, newest) = package("extension-abi3"), (BOTH_ENDS[0], BOTH_ENDS[-1])
    here = multibuild(source, *impls(oldest), workdir=workdir)
    assert here.returncode == 0, here.stderr
    assert here.impls[oldest]["tag"].endswith("linux_x86_64")
    there = cross(source, sysroot, workdir, *impls(oldest, newest), "--reuse", "tags")
    assert there.returncode == 0, there.stderr
    assert there.built_by == {oldest: oldest, newest: oldest}
    assert there.impls[newest]["tag"].endswith("abi3-linux_aarch64")
    assert machine_of(extension(there, newest)) == "aarch64"
    again = multibuild(source, *impls(oldest), workdir=workdir)
    assert machine_of(extension(again, oldest)) == "x86_64"


@pytest.mark.cross
@pytest.mark.network
def test_what_cannot_run_here_is_looked_at_and_neither_imported_nor_tested(
    package: PackageCopy, sysroot: Path, workdir: Path
) -> None:
    source, impl = package("extension-c"), BOTH_ENDS[0]
    assert cross(source, sysroot, workdir, *impls(impl)).returncode == 0
    options = ["--sysroot", str(sysroot), *impls(impl)]
    checked = multibuild("check", source, *options, workdir=workdir)
    assert (checked.returncode, "0 imports" in checked.stdout) == (0, True), checked.stdout
    assert "nothing is imported: this machine cannot load modules of linux-aarch64" in checked.stderr
    refused = multibuild("env", *options, workdir=workdir)
    assert refused.returncode == 2
    assert "cannot load; test it on the target" in refused.errors[0]


@pytest.mark.cross
@pytest.mark.network
def test_code_of_this_machine_is_refused_in_a_wheel_and_found_in_a_root(
    package: PackageCopy, sysroot: Path, workdir: Path
) -> None:
    source, impl = package("extension-c"), BOTH_ENDS[0]
    refused = cross(source, sysroot, workdir, *impls(impl), CC="gcc", LDSHARED="gcc -shared")
    assert refused.returncode == 1
    assert "was compiled for x86_64, not for linux-aarch64 as --sysroot wants" in refused.impls[impl]["error"]
    assert cross(source, sysroot, workdir, *impls(impl)).returncode == 0
    module = extension(Ran(0, "", "", workdir), impl)
    module.write_bytes(Path(sys.executable).resolve().read_bytes())
    check: list[str | Path] = [*COMMAND, "check", source, "--sysroot", sysroot, *impls(impl), "--workdir", workdir]
    checked = subprocess.run(check, env=environment(), capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "extension_c._speed is compiled for x86_64, not for linux-aarch64" in checked.stdout


@pytest.mark.network
def test_a_pure_project_is_built_checked_and_tested_as_ever(package: PackageCopy, sysroot: Path, workdir: Path) -> None:
    source, impl = package("pure-flit"), BOTH_ENDS[0]
    ran = cross(source, sysroot, workdir, *impls(impl))
    assert ran.impls[impl]["tag"] == "py3-none-any"
    options = ["--sysroot", str(sysroot), *impls(impl)]
    checked = multibuild("check", source, *options, workdir=workdir)
    assert (checked.returncode, "1 import" in checked.stdout) == (0, True), checked.stdout
    command: list[str | Path] = [
        *COMMAND,
        "env",
        *options,
        "--workdir",
        workdir,
        "--exec",
        "--",
        "python",
        "-c",
        "import pure_flit",
    ]
    subprocess.run(command, env=environment(), check=True)


@pytest.mark.cross
@pytest.mark.network
@pytest.mark.skipif(not machine.pypys(), reason="needs a PyPy with headers (Debian: pypy3 and pypy3-dev)")
def test_pypy_of_the_target_gets_its_own_extension_modules(package: PackageCopy, sysroot: Path, workdir: Path) -> None:
    (impl,) = [name for name in targets() if name.startswith("pypy")]
    ran = cross(package("extension-c"), sysroot, workdir, *impls(impl))
    assert ran.returncode == 0, ran.stderr
    assert ran.impls[impl]["tag"].endswith("linux_aarch64")
    module = extension(ran, impl)
    assert module.name.endswith("-aarch64-linux-gnu.so")
    assert machine_of(module) == "aarch64"


def test_requirements_are_looked_for_in_the_sysroot_under_the_conditions_of_the_target(
    sysroot: Path, workdir: Path, tmp_path: Path
) -> None:
    impl = BOTH_ENDS[0]
    requires = [
        "Requires-Dist: of-the-target; platform_machine == 'aarch64'",
        "Requires-Dist: of-this-machine; platform_machine == 'x86_64'",
        "Requires-Dist: pip",  # which most Pythons of this machine have
    ]
    metadata = "\n".join(["Metadata-Version: 2.1", "Name: sample", "Version: 1.0", *requires, ""])
    options = ["--sysroot", str(sysroot), *impls(impl)]
    wheel = make_wheel(tmp_path, metadata=metadata)
    assert multibuild("install", "--wheel", wheel, *options, workdir=workdir).returncode == 0

    check: list[str | Path] = [*COMMAND, "check", *options, "--deps", "--check-off", "strays", "--workdir", workdir]
    lacking = subprocess.run(check, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert lacking.returncode == 1
    assert "of-the-target (not installed" in lacking.stdout
    assert "pip (not installed" in lacking.stdout
    assert "of-this-machine" not in lacking.stdout
    for name in ("of_the_target", "pip"):
        installed = sysroot / f"usr/lib/{impl}/site-packages/{name}-1.0.dist-info"
        installed.mkdir(parents=True)
        (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    done = subprocess.run(check, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("impl", list(machine.interpreters()))
def test_every_python_answers_as_that_of_the_sysroot_and_imports_its_own(impl: str, tmp_path: Path) -> None:
    python = machine.interpreters()[impl]
    sysroot = make_sysroot(tmp_path / "sysroot", python)
    environ = hook_environment(python, sysroot, tmp_path)
    ask: list[str | Path] = [python, "-c", f"import _ctypes; {ANSWERS}"]
    answers = subprocess.run(ask, env=environ, capture_output=True, text=True, check=True).stdout
    platform, suffix, include = answers.split()
    assert platform == "linux-aarch64"
    assert suffix.endswith("-aarch64-linux-gnu.so")
    assert include.startswith(f"{sysroot}/usr/include/")


def test_another_python_that_a_build_starts_has_data_of_its_own(tmp_path: Path) -> None:
    (_, python), (_, other) = [*machine.cpythons().items()][:2]
    environ = hook_environment(python, make_sysroot(tmp_path / "sysroot", python), tmp_path)
    ask: list[str | Path] = [other, "-c", ANSWERS]
    usual = subprocess.run(ask, env={}, capture_output=True, text=True, check=True).stdout.split()
    assert subprocess.run(ask, env=environ, capture_output=True, text=True, check=True).stdout.split()[1:] == usual[1:]


def hook_environment(python: Path, sysroot: Path, tmp_path: Path) -> dict[str, str]:
    """Return what hooks of ``python`` get for ``sysroot``."""
    finder = Finder(LocalRunner(), {"PATH": "/usr/bin:/bin"}, None)
    (interpreter,) = finder.select([str(python)])
    target = in_sysroot(interpreter, sysroot, prefix="/usr", environ={})
    environments = CrossEnvironments(InstalledEnvironments(finder.runner, finder.environ), tmp_path)
    return dict(environments.prepare(target, [], log=tmp_path / "log").environ)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"VERSION": "3.5"}, "the two have to be of one version and ABI", id="version"),
        pytest.param({"EXT_SUFFIX": ".cpython-35m-aarch64-linux-gnu.so"}, "of one version and ABI", id="abi"),
        pytest.param({"EXT_SUFFIX": None}, "has no SOABI and EXT_SUFFIX", id="no-suffix"),
        pytest.param({"HOST_GNU_TYPE": "vax-dec-linux", "MULTIARCH": ""}, "say it in _PYTHON_HOST_PLATFORM", id="cpu"),
    ],
)
def test_a_sysroot_of_another_python_is_refused_before_any_build(
    variables: dict[str, object], sentence: str, package: PackageCopy, tmp_path: Path, workdir: Path
) -> None:
    impl, python = next(iter(targets().items()))
    sysroot = make_sysroot(tmp_path / "sysroot", python, **variables)
    ran = cross(package("pure-flit"), sysroot, workdir, *impls(impl))
    assert ran.returncode == 3
    assert sentence in ran.errors[0]


def test_a_sysroot_without_the_python_says_where_it_was_looked_for(
    package: PackageCopy, tmp_path: Path, workdir: Path
) -> None:
    sysroot = make_sysroot(tmp_path / "sysroot", targets()[BOTH_ENDS[0]])
    source = package("pure-flit")
    lacking = cross(source, sysroot, workdir, *impls(BOTH_ENDS[-1]))
    assert lacking.returncode == 3
    assert f"has no sysconfig data of {BOTH_ENDS[-1]} (_sysconfigdata__*.py in {sysroot}/usr/lib" in lacking.errors[0]
    nowhere = cross(source, tmp_path / "nowhere", workdir, *impls(BOTH_ENDS[0]))
    assert (nowhere.returncode, "there is no sysroot" in nowhere.errors[0]) == (3, True)


@pytest.mark.network
def test_whom_nobody_named_and_the_sysroot_does_not_have_is_left_out(
    package: PackageCopy, tmp_path: Path, workdir: Path
) -> None:
    python = machine.interpreters()["python3.11"]
    sysroot = make_sysroot(tmp_path / "sysroot", python)
    ran = cross(package("pure-flit"), sysroot, workdir)
    assert list(ran.impls) == ["python3.11"], ran.stderr


@pytest.mark.cross
@pytest.mark.network
def test_gpep517_builds_modules_of_the_same_names_from_the_same_sysroot(
    package: PackageCopy, tmp_path: Path, sysroot: Path, workdir: Path
) -> None:
    source, impl = package("extension-c"), BOTH_ENDS[0]
    ran = cross(source, sysroot, workdir, *impls(impl))
    theirs = tmp_path / "theirs"
    subprocess.run([targets()[impl], "-m", "venv", "--without-pip", theirs], check=True)
    python = theirs / "bin/python"
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, "gpep517", "setuptools"], check=True
    )
    tools = {"CC": "aarch64-linux-gnu-gcc", "LDSHARED": "aarch64-linux-gnu-gcc -shared"}
    build: list[str | Path] = [python, "-m", "gpep517", "build-wheel", "--output-fd", "1", "--wheel-dir", theirs]
    done = subprocess.run(
        [*build, "--prefix", "/usr", "--sysroot", sysroot],
        cwd=source,
        env=environment(**tools),
        capture_output=True,
        text=True,
        check=True,
    )
    with zipfile.ZipFile(theirs / done.stdout.splitlines()[-1]) as one, zipfile.ZipFile(ran.wheel(impl)) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
