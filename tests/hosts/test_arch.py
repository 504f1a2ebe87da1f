"""Arch packages, built by the real makepkg with our functions, as an ordinary user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import distribution
import packaging_hosts as hosts
import pytest
import shared_results
from command_line import left_over, snapshot

from pep517_multi.cli.integrations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from distribution import Python

pytestmark = [pytest.mark.host_arch, pytest.mark.interpreters, pytest.mark.network]

PACKAGES = {"3.14": "python-markdown", "3.13": "python313-markdown", "pypy3": "pypy3-markdown"}
PKGBUILD = """\
pkgbase={name}
pkgname=({packages})
pkgver={version}
pkgrel=1
arch=(x86_64)
license=(MIT)
source=({name}-$pkgver.tar.gz only.patch)
sha256sums=(SKIP SKIP)
_multibuild_impls=({impls})
{settings}

_use() {{
    cd "$srcdir/{name}-$pkgver"
    source "$(multibuild integration arch --path)"
}}

build() {{
    _use
    {build}
}}

check() {{
    _use
    multibuild_check
}}
"""


def pkgbuild(
    name: str,
    version: str,
    impls: Sequence[str] = distribution.LABELS,
    *,
    build: str = "multibuild_build",
    settings: str = "",
) -> str:
    """Return a PKGBUILD with a package for each implementation, in an order that is not theirs."""
    named = {impl: f"{impl.replace('.', '')}-{name}" for impl in reversed(impls)}
    functions = [
        f"package_{package}() {{\n    _use\n    multibuild_package {impl}\n}}\n" for impl, package in named.items()
    ]
    text = PKGBUILD.format(
        name=name,
        version=version,
        packages=" ".join(named.values()),
        impls=" ".join(impls),
        build=build,
        settings=settings,
    )
    return "\n".join([text, *functions])


@dataclass(frozen=True)
class Host:
    """A folder with a PKGBUILD, and how its build ended."""

    folder: Path
    environ: Mapping[str, str]
    log: str = ""
    returncode: int = 0

    def argv(self, *options: str) -> list[str]:
        return [*ordinary_user(), "makepkg", "-d", "-f", "--nosign", *options]

    def run(self, *options: str, **variables: str) -> Host:
        environ = {**self.environ, **variables}
        status, log = hosts.call(self.argv(*options), cwd=self.folder, env=environ)
        return replace(self, log=log, returncode=status)

    @property
    def packages(self) -> dict[str, Path]:
        """The packages by name."""
        found = sorted(self.folder.glob("*.pkg.tar.*"))
        return {re.sub(r"-[^-]*-[^-]*-[^-]*$", "", path.name): path for path in found}

    def contents(self, package: str) -> set[str]:
        """Name the files and links of a package, as bsdtar lists them."""
        done = subprocess.run(["bsdtar", "-tf", self.packages[package]], capture_output=True, text=True, check=True)
        return {line for line in done.stdout.splitlines() if not line.endswith("/") and not line.startswith(".")}

    def install(self, root: Path) -> Path:
        """Unpack all packages below ``root``, which is what pacman does to files."""
        root.mkdir(parents=True)
        for package in self.packages.values():
            subprocess.run(["bsdtar", "-xf", package, "-C", root], check=True)
        return root


def ordinary_user() -> tuple[str, ...]:
    """Return what makes a command that of an ordinary user, which makepkg insists on, and cuts it off the network."""
    if os.geteuid() != 0:
        return hosts.offline()
    found = hosts.first_that_works(
        ("unshare", "--map-user=1000", "--map-group=1000", "--net"), ("unshare", "--map-user=1000", "--map-group=1000")
    )
    if not found:
        pytest.skip("needs user namespaces, to be an ordinary user without making one on this machine")
    return found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, pythons: Mapping[str, Python]) -> Callable[..., Host]:
    """Return what prepares a folder: ``host(PKGBUILD, sources…)``."""

    def prepare(text: str, *sources: Path) -> Host:
        folder = tmp_path_factory.mktemp("arch")
        (folder / "PKGBUILD").write_text(text)
        (folder / "only.patch").write_text(hosts.SIX_PATCH)
        for source in sources:
            shutil.copy(source, folder)
        environ = distribution.environment(pythons, folder / "home")
        return Host(folder, {**environ, "PACMAN": "true", "PACKAGER": "A Packager <packager@example.org>"})

    return prepare


@pytest.fixture(scope="module")
def documented(host: Callable[..., Host], tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Build the PKGBUILD of the how-to."""

    def build(_: Path) -> Host:
        built = host(hosts.recipe("arch.md", "PKGBUILD"), hosts.markdown()).run(MAKEFLAGS="-j2")
        assert built.returncode == 0, built.log
        return built

    return shared_results.once(tmp_path_factory, "arch", build)


def test_the_pkgbuild_of_the_how_to_makes_a_package_for_each_implementation(
    documented: Host, pythons: Mapping[str, Python]
) -> None:
    assert sorted(documented.packages) == sorted(PACKAGES.values())
    for label, package in PACKAGES.items():
        python, contents = pythons[label], documented.contents(package)
        top = f"usr/lib/{python.impl}/site-packages/markdown"
        assert {f"{top}/__init__.py", f"{top}-3.9.dist-info/METADATA"} <= contents
        assert {path for path in contents if not path.startswith(top)} == {
            f"usr/bin/markdown_py-{python.short}",
            f"usr/share/licenses/{package}/LICENSE.md",
            *(["usr/bin/markdown_py"] if label == "3.14" else []),
        }
        assert not [path for path in contents if path.endswith(("RECORD", "direct_url.json"))]


def test_what_is_unpacked_can_be_imported_and_run(
    documented: Host, pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    root = documented.install(tmp_path / "root")
    for python in pythons.values():
        code = "import markdown; print(markdown.markdown('*hello*'))"
        assert hosts.imports(python, root, code) == "<p><em>hello</em></p>"
        assert hosts.run_script(python, root, f"usr/bin/markdown_py-{python.short}", "--version").endswith("3.9")
    assert len(list(root.rglob("*.pyc"))) > 100
    assert hosts.stale_bytecode(root) == []


def test_the_tests_of_the_project_run_for_each(documented: Host) -> None:
    assert len(re.findall(r"^Ran \d+ tests in ", documented.log, re.MULTILINE)) == len(PACKAGES)


@pytest.mark.parametrize(
    ("flags", "jobs"),
    [("-j3", "-j 3"), ("-s -j 12 -k", "-j 12"), ("--jobs=2", "-j 2"), ("-k", ""), ("-j", "")],
    ids=["short", "among-others", "long", "none", "no-number"],
)
def test_as_many_jobs_run_as_makeflags_say(flags: str, jobs: str) -> None:
    functions = FOLDER / "arch/multibuild.sh"
    script = (
        f'source {functions}; multibuild() {{ echo "$@"; }}; srcdir=src; _multibuild_impls=(3.13); multibuild_build'
    )
    done = subprocess.run(
        ["bash", "-euc", script],
        env={"MAKEFLAGS": flags, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = ["build --workdir src/multibuild --no-isolation", jobs, "--impls=3.13"]
    assert done.stdout == " ".join(filter(None, expected)) + "\n"


def test_packaging_again_changes_nothing(host: Callable[..., Host]) -> None:
    moment = {"SOURCE_DATE_EPOCH": "1780272000"}  # makepkg takes the time of day otherwise
    built = host(pkgbuild("six", "1.17.0", ("3.13", "3.14")), hosts.real("six")).run(**moment)
    assert built.returncode == 0, built.log
    wheels = built.folder / "src/multibuild/wheels"
    before = snapshot(wheels), {name: built.contents(name) for name in built.packages}

    again = built.run("--noextract", **moment)

    assert again.returncode == 0, again.log
    assert "making the build environment" not in again.log
    assert (snapshot(wheels), {name: again.contents(name) for name in again.packages}) == before


@pytest.mark.compiler
def test_extension_modules_go_into_the_packages_of_their_implementations(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(pkgbuild("markupsafe", "3.0.4"), hosts.real("markupsafe")).run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    assert hosts.markupsafe_modules(pythons, root) == hosts.expected_markupsafe_modules(distribution.LABELS)


@pytest.mark.compiler
def test_a_stable_abi_module_is_built_once_for_all_cpythons(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    built = host(pkgbuild("extension-abi3", "1.0"), hosts.pack_sample(tmp_path, "extension-abi3")).run()

    assert built.returncode == 0, built.log
    root = built.install(tmp_path / "root")
    for label, python in pythons.items():
        assert hosts.imports(python, root, "import extension_abi3; print(extension_abi3.greet('you'))") == "Hello, you"
        package = f"{label.replace('.', '')}-extension-abi3"
        (module,) = [path for path in built.contents(package) if path.endswith(".so")]
        assert (".abi3." in module) is python.is_cpython


def test_a_patch_is_for_the_implementation_that_is_named(
    host: Callable[..., Host], pythons: Mapping[str, Python], tmp_path: Path
) -> None:
    text = pkgbuild("six", "1.17.0", build='multibuild_build --patch "pypy3=$srcdir/only.patch"')
    built = host(text, hosts.real("six")).run()

    assert built.returncode == 0, built.log
    assert "2 built, 1 reused" in built.log
    root = built.install(tmp_path / "root")
    assert hosts.patched(pythons, root) == {"3.13": "False", "3.14": "False", "pypy3": "True"}


def test_a_failing_backend_stops_makepkg(host: Callable[..., Host], tmp_path: Path) -> None:
    failed = host(pkgbuild("fails-build", "1.0"), hosts.pack_sample(tmp_path, "fails-build")).run()

    assert failed.returncode != 0
    assert re.search(r"^pypy3\.\d+: failed: the backend sample_backend .* failed", failed.log, re.MULTILINE), failed.log
    assert "A failure occurred in build()" in failed.log
    assert failed.packages == {}


def test_a_finding_of_qa_stops_makepkg(host: Callable[..., Host], tmp_path: Path) -> None:
    options = {"settings": "_multibuild_qa=fail", "build": "multibuild_build --reuse tags"}
    text = pkgbuild("hazard-files", "1.0", ("3.13", "3.14"), **options)

    failed = host(text, hosts.pack_sample(tmp_path, "hazard-files")).run()

    assert failed.returncode != 0
    assert "hazard_files/for_python_3_14.py" in failed.log
    assert "A failure occurred in build()" in failed.log
    assert failed.packages == {}


def test_an_interrupted_build_leaves_nothing_half_made(host: Callable[..., Host], tmp_path: Path) -> None:
    mark = tmp_path / "started"
    waiting = host(pkgbuild("waits", "1.0", ("3.13",)), hosts.pack_waiting(tmp_path, mark))

    status, log = hosts.interrupt(waiting.argv(), mark, cwd=waiting.folder, env=waiting.environ)

    assert status != 0
    assert "multibuild: error: interrupted; what was not complete is not there" in log
    assert waiting.packages == {}
    assert left_over(waiting.folder / "src") == []


def test_a_pkgbuild_without_a_list_is_told_so(host: Callable[..., Host], tmp_path: Path) -> None:
    text = pkgbuild("fails-build", "1.0", ("3.13",)).replace("_multibuild_impls=(3.13)", "")

    refused = host(text, hosts.pack_sample(tmp_path, "fails-build")).run()

    assert refused.returncode != 0
    assert "_multibuild_impls is not set; say which implementations there are" in refused.log
