"""Debian packages, built by the real dpkg-buildpackage and debhelper with our build system."""

from __future__ import annotations

import re
import subprocess
import tarfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import distribution
import packaging_hosts as hosts
import pytest
import shared_results
from command_line import left_over, snapshot

from pep517_multi.cli.integrations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from distribution import Python

pytestmark = [pytest.mark.host_debian, pytest.mark.interpreters, pytest.mark.network]

LABELS = ("3.14", "3.15", "pypy3")
"""Those that are Debian's own, whose packages can share a folder."""
SHARED = "usr/lib/python3/dist-packages"
RULES = "#!/usr/bin/make -f\n\n%:\n\tdh $@ --buildsystem=multibuild\n"
CONTROL = """\
Source: {name}
Section: python
Priority: optional
Maintainer: A Packager <packager@example.org>
Build-Depends: debhelper-compat (= 13){depends}
Standards-Version: 4.7.0
Rules-Requires-Root: no

Package: python3-{name}
Architecture: {architecture}
Depends: ${{misc:Depends}}
Description: sample
 Sample.
"""
CHANGELOG = """\
{name} ({version}-1) unstable; urgency=medium

  * First package.

 -- A Packager <packager@example.org>  Mon, 01 Jun 2026 00:00:00 +0000
"""


@dataclass(frozen=True)
class Host:
    """A source tree with a ``debian`` folder, and how its build ended."""

    tree: Path
    environ: Mapping[str, str]
    log: str = ""
    returncode: int = 0

    def argv(self, *options: str) -> list[str]:
        return [*hosts.offline(), "dpkg-buildpackage", *(options or ("-b",)), "-d", "-us", "-uc"]

    def run(self, *options: str, **variables: str) -> Host:
        """Build; a second build goes on where the first one ended if ``-nc`` is among the options."""
        return self.call(*self.argv(*options), **variables)

    def call(self, *command: str, **variables: str) -> Host:
        status, log = hosts.call(command, cwd=self.tree, env={**self.environ, **variables})
        return replace(self, log=log, returncode=status)

    @property
    def packages(self) -> list[Path]:
        return [path for path in sorted(self.tree.parent.glob("*.deb")) if "-dbgsym_" not in path.name]

    @property
    def contents(self) -> list[str]:
        """The files and links of the package, as dpkg-deb lists them."""
        (package,) = self.packages
        done = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True)
        lines = [line.split(maxsplit=5) for line in done.stdout.splitlines()]
        return [line[5].removeprefix("./") for line in lines if not line[0].startswith("d")]

    def install(self, root: Path) -> Path:
        """Install the package below ``root`` with dpkg itself, without the scripts that want a whole system."""
        (package,) = self.packages
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        (root / "var/lib/dpkg/updates").mkdir()
        command: list[str | Path] = ["dpkg", "--root", root, "--force-all", "--force-not-root", "--no-triggers"]
        subprocess.run([*hosts.as_root(), *command, "--unpack", package], capture_output=True, check=True)
        return root


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Python]:
    return shared_results.once(
        tmp_path_factory, "debian-pythons", lambda folder: distribution.install(folder, labels=LABELS)
    )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, pythons: Mapping[str, Python]) -> Callable[..., Host]:
    """Return what prepares a source tree: ``host(archive, variables)``."""
    perl = tmp_path_factory.mktemp("perl5")
    (perl / "Debian").mkdir()
    (perl / "Debian/Debhelper").symlink_to(FOLDER / "debian")

    def prepare(
        archive: Path,
        *,
        architecture: str = "all",
        depends: str = "",
        files: Mapping[str, str] | None = None,
        **variables: str,
    ) -> Host:
        top = tmp_path_factory.mktemp("debian")
        name, _, version = archive.name.removesuffix(".tar.gz").rpartition("-")
        with tarfile.open(archive) as stream:
            stream.extractall(top, filter="data")
        debian = top / f"{name}-{version}" / "debian"
        fields = {"name": name, "version": version, "architecture": architecture, "depends": depends}
        given = {"rules": RULES, "control": CONTROL.format(**fields), **(files or {})}
        for path, text in {**given, "changelog": CHANGELOG.format(**fields), "source/format": "3.0 (quilt)\n"}.items():
            (debian / path).parent.mkdir(parents=True, exist_ok=True)
            (debian / path).write_text(text)
        (debian / "rules").chmod(0o755)
        environ = {**distribution.environment(pythons, top / "home"), "PERL5LIB": str(perl)}
        return Host(debian.parent, {**environ, "DEB_MULTIBUILD_IMPLS": " ".join(LABELS), **variables})

    return prepare


@pytest.fixture(scope="module")
def documented(host: Callable[..., Host], tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Build the package of the how-to."""

    def build(_: Path) -> Host:
        files = {name: hosts.recipe("debian.md", name) for name in ("rules", "control")}
        prepared = host(hosts.markdown(), files=files)
        (prepared.tree / "debian/changelog").write_text(CHANGELOG.format(name="python-markdown", version="3.9"))
        built = prepared.run(DEB_BUILD_OPTIONS="parallel=2")
        assert built.returncode == 0, built.log
        return built

    return shared_results.once(tmp_path_factory, "debian", build)


def test_the_package_of_the_how_to_has_everything_once_and_no_bytecode(documented: Host) -> None:
    contents = documented.contents

    assert [path.name for path in documented.packages] == ["python3-markdown_3.9-1_all.deb"]
    assert contents.count(f"{SHARED}/markdown/__init__.py") == 1
    assert contents.count("usr/bin/markdown_py") == 1
    installed = [path for path in contents if path.startswith(f"{SHARED}/markdown-3.9.dist-info/")]
    assert {path.rpartition("/")[2] for path in installed} >= {"METADATA", "INSTALLER", "entry_points.txt"}
    assert [path for path in contents if path.endswith((".pyc", "RECORD", "LICENSE.md"))] == []
    assert [path for path in contents if not path.startswith((f"{SHARED}/markdown", "usr/share/doc/"))] == [
        "usr/bin/markdown_py"
    ]


def test_what_dpkg_installs_can_be_imported_and_run_by_all(
    documented: Host, pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    root = documented.install(tmp_path / "root")
    assert (root / "usr/bin/markdown_py").read_text().splitlines()[0] == "#!/usr/bin/python3"
    for python in pythons.values():
        code = "import markdown; print(markdown.markdown('*hello*'))"
        assert hosts.imports(python, root, code, place=SHARED) == "<p><em>hello</em></p>"
        assert hosts.run_script(python, root, "usr/bin/markdown_py", "--version", place=SHARED).endswith("3.9")


def test_the_test_command_runs_for_each_before_the_installation(documented: Host) -> None:
    lines = documented.log.splitlines()
    ran = [number for number, line in enumerate(lines) if re.fullmatch(r"Ran \d+ tests in .*", line)]
    assert len(ran) == len(LABELS)
    assert max(ran) < next(number for number, line in enumerate(lines) if "dh_auto_install" in line)


def test_the_number_of_jobs_is_that_of_the_host(documented: Host) -> None:
    (called,) = [line for line in documented.log.splitlines() if "multibuild build" in line]
    assert called.endswith("-j 2")


def test_phases_that_are_run_again_change_nothing(host: Callable[..., Host]) -> None:
    built = host(hosts.real("six"), DEB_MULTIBUILD_IMPLS="3.14 3.15").run()
    assert built.returncode == 0, built.log
    wheels, image = built.tree / ".multibuild/wheels", built.tree / "debian/python3-six/usr"
    before = snapshot(wheels), snapshot(image / "lib")

    (built.tree / "debian/debhelper-build-stamp").unlink()
    again = built.run("-b", "-nc")

    assert again.returncode == 0, again.log
    assert "dh_auto_build" in again.log
    assert "dh_auto_install" in again.log
    assert "making the build environment" not in again.log
    assert (snapshot(wheels), snapshot(image / "lib")) == before


def test_nocheck_skips_the_tests_and_clean_removes_everything(host: Callable[..., Host]) -> None:
    prepared = host(hosts.real("six"))
    variables = {"DEB_MULTIBUILD_IMPLS": "3.14", "DEB_MULTIBUILD_TEST": "exit 7"}

    failed = prepared.run(**variables)
    built = prepared.run(**variables, DEB_BUILD_OPTIONS="nocheck")
    cleaned = prepared.call("debian/rules", "clean", **variables)

    assert failed.returncode != 0
    assert "dh_auto_test" in failed.log
    assert built.returncode == 0, built.log
    assert "multibuild check" not in built.log
    assert cleaned.returncode == 0, cleaned.log
    assert not (prepared.tree / ".multibuild").exists()


def test_a_stable_abi_module_is_there_once_for_all_cpythons(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(hosts.pack_sample(tmp_path, "extension-abi3"), architecture="any").run()

    assert built.returncode == 0, built.log
    modules = [path.rpartition("/")[2] for path in built.contents if path.endswith(".so")]
    assert len(modules) == 2
    assert len([name for name in modules if name.startswith("_speed.abi3")]) == 1
    root = built.install(tmp_path / "root")
    for python in pythons.values():
        code = "import extension_abi3; print(extension_abi3.greet('you'))"
        assert hosts.imports(python, root, code, place=SHARED) == "Hello, you"


def test_version_specific_modules_are_beside_each_other(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(hosts.real("markupsafe"), architecture="any").run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    modules = hosts.markupsafe_modules(pythons, root, place=SHARED)
    assert modules == hosts.expected_markupsafe_modules(LABELS)


def test_a_patched_implementation_has_a_folder_of_its_own_where_all_have(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    variables = {
        "DEB_MULTIBUILD_LAYOUT": "versioned",
        "DEB_MULTIBUILD_OPTIONS": "--patch 'pypy3=debian/only one.patch'",
    }
    built = host(hosts.real("six"), files={"only one.patch": hosts.SIX_PATCH}, **variables).run()

    assert built.returncode == 0, built.log
    assert "2 built, 1 reused" in built.log
    root = built.install(tmp_path / "root")
    assert hosts.patched(pythons, root) == {"3.14": "False", "3.15": "False", "pypy3": "True"}


def test_different_files_in_the_shared_folder_stop_the_build(host: Callable[..., Host]) -> None:
    variables = {"DEB_MULTIBUILD_OPTIONS": "--patch 3.15=debian/only.patch", "DEB_MULTIBUILD_IMPLS": "3.14 3.15"}
    failed = host(hosts.real("six"), files={"only.patch": hosts.SIX_PATCH}, **variables).run()

    assert failed.returncode != 0
    assert f"/{SHARED}/six.py of python3.14 and of python3.15 differ" in failed.log
    assert not (failed.tree / "debian/python3-six/usr/lib").exists()
    assert failed.packages == []


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        pytest.param("", "3.11", id="default"),
        pytest.param(", python3-all, python3-setuptools (>= 77) | other", "3.11", id="all"),
        pytest.param(", python3-all-dev:any <!nocheck>, pypy3-dev", "3.11 pypy3", id="pypy"),
    ],
)
def test_without_a_list_it_is_what_debian_has(
    host: Callable[..., Host], tmp_path: Path, depends: str, expected: str
) -> None:
    prepared = host(hosts.pack_sample(tmp_path, "intree-backend"), depends=depends, DEB_MULTIBUILD_IMPLS="")
    names = tmp_path / "bin"
    names.mkdir()
    asked = {"default": "--default --version", "requested": "--requested --version"}
    versions = f'#!/bin/sh\ncase "$*" in "{asked["default"]}"|"{asked["requested"]}") echo 3.11;; *) exit 2;; esac\n'
    (names / "py3versions").write_text(versions)
    (names / "py3versions").chmod(0o755)

    ran = prepared.call(
        "dh_auto_build", "--buildsystem=multibuild", "--", "--help", PATH=f"{names}:{prepared.environ['PATH']}"
    )

    assert f"--impls {expected} " in ran.log, ran.log


def test_a_failing_backend_stops_the_build(host: Callable[..., Host], tmp_path: Path) -> None:
    failed = host(hosts.pack_sample(tmp_path, "fails-build")).run()

    assert failed.returncode != 0
    assert re.search(r"^pypy3\.\d+: failed: the backend sample_backend .* failed", failed.log, re.MULTILINE), failed.log
    assert "this project does not build on pypy" in failed.log
    assert "dh_auto_build: error" in failed.log
    assert failed.packages == []


def test_a_finding_of_qa_stops_the_build(host: Callable[..., Host], tmp_path: Path) -> None:
    variables = {
        "DEB_MULTIBUILD_QA": "fail",
        "DEB_MULTIBUILD_OPTIONS": "--reuse tags",
        "DEB_MULTIBUILD_IMPLS": "3.14 3.15",
    }
    failed = host(hosts.pack_sample(tmp_path, "hazard-files"), **variables).run()

    assert failed.returncode != 0
    assert "hazard_files/for_python_3_15.py" in failed.log
    assert "dh_auto_build: error" in failed.log
    assert not (failed.tree / "debian/python3-hazard-files").exists()
    assert failed.packages == []


def test_an_interrupted_build_leaves_nothing_half_made(host: Callable[..., Host], tmp_path: Path) -> None:
    mark = tmp_path / "started"
    waiting = host(hosts.pack_waiting(tmp_path, mark), DEB_MULTIBUILD_IMPLS="3.14")

    status, log = hosts.interrupt(waiting.argv(), mark, cwd=waiting.tree, env=waiting.environ)

    assert status != 0
    assert "multibuild: error: interrupted; what was not complete is not there" in log
    assert waiting.packages == []
    assert left_over(waiting.tree / ".multibuild") == []


def test_the_environment_of_a_cross_build_reaches_the_backend(host: Callable[..., Host], tmp_path: Path) -> None:
    names = ("DEB_HOST_MULTIARCH", "DEB_BUILD_ARCH", "CC", "PKG_CONFIG", "_PYTHON_HOST_PLATFORM", "CFLAGS")
    tell = f"raise SystemExit(repr([os.environ.get(name) for name in {names}]))"
    backend = f"import os\n\n\ndef build_wheel(*_):\n    {tell}\n"
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    archive = hosts.pack(tmp_path, "tells-1.0", {"pyproject.toml": pyproject, "backend.py": backend})
    tools = {"CC": "aarch64-linux-gnu-gcc", "PKG_CONFIG": "aarch64-linux-gnu-pkg-config"}
    given = {**tools, "_PYTHON_HOST_PLATFORM": "linux-aarch64"}

    ran = host(archive, DEB_MULTIBUILD_IMPLS="3.14").run("-b", "-aarm64", CFLAGS="-Dasked", **given)

    (log,) = (ran.tree / ".multibuild/logs").glob("*-build.log")
    expected = ["aarch64-linux-gnu", "amd64", *given.values(), "-Dasked"]
    assert repr(expected) in log.read_text(), ran.log
