"""The eclass in two package managers, Portage and pkgcore: real ebuilds, built without any network."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import distribution
import packaging_hosts as hosts
import portage_host
import processes
import pytest
import real_sdists
from command_line import snapshot
from portage_host import Done, Gentoo

if TYPE_CHECKING:
    from collections.abc import Callable

    from distribution import Python

pytestmark = [pytest.mark.host_portage, pytest.mark.interpreters, pytest.mark.network]

EBUILD = """\
EAPI=8
PYTHON_COMPAT=( python3_{10..20} pypy3_{9..20} )
@BEFORE@
inherit pep517-multi
DESCRIPTION="A sample"
HOMEPAGE="https://example.org/"
SRC_URI="@ARCHIVE@"
LICENSE="MIT"
SLOT="0"
KEYWORDS="amd64"
@AFTER@
"""
TELL = """\
pep517-multi_enable_tests unittest
pep517-multi_test_impl() {
	local out
	out=$(pure-flit) && [[ ${out} == "Hello, world" ]] || die "pure-flit is not on PATH"
	"${PYTHON}" -c 'import sys, pure_flit; print(pure_flit.__file__, sys.prefix)' >> "${T}/told-${EPYTHON}" || die
}
"""
SITEDIR = """\
pep517-multi_install_impl() {
	touch "${D}$(pep517-multi_sitedir)/by-hand" || die
}
"""
PATCHED = """\
pep517-multi_prepare_impl() {
	[[ ${EPYTHON} == pypy* ]] && { sed -i -e 's/Hello/Bonjour/' src/pure_flit/__init__.py || die; }
}
"""


def ebuild(before: str = "", after: str = "") -> str:
    return EBUILD.replace("@BEFORE@", before).replace("@AFTER@", after)


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> list[Python]:
    """Two CPythons, the older one first, and a PyPy."""
    return list(distribution.install(tmp_path_factory.mktemp("pythons")).values())


@pytest.fixture
def gentoo(tmp_path: Path, pythons: list[Python]) -> Gentoo:
    return Gentoo(tmp_path / "gentoo", {python.impl: python.executable for python in pythons})


@pytest.fixture(params=["portage", "pkgcore"])
def build(request: pytest.FixtureRequest, gentoo: Gentoo) -> Callable[..., Done]:
    """Run phases of a package in one of the package managers; both keep what they build in the same places."""
    run: Callable[..., Done] = getattr(gentoo, request.param)
    return run


def built_by(gentoo: Gentoo, package: str) -> list[str]:
    """Return who built for each implementation, in the order of :func:`pythons`."""
    report = json.loads((gentoo.work(package) / "work/pep517-multi/report.json").read_text())
    builders = {entry["impl"]: entry["built_by"] for entry in report["impls"]}
    return [builders[impl] for impl in gentoo.interpreters]


def has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def test_a_pure_package_is_built_once_and_its_script_runs_under_all(
    gentoo: Gentoo, pythons: list[Python], build: Callable[..., Done]
) -> None:
    package = gentoo.add("pure-flit", ebuild("PEP517_MULTI_BACKEND=flit", TELL), hosts.SAMPLES / "pure-flit")

    done = build(package, "test", "install")

    assert done.returncode == 0, done.log
    assert built_by(gentoo, package) == [pythons[0].impl] * 3
    image = gentoo.image(package)
    assert (image / "usr/bin/pure-flit").readlink() == Path("../lib/python-exec/python-exec2")
    for python in pythons:
        script = f"usr/lib/python-exec/{python.impl}/pure-flit"
        assert (image / script).read_text().splitlines()[0] == f"#!/usr/bin/{python.impl}"
        assert hosts.run_script(python, image, script) == "Hello, world"
        bytecode = (image / f"usr/lib/{python.impl}/site-packages/pure_flit").rglob("*.pyc")
        assert sorted(path.name.split(".", 2)[2] for path in bytecode) == ["opt-1.pyc", "opt-2.pyc", "pyc"]
        told, prefix = (gentoo.work(package) / f"temp/told-{python.impl}").read_text().split()
        assert told.startswith(prefix), "the tests ran in the source, not in what was built"
    assert not list(image.rglob("RECORD"))
    assert "warning: " not in done.log
    assert "error: " not in done.log


def test_an_implementation_has_what_its_hook_made_of_the_source(
    gentoo: Gentoo, pythons: list[Python], build: Callable[..., Done]
) -> None:
    package = gentoo.add("pure-flit", ebuild("PEP517_MULTI_BACKEND=flit", PATCHED), hosts.SAMPLES / "pure-flit")

    done = build(package, "install")

    assert done.returncode == 0, done.log
    older, _, pypy = (python.impl for python in pythons)
    assert built_by(gentoo, package) == [older, older, pypy]
    code = "import pure_flit; print(pure_flit.greet('x'))"
    greeted = [hosts.imports(python, gentoo.image(package), code) for python in pythons]
    assert greeted == ["Hello, x", "Hello, x", "Bonjour, x"]


OPTIONAL = "".join(
    f"""\
src_{phase}() {{
	default
	use python || return
	cd bindings || die
	pep517-multi_src_{phase}
}}
"""
    for phase in ("compile", "test", "install")
)


def test_bindings_can_be_a_part_of_something_else(gentoo: Gentoo, pythons: list[Python], tmp_path: Path) -> None:
    shutil.copytree(hosts.SAMPLES / "pure-flit", tmp_path / "source/bindings")
    (tmp_path / "source/configure").write_text("#!/bin/sh\n")
    prepare = "src_prepare() {\n\tdefault\n\tcd bindings || die\n\tpep517-multi_src_prepare\n}\n"
    package = gentoo.add(
        "whole",
        ebuild("PEP517_MULTI_OPTIONAL=1", f'IUSE+=" +python"\n{PATCHED}{prepare}{OPTIONAL}'),
        tmp_path / "source",
    )

    done = gentoo.portage(package, "test", "install")

    assert done.returncode == 0, done.log
    code = "import pure_flit; print(pure_flit.greet('x'))"
    greeted = [hosts.imports(python, gentoo.image(package), code) for python in pythons]
    assert greeted == ["Hello, x", "Hello, x", "Bonjour, x"]


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["extension-abi3", "extension-c"])
def test_extension_modules_are_shared_for_the_stable_abi_only(gentoo: Gentoo, pythons: list[Python], name: str) -> None:
    before = "PEP517_MULTI_BACKEND=setuptools\nPEP517_MULTI_EXT=1"
    package = gentoo.add(name, ebuild(before), hosts.SAMPLES / name)

    done = gentoo.pkgcore(package, "test", "install")

    assert done.returncode == 0, done.log
    older, newer, pypy = (python.impl for python in pythons)
    assert built_by(gentoo, package) == [older, older if name == "extension-abi3" else newer, pypy]
    for python in pythons:
        hosts.imports(python, gentoo.image(package), f"import {name.replace('-', '_')}")


@pytest.mark.compiler
@pytest.mark.parametrize(("name", "before"), [("psutil", "PEP517_MULTI_EXT=1"), ("markupsafe", "")])
def test_a_binary_package_of_a_real_project_works_where_it_is_installed(
    gentoo: Gentoo, pythons: list[Python], name: str, before: str
) -> None:
    source = hosts.real(name)
    after = f'S="${{WORKDIR}}/{source.name.removesuffix(".tar.gz")}"'
    package = gentoo.add(name, ebuild(f"PEP517_MULTI_BACKEND=setuptools\n{before}", after), source)

    # no test phase: what does not work with an old PyPy would fail there, rightly
    done = gentoo.portage(package, "clean", "install", "package")

    assert done.returncode == 0, done.log
    root = gentoo.unpack(package)
    for python in pythons:
        if python.impl not in real_sdists.pins()[name].get("broken-on", ()):
            assert hosts.imports(python, root, f"import {name}; print({name}.__file__)").startswith(str(root))
    older, newer, pypy = (python.impl for python in pythons)
    assert built_by(gentoo, package) == [older, newer if name == "markupsafe" else older, pypy]


def test_pytest_runs_on_what_was_built_and_can_fail(gentoo: Gentoo, pythons: list[Python], tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(hosts.SAMPLES / "pure-flit", source)
    (source / "tests").mkdir()
    (source / "tests/test_it.py").write_text(
        "import pure_flit, sys\n\n\ndef test_it():\n    assert pure_flit.__file__.startswith(sys.prefix)\n"
    )
    ours = ebuild("PEP517_MULTI_BACKEND=flit", "pep517-multi_enable_tests pytest")
    package = gentoo.add("pure-flit", ours, source)

    done = gentoo.portage(package, "test", "install")

    assert done.returncode == 0, done.log
    assert done.log.count("tests/test_it.py::test_it PASSED") == len(pythons)
    (source / "tests/test_it.py").write_text("def test_it():\n    assert False\n")
    gentoo.add("pure-flit", ours, source)
    failed = gentoo.portage(package, "clean", "test", "install")
    assert f"pytest failed under {pythons[-1].impl}" in failed.log
    assert not has_files(gentoo.image(package))


@pytest.mark.parametrize("eapi", [8, 9])
def test_a_prefix_has_everything_below_it(gentoo: Gentoo, pythons: list[Python], eapi: int) -> None:
    bash = portage_host.bash_for(eapi)
    if bash is None:
        pytest.skip(f"needs bash 5.3 (.ci/interpreters gets it; {portage_host.NEWER_BASH} names it)")
    text = ebuild("PEP517_MULTI_BACKEND=flit", SITEDIR).replace("EAPI=8", f"EAPI={eapi}")
    package = gentoo.add("pure-flit", text, hosts.SAMPLES / "pure-flit")

    done, installed = gentoo.merge_into_prefix(package, bash=bash)

    assert done.returncode == 0, done.log
    assert "QA Notice" not in done.log
    for python in pythons:
        script = f"usr/lib/python-exec/{python.impl}/pure-flit"
        assert (installed / script).read_text().startswith(f"#!{gentoo.top}/prefix/usr/bin/{python.impl}\n")
        assert hosts.run_script(python, installed, script) == "Hello, world"
        assert (installed / f"usr/lib/{python.impl}/site-packages/by-hand").is_file()
    contents = installed / f"var/db/pkg/dev-python/{package}/CONTENTS"
    assert f"{gentoo.top}/prefix/usr/bin/pure-flit -> ../lib/python-exec/python-exec2" in contents.read_text()


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_failing_backend_stops_the_build_and_is_what_die_says(
    gentoo: Gentoo, pythons: list[Python], build: Callable[..., Done]
) -> None:
    package = gentoo.add("fails-build", ebuild(), hosts.SAMPLES / "fails-build")

    done = build(package, "install")

    pypy = pythons[-1].impl
    said = f"{pypy}: failed: the backend sample_backend of {pypy} failed in build_wheel (exit status 1)"
    assert f"multibuild build: {said}" in done.log, done.log
    assert done.lines(said), "the log has the line itself as well"
    assert "RuntimeError: this project does not build on pypy" in done.log
    assert not has_files(gentoo.image(package))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        pytest.param(
            "PEP517_MULTI_INTERPRETERS",
            "@ALL@ @NEWER@=@OLDER_PATH@",
            "@OLDER_PATH@ is @OLDER@, not @NEWER@; mend PEP517_MULTI_INTERPRETERS",
            id="another-interpreter",
        ),
        pytest.param(
            "PEP517_MULTI_INTERPRETERS",
            "@ALL@ @OLDER@=/nowhere",
            "there is no interpreter /nowhere of @OLDER@",
            id="no-interpreter",
        ),
        pytest.param("PATH", "/usr/bin:/bin", "multibuild build: ", id="no-multibuild"),
    ],
)
def test_what_is_wrong_with_a_machine_is_one_sentence(
    gentoo: Gentoo, pythons: list[Python], variable: str, value: str, said: str
) -> None:
    older, newer, _ = pythons
    everyone = " ".join(f"{impl}={path}" for impl, path in gentoo.interpreters.items())
    places = {"@ALL@": everyone, "@NEWER@": newer.impl, "@OLDER@": older.impl, "@OLDER_PATH@": str(older.executable)}
    for mark, place in places.items():
        value, said = value.replace(mark, place), said.replace(mark, place)
    if variable == "PATH":
        (gentoo.top / "bin/multibuild").unlink()
        said += ".*multibuild: not found"
    else:
        gentoo.configure(variable, value)
    package = gentoo.add("fails-build", ebuild(), hosts.SAMPLES / "fails-build")

    done = gentoo.portage(package, "compile")

    assert done.returncode == 1
    assert re.search(rf"^ \*   {said}", done.log, re.MULTILINE), done.log


@pytest.mark.parametrize(("manager", "qa"), [("portage", "warn"), ("portage", "fail"), ("pkgcore", "fail")])
def test_what_differs_from_fresh_builds_is_a_notice_or_the_end(
    gentoo: Gentoo, pythons: list[Python], manager: str, qa: str
) -> None:
    gentoo.configure("PEP517_MULTI_REUSE", "tags")
    gentoo.configure("PEP517_MULTI_QA", qa)
    package = gentoo.add("hazard-files", ebuild(), hosts.SAMPLES / "hazard-files")

    done: Done = getattr(gentoo, manager)(package, "install")

    newest = pythons[1].impl
    file = f"hazard_files/for_{newest.replace('python', 'python_').replace('.', '_')}.py"
    finding = f"{newest}: warning: qa: {file} is in a fresh build for {newest} only"
    assert any(line.endswith(finding) and "* " in line for line in done.log.splitlines()), done.log
    assert has_files(gentoo.image(package)) is (qa == "warn")
    assert ("multibuild qa: " in done.log) is (qa == "fail")


def test_a_finding_in_the_image_is_a_notice_or_the_end(gentoo: Gentoo, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(hosts.SAMPLES / "pure-flit", source)
    (source / "src/pure_flit").rename(source / "src/tests")
    (source / "pyproject.toml").write_text(
        (source / "pyproject.toml").read_text().replace("pure_flit:main", "tests:main")
        + '[tool.flit.module]\nname = "tests"\n'
    )
    package = gentoo.add("tests", ebuild("PEP517_MULTI_BACKEND=flit"), source)

    warned = gentoo.portage(package, "install")
    gentoo.configure("PEP517_MULTI_QA", "fail")
    failed = gentoo.portage(package, "clean", "install")

    assert warned.returncode == 0, warned.log
    everyone = ", ".join(gentoo.interpreters)
    finding = f"{everyone}: warning: tests: any project could have a top-level package 'tests' [top-level-name]"
    assert warned.lines(f" * {finding}"), warned.log
    assert failed.returncode == 1
    assert f"multibuild check: {finding}" in failed.log


SLEEPS = """\
import os, time
from wheel_writer import write_wheel

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    print("begun", flush=True)
    while os.path.exists("@WAIT@"):
        time.sleep(0.1)
    return write_wheel(wheel_directory, "sleeper", "1.0", {"sleeper.py": b""})
"""


@pytest.fixture
def sleeper(gentoo: Gentoo, tmp_path: Path) -> str:
    source = tmp_path / "sleeper"
    shutil.copytree(hosts.SAMPLES / "fails-build", source)
    (source / "backend/sample_backend.py").write_text(SLEEPS.replace("@WAIT@", str(gentoo.top / "wait")))
    return gentoo.add("sleeper", ebuild(), source)


@pytest.mark.parametrize("whom", ["host", "multibuild"])
def test_an_interrupted_build_leaves_nothing_and_can_be_done_again(gentoo: Gentoo, sleeper: str, whom: str) -> None:
    log, wait = gentoo.top / "log", gentoo.top / "wait"
    wait.touch()
    with log.open("w") as stream:
        process = subprocess.Popen(
            gentoo.portage_command(sleeper, "install"),
            env=gentoo.portage_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        backend = has_begun(gentoo, sleeper)
        multibuild = int((gentoo.top / "multibuild.pid").read_text())
        if whom == "host":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            os.kill(multibuild, signal.SIGTERM)
        assert process.wait(60) != 0
    wait.unlink()

    assert processes.gone(multibuild)
    assert processes.gone(backend)
    if whom == "multibuild":
        assert "multibuild build: multibuild: error: interrupted; what was not complete is not there" in log.read_text()
    assert not has_files(gentoo.image(sleeper))
    again = gentoo.portage(sleeper, "install")
    assert again.returncode == 0, again.log
    assert has_files(gentoo.image(sleeper))


def has_begun(gentoo: Gentoo, package: str) -> int:
    """Wait until a backend is at work, and return its process."""
    for _ in range(1200):
        for log in (gentoo.work(package) / "work/pep517-multi/logs").glob("*-build.log"):
            if "begun" in log.read_text():
                found = subprocess.run(
                    ["pgrep", "-f", f"build_wheel {gentoo.work(package)}"], capture_output=True, check=True
                )
                return int(found.stdout.split()[0])
        time.sleep(0.05)
    pytest.fail("no backend was started within a minute")


# --- phases ----------------------------------------------------------------------------------------------------------


def test_a_phase_that_runs_again_changes_nothing(gentoo: Gentoo) -> None:
    package = gentoo.add("scripts-and-data", ebuild(), hosts.SAMPLES / "scripts-and-data")
    first = gentoo.portage(package, "test", "install")
    assert first.returncode == 0, first.log
    image, wheels = snapshot(gentoo.image(package)), snapshot(gentoo.work(package) / "work/pep517-multi/wheels")

    for marker in ("compiled", "tested", "installed"):
        (gentoo.work(package) / f".{marker}").unlink()
    again = gentoo.portage(package, "test", "install")

    assert again.returncode == 0, again.log
    assert "Compiling source" in again.log
    assert "building with" not in again.log
    assert snapshot(gentoo.work(package) / "work/pep517-multi/wheels") == wheels
    assert snapshot(gentoo.image(package), times=False) == {name: (*what[:2], 0) for name, what in image.items()}


ONE_BY_ONE = """\
src_compile() {
	local impl
	for impl in $(pep517-multi_impls | tr ' ' '\\n' | tac); do
		pep517-multi_src_compile "${impl}"
	done
}
src_install() {
	local impl
	for impl in $(pep517-multi_impls | tr ' ' '\\n' | tac); do
		pep517-multi_src_install "${impl}"
	done
}
"""


def test_one_implementation_at_a_time_in_any_order_gives_the_same_image(gentoo: Gentoo) -> None:
    at_once = gentoo.add("scripts-and-data", ebuild(), hosts.SAMPLES / "scripts-and-data")
    assert gentoo.portage(at_once, "install").returncode == 0
    expected = snapshot(gentoo.image(at_once), times=False)

    gentoo.add("scripts-and-data", ebuild(after=ONE_BY_ONE), hosts.SAMPLES / "scripts-and-data")
    done = gentoo.portage(at_once, "clean", "install")

    assert done.returncode == 0, done.log
    assert snapshot(gentoo.image(at_once), times=False) == expected


def test_the_ebuild_of_the_documentation_is_built_as_it_stands(
    gentoo: Gentoo, pythons: list[Python], build: Callable[..., Done]
) -> None:
    text = hosts.recipe("gentoo.md", "markdown-3.9.ebuild")
    package = gentoo.add("markdown", text, hosts.markdown(), version="3.9")

    done = build(package, "test", "install")

    assert done.returncode == 0, done.log
    for python in pythons:
        script = f"usr/lib/python-exec/{python.impl}/markdown_py"
        assert hosts.run_script(python, gentoo.image(package), script, "--version").endswith("3.9")
    assert len(re.findall("^OK", done.log, re.MULTILINE)) == len(pythons)
    assert list(gentoo.image(package).glob("usr/share/doc/markdown-3.9/README.md*"))
