"""rpm packages, built by the real rpmbuild with our macros."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import distribution
import packaging_hosts as hosts
import pytest
import shared_results
from command_line import left_over, snapshot

from pep517_multi.cli.integrations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from distribution import Python

pytestmark = [pytest.mark.host_rpm, pytest.mark.interpreters, pytest.mark.network]

NEWER_RPM = "PEP517_MULTI_TEST_NEWER_RPM"
"""Environment variable: the rpmbuild of an rpm with declarative build systems."""
PREFIXES = {"3.13": "python3.13", "3.14": "python3.14", "pypy3": "pypy3"}
EVERY = pytest.mark.parametrize("label", distribution.LABELS)
SPEC = """\
Name: python-{name}
Version: {version}
Release: 1
Summary: Sample
License: MIT
Source0: {name}-%{{version}}.tar.gz
Source1: only.patch
{preamble}
%description
Sample.

%multibuild_subpackages -n {name} -s "A sample"

%prep
%autosetup -n {name}-%{{version}}
{prep}

%build
{build}

%install
%multibuild_install

%check
{check}
"""


def spec(name: str, version: str, **lines: str) -> str:
    filled = {"preamble": "", "prep": "", "build": "%multibuild_build", "check": "%multibuild_check", **lines}
    return SPEC.format(name=name, version=version, **filled)


@dataclass(frozen=True)
class Host:
    """One rpmbuild with a top directory of its own."""

    top: Path
    environ: Mapping[str, str]
    rpmbuild: str = "rpmbuild"
    log: str = ""
    returncode: int = 0

    def argv(self, *options: str) -> list[str | Path]:
        build = [self.rpmbuild, *(options or ("-bb",)), "--nodeps"]
        return [*hosts.offline(), *build, "--define", f"_topdir {self.top}", self.top / "a.spec"]

    def run(self, *options: str) -> Host:
        status, log = hosts.call(self.argv(*options), cwd=self.top, env=self.environ)
        return replace(self, log=log, returncode=status)

    @property
    def packages(self) -> dict[str, Path]:
        """The packages by name without version."""
        found = sorted(self.top.glob("RPMS/*/*.rpm"))
        return {re.sub(r"-[^-]*-[^-]*$", "", path.name): path for path in found}

    def query(self, package: str, *what: str) -> list[str]:
        done = subprocess.run(["rpm", "-qp", *what, self.packages[package]], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def install(self, root: Path) -> Path:
        """Install all packages below ``root`` with rpm itself."""
        root.mkdir(parents=True)
        command: list[str | Path] = [*hosts.as_root(), "rpm", "-U", "--root", root, "--nodeps", *self.packages.values()]
        subprocess.run(command, check=True)
        return root


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, pythons: Mapping[str, Python]) -> Callable[..., Host]:
    """Return what prepares a build: ``host(spec, sources…)``; macros are set in the user's ``.rpmmacros``."""

    def prepare(text: str, *sources: Path, macros: str = "", impls: Sequence[str] = distribution.LABELS) -> Host:
        top = tmp_path_factory.mktemp("rpm")
        environ = distribution.environment(pythons, top / "home")
        defined = f"%multibuild_impls {' '.join(impls)}\n{macros}\n"
        (top / "home/.rpmmacros").write_text((FOLDER / "rpm/macros.multibuild").read_text() + defined)
        (top / "a.spec").write_text(text)
        (top / "SOURCES").mkdir()
        (top / "SOURCES/only.patch").write_text(hosts.SIX_PATCH)
        for source in sources:
            shutil.copy(source, top / "SOURCES")
        return Host(top, environ)

    return prepare


@pytest.fixture(scope="module")
def documented(host: Callable[..., Host], tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Build the spec of the how-to."""

    def build(_: Path) -> Host:
        text = hosts.recipe("rpm.md", "python-markdown.spec")
        built = host(text, hosts.markdown(), macros="%source_date_epoch_from_changelog 1").run()
        assert built.returncode == 0, built.log
        return built

    return shared_results.once(tmp_path_factory, "rpm", build)


@pytest.fixture(scope="module")
def documented_root(documented: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return documented.install(tmp_path_factory.mktemp("root") / "root")


def test_the_spec_of_the_how_to_makes_a_package_for_each_implementation(documented: Host) -> None:
    assert sorted(documented.packages) == sorted(f"{prefix}-markdown" for prefix in PREFIXES.values())


@EVERY
def test_a_package_has_its_own_files_and_folders_and_no_others(
    documented: Host, pythons: Mapping[str, Python], label: str
) -> None:
    python, package = pythons[label], f"{PREFIXES[label]}-markdown"
    listed = documented.query(package, "-l")

    top = f"/usr/lib/{python.impl}/site-packages/markdown"
    assert {top, f"{top}/__init__.py", f"{top}-3.9.dist-info"} <= set(listed)
    assert {path for path in listed if not path.startswith(top)} == {
        f"/usr/bin/markdown_py-{python.short}",
        *(["/usr/bin/markdown_py"] if label == "3.14" else []),
    }
    assert not [path for path in listed if path.endswith(("RECORD", "direct_url.json"))]
    assert documented.query(package, "-L") == [f"{top}-3.9.dist-info/licenses/LICENSE.md"]


@EVERY
def test_what_a_package_provides_and_requires_is_of_its_own_implementation(
    documented: Host, pythons: Mapping[str, Python], label: str
) -> None:
    python, package = pythons[label], f"{PREFIXES[label]}-markdown"
    required = [line for line in documented.query(package, "--requires") if not line.startswith("rpmlib(")]

    provides = [f"{package} = 3.9-1"]
    requires = [f"/usr/bin/{python.impl}"]
    if python.is_cpython:
        provides += [f"python{label}dist(markdown) = 3.9", "python3dist(markdown) = 3.9"]
        requires += [f"python(abi) = {label}"]
    assert documented.query(package, "--provides") == provides
    assert required == requires


@EVERY
def test_what_rpm_installs_can_be_imported_and_run(
    documented_root: Path, pythons: Mapping[str, Python], label: str
) -> None:
    python = pythons[label]
    said = hosts.imports(python, documented_root, "import markdown; print(markdown.markdown('*hello*'))")
    assert said == "<p><em>hello</em></p>"
    script = f"usr/bin/markdown_py-{python.short}"
    assert hosts.run_script(python, documented_root, script, "--version").endswith("3.9")


def test_bytecode_stays_valid_in_what_rpm_installs(documented_root: Path) -> None:
    assert len(list(documented_root.rglob("*.pyc"))) > 100
    assert hosts.stale_bytecode(documented_root) == []


def test_a_phase_that_is_run_again_changes_nothing(host: Callable[..., Host]) -> None:
    built = host(spec("six", "1.17.0"), hosts.real("six"), impls=distribution.LABELS[:2]).run("-bi")
    assert built.returncode == 0, built.log
    wheels, (image,) = built.top / "BUILD/six-1.17.0/.multibuild/wheels", (built.top / "BUILDROOT").iterdir()
    before = snapshot(wheels), snapshot(image, times=False)

    built_again = built.run("-bc", "--short-circuit")
    installed_again = built.run("-bi", "--short-circuit")

    assert (built_again.returncode, installed_again.returncode) == (0, 0)
    assert "2 built earlier" in built_again.log or "reused" in built_again.log
    assert (snapshot(wheels), snapshot(image, times=False)) == before


def test_a_stable_abi_module_is_built_once_for_all_cpythons(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(spec("psutil", "7.2.2"), hosts.real("psutil")).run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    for label, python in pythons.items():
        if python.impl != "pypy3.9":  # which lacks a function that psutil calls
            assert hosts.imports(python, root, "import psutil; print(psutil.Process().pid > 0)") == "True"
        provided = built.query(f"{PREFIXES[label]}-psutil", "--provides")
        assert (f"python{label}dist(psutil) = 7.2.2" in provided) is python.is_cpython
    modules = sorted(path.name for path in root.rglob("*.so"))
    assert modules[:2] == ["_psutil_linux.abi3.so"] * 2
    assert "pypy" in modules[2]


def test_version_specific_modules_are_built_for_each(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(spec("markupsafe", "3.0.4"), hosts.real("markupsafe")).run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    assert hosts.markupsafe_modules(pythons, root) == hosts.expected_markupsafe_modules(distribution.LABELS)


def test_a_patch_is_for_the_implementations_that_are_named(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    text = spec("six", "1.17.0", preamble="BuildArch: noarch", prep="%multibuild_patch pypy3 %{SOURCE1}")
    built = host(text, hosts.real("six")).run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    assert hosts.patched(pythons, root) == {"3.13": "False", "3.14": "False", "pypy3": "True"}
    assert "2 built, 1 reused" in built.log


@pytest.mark.parametrize(
    ("macros", "said"),
    [
        pytest.param("%multibuild_no_reuse 0", "1 built, 1 reused", id="no"),
        pytest.param("%multibuild_no_reuse 1", "six 1.17.0: 2 built (", id="yes"),
        pytest.param("%multibuild_ext 1", "holds no extension module, which --ext yes asks for", id="extension"),
    ],
)
def test_what_is_known_of_a_project_can_be_set_in_a_macro(host: Callable[..., Host], macros: str, said: str) -> None:
    built = host(spec("six", "1.17.0"), hosts.real("six"), macros=macros, impls=distribution.LABELS[:2]).run("-bc")

    assert said in built.log
    assert (built.returncode == 0) is ("built" in said)


def test_one_package_can_have_the_files_of_all(host: Callable[..., Host], pythons: Mapping[str, Python]) -> None:
    text = spec("six", "1.17.0", preamble="BuildArch: noarch", check="%files -f %{multibuild_files}")
    text = text.replace('%multibuild_subpackages -n six -s "A sample"', "").replace("%check\n", "")

    built = host(text, hosts.real("six"), macros="%multibuild_prefer 3.13").run()

    assert built.returncode == 0, built.log
    (package,) = built.packages
    listed = built.query(package, "-l")
    assert [path for path in listed if path.endswith("/six.py")] == [
        f"/usr/lib/{impl}/site-packages/six.py" for impl in sorted(python.impl for python in pythons.values())
    ]
    dists = [line for line in built.query(package, "--provides") if "dist(" in line]
    assert dists == ["python3.13dist(six) = 1.17", "python3.14dist(six) = 1.17", "python3dist(six) = 1.17"]


def test_a_failing_backend_stops_rpmbuild(host: Callable[..., Host], tmp_path: Path) -> None:
    failed = host(spec("fails-build", "1.0"), hosts.pack_sample(tmp_path, "fails-build")).run()

    assert failed.returncode != 0
    assert "this project does not build on pypy" in failed.log
    assert re.search(r"^pypy3\.\d+: failed", failed.log, re.MULTILINE), failed.log
    assert "Bad exit status" in failed.log
    assert failed.packages == {}


def test_a_finding_of_qa_stops_rpmbuild(host: Callable[..., Host], tmp_path: Path) -> None:
    text = spec("hazard-files", "1.0", preamble="%global multibuild_qa fail", build="%multibuild_build --reuse tags")

    failed = host(text, hosts.pack_sample(tmp_path, "hazard-files"), impls=distribution.LABELS[:2]).run()

    assert failed.returncode != 0
    assert "hazard_files/for_python_3_14.py" in failed.log
    assert "(%build)" in failed.log
    assert failed.packages == {}


def test_an_interrupted_build_stops_rpmbuild_and_leaves_nothing_half_made(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    waiting = host(spec("waits", "1.0"), hosts.pack_waiting(tmp_path, mark), impls=["3.13"])

    status, log = hosts.interrupt(waiting.argv(), mark, cwd=waiting.top, env=waiting.environ)

    assert status != 0
    assert "multibuild: error: interrupted; what was not complete is not there" in log
    assert waiting.packages == {}
    assert left_over(waiting.top / "BUILD") == []


def newer_than_phases(host: Host) -> Host:
    """Let an rpm build that knows declarative build systems."""
    rpmbuild = Path(os.environ.get(NEWER_RPM, "/nowhere"))
    if not rpmbuild.is_file():
        pytest.skip(f"needs rpm 4.20 or newer (SUITE=trixie .ci/interpreters gets it; {NEWER_RPM} names its rpmbuild)")
    usr = rpmbuild.parents[1]
    places = {"RPM_CONFIGDIR": str(usr / "lib/rpm"), "MAGIC": str(usr / "lib/file/magic.mgc")}
    return replace(host, environ={**host.environ, **places}, rpmbuild=str(rpmbuild))


def test_the_declarative_spec_of_the_how_to_makes_the_same_packages(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    text = hosts.recipe("rpm.md", "python-markdown-declarative.spec")

    built = newer_than_phases(host(text, hosts.markdown())).run()

    assert built.returncode == 0, built.log
    assert re.search(r"multibuild build .* --reuse never$", built.log, re.MULTILINE)
    assert "no findings in 3 roots" in built.log
    root = built.install(tmp_path / "root")
    for label, python in pythons.items():
        package = f"{PREFIXES[label]}-markdown"
        assert (f"python{label}dist(markdown) = 3.9" in built.query(package, "--provides")) is python.is_cpython
        assert f"/usr/bin/{python.impl}" in built.query(package, "--requires")
        assert (
            hosts.imports(python, root, "import markdown; print(markdown.markdown('*hello*'))")
            == "<p><em>hello</em></p>"
        )
    assert hosts.stale_bytecode(root) == []


def test_subpackages_need_to_know_the_implementations(host: Callable[..., Host]) -> None:
    refused = host(spec("six", "1.17.0"), hosts.real("six"), impls=()).run()

    assert refused.returncode != 0
    assert "multibuild_subpackages needs to know which implementations there are" in refused.log


def subpackages(folder: Path, line: str, *defined: str) -> list[str]:
    """Return name, summary and recommendations of the subpackages that ``line`` declares, one text each."""
    macros = (FOLDER / "rpm/macros.multibuild").read_text()
    (folder / ".rpmmacros").write_text("\n".join([macros, "%multibuild_impls 3.13 pypy3", *defined, ""]))
    text = spec("six", "1.17.0").replace('%multibuild_subpackages -n six -s "A sample"', line)
    (folder / "a.spec").write_text(text)
    form = "[%{NAME}|%{SUMMARY}|%{RECOMMENDS}\n]"
    command: list[str | Path] = ["rpmspec", "-q", "--qf", form, "--define", f"_topdir {folder}", folder / "a.spec"]
    environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return [line.replace("(none)", "") for line in done.stdout.splitlines()[1:]]  # the main package comes first


@pytest.mark.parametrize(
    ("line", "defined", "expected"),
    [
        pytest.param(
            "%multibuild_subpackages",
            "",
            ["python3.13-six|Sample (Python 3.13)|", "pypy3-six|Sample (PyPy 3)|"],
            id="nothing-said",
        ),
        pytest.param(
            "%multibuild_subpackages -n other -s 'It is another'",
            "",
            ["python3.13-other|It is another (Python 3.13)|", "pypy3-other|It is another (PyPy 3)|"],
            id="name-and-summary",
        ),
        pytest.param(
            "%multibuild_subpackages",
            "%multibuild_nodots 1",
            ["python313-six|Sample (Python 3.13)|", "pypy3-six|Sample (PyPy 3)|"],
            id="no-dots",
        ),
        pytest.param(
            "%multibuild_subpackages",
            "%multibuild_subpackage() Recommends: docs-for-%{1}",
            ["python3.13-six|Sample (Python 3.13)|docs-for-3.13", "pypy3-six|Sample (PyPy 3)|docs-for-pypy3"],
            id="tags-of-its-own",
        ),
    ],
)
def test_subpackages_are_named_and_described(tmp_path: Path, line: str, defined: str, expected: list[str]) -> None:
    assert subpackages(tmp_path, line, defined) == expected


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("3.13", "python3.13"),
        ("3.13t", "python3.13t"),
        ("3.13.2", "python3.13"),
        ("cpython3.13", "python3.13"),
        ("cp313", "python3.13"),
        ("python3_13", "python3.13"),
        ("/opt/python/bin/python3.13", "python3.13"),
        ("pypy3", "pypy3"),
        ("pypy3_11", "pypy3.11"),
        ("pp311", "pypy3.11"),
    ],
)
def test_an_implementation_has_one_label_however_it_is_written(tmp_path: Path, given: str, label: str) -> None:
    (tmp_path / ".rpmmacros").write_text((FOLDER / "rpm/macros.multibuild").read_text())
    done = subprocess.run(
        ["rpm", "--eval", f"%{{multibuild_files {given}}}"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f".multibuild/rpm/{label}.list\n"


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        pytest.param("pythons python311 python314 python313", "3.11 3.14 3.13", id="opensuse"),
        pytest.param("python3_version 3.14", "3.14", id="fedora"),
        pytest.param("nothing 1", "", id="none"),
    ],
)
def test_a_distribution_that_says_its_pythons_need_not_say_them_again(
    tmp_path: Path, definition: str, expected: str
) -> None:
    (tmp_path / ".rpmmacros").write_text((FOLDER / "rpm/macros.multibuild").read_text())
    done = subprocess.run(
        ["rpm", "--define", definition, "--eval", "%multibuild_impls"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
