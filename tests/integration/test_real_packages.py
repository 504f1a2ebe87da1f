"""Real source distributions of the index, each built once for every implementation, and looked at from all sides."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import gpep517_roots
import pytest
import real_sdists
from command_line import cpython_targets, impls, import_from, multibuild, pypy_targets, targets
from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from command_line import Ran

pytestmark = [pytest.mark.network, pytest.mark.interpreters, pytest.mark.compiler]

PINS = real_sdists.pins()
EVERY = pytest.mark.parametrize("name", PINS)


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Run multibuild on a source distribution, once however many tests ask."""
    ran: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in ran:
            workdir = tmp_path_factory.mktemp("real") / name
            ran[name] = multibuild(real_sdists.fetch(name), *impls(*admitted(name)), workdir=workdir)
        return ran[name]

    return run


def admitted(name: str) -> list[str]:
    """Return the implementations that a package is built for: all that it admits, or the ends where it is slow."""
    required = SpecifierSet(PINS[name].get("requires", ""))
    found = [impl for impl in targets() if required.contains(impl.lstrip("abcdefghijklmnopqrstuvwxyz"))]
    if PINS[name].get("few"):
        cpythons = cpython_targets()
        found = [impl for impl in found if impl in {cpythons[0], cpythons[-1]}]
    return found


def builders(name: str) -> set[str]:
    """Return who must build, and nobody else may."""
    everyone = admitted(name)
    cpythons = [impl for impl in everyone if impl in cpython_targets()]
    others = [impl for impl in everyone if impl in pypy_targets()]
    return {
        "once": {everyone[0]},
        "stable-abi": {cpythons[0], *others},
        "stable-abi-by-proof": {cpythons[0], cpythons[-1], *others},
        "each": set(everyone),
    }[PINS[name]["builds"]]


@EVERY
def test_a_package_is_built_as_often_as_it_must_be(run_of: Callable[[str], Ran], name: str) -> None:
    ran = run_of(name)
    assert ran.returncode == 0, ran.stderr
    expected = {impl: "built" if impl in builders(name) else "reused" for impl in admitted(name)}
    assert ran.actions == expected
    serving = {impl: by for impl, by in ran.built_by.items() if ran.actions[impl] == "reused"}
    assert set(serving.values()) <= {admitted(name)[0]}


@EVERY
def test_pypy_gets_no_wheel_for_the_stable_abi(run_of: Callable[[str], Ran], name: str) -> None:
    tags = {impl: entry["tag"] for impl, entry in run_of(name).impls.items()}
    assert [impl for impl, tag in tags.items() if impl.startswith("pypy") and "abi3" in tag] == []


@EVERY
def test_a_root_is_file_for_file_what_gpep517_makes_of_the_same_wheel(
    run_of: Callable[[str], Ran], tmp_path: Path, name: str
) -> None:
    ran = run_of(name)
    compared = [impl for impl in ran.impls if gpep517_roots.runs_in(impl)]
    if PINS[name].get("large"):
        compared = [compared[0], compared[-1]]
    assert compared

    def differences(impl: str) -> list[str]:
        python = targets()[impl]
        theirs = gpep517_roots.install(ran.wheel(impl), tmp_path / impl / "root", impl=impl, python=python)
        return gpep517_roots.different(root_in_default_scheme(ran, impl, tmp_path), theirs, python=python)

    with ThreadPoolExecutor() as pool:
        found = dict(zip(compared, pool.map(differences, compared), strict=True))
    assert found == {impl: [] for impl in compared}


def root_in_default_scheme(ran: Ran, impl: str, folder: Path) -> Path:
    """Return the root of the run, or one in the scheme of an interpreter whose own default is another (Debian's)."""
    ask = "import sysconfig; print(sysconfig.get_default_scheme())"
    answer = subprocess.run([targets()[impl], "-I", "-c", ask], capture_output=True, text=True, check=True)
    scheme = answer.stdout.strip()
    if scheme == "posix_prefix":
        return ran.root(impl)
    workdir = folder / f"{impl}-{scheme}"
    return multibuild("install", "--wheel", ran.wheel(impl), "--scheme", scheme, *impls(impl), workdir=workdir).root(
        impl
    )


@EVERY
def test_a_root_holds_the_wheel_and_bytecode_for_each_of_its_modules(run_of: Callable[[str], Ran], name: str) -> None:
    ran = run_of(name)
    for impl, entry in ran.impls.items():
        root = ran.root(impl)
        staged = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        with zipfile.ZipFile(ran.wheel(impl)) as archive:
            members = [member for member in archive.namelist() if ".data/" not in member and not member.endswith("/")]
        places = {path.rpartition(members[0])[0] for path in staged if path.endswith(members[0])}
        (library,) = (place for place in places if all(place + member in staged for member in members))
        uncompiled = {note.partition(":")[0].lstrip("/") for note in entry["not_compiled"]}
        for member in members:
            folder, _, file = (library + member).rpartition("/")
            if file.endswith(".py") and library + member not in uncompiled:
                compiled = [path for path in staged if path.startswith(f"{folder}/__pycache__/{file[:-3]}.")]
                assert len(compiled) == 2, member


@pytest.fixture(scope="module")
def needed(run_of: Callable[[str], Ran], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Ran]]:
    """Stage what must be importable beside a package, and return the runs that did."""
    folder = tmp_path_factory.mktemp("needed")

    def staged(name: str) -> list[Ran]:
        needs = PINS[name].get("needs", [])
        pinned = [need for need in needs if need not in PINS]
        runs = [run_of(need) for need in needs if need in PINS]
        if pinned:
            given = [argument for wheel in download(pinned, folder / name) for argument in ("--wheel", wheel)]
            runs.append(multibuild("install", *given, *impls(*admitted(name)), workdir=folder / f"{name}-work"))
        assert {ran.returncode for ran in runs} <= {0}
        return runs

    return staged


def download(requirements: list[str], folder: Path) -> list[Path]:
    """Fetch pure wheels that every Python takes, with the pip that runs the tests."""
    anything = ("--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", "3.10")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *anything]
    subprocess.run([*command, "-d", folder, *requirements], check=True, capture_output=True)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("name", [name for name, pin in PINS.items() if "imports" in pin])
def test_a_package_imports_from_its_root_under_each_interpreter(
    run_of: Callable[[str], Ran], needed: Callable[[str], list[Ran]], name: str
) -> None:
    runs = [run_of(name), *needed(name)]
    for impl in runs[0].impls.keys() - PINS[name].get("broken-on", []):
        modules = ", ".join(PINS[name]["imports"])
        import_from([ran.root(impl) for ran in runs], impl, f"import {modules}")
