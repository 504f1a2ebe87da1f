"""The whole job and its phases on the sample trees, run as a packager runs them, for several interpreters at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample_table
from command_line import (
    COMMAND,
    cpython_targets,
    environment,
    impls,
    import_from,
    multibuild,
    pypy_targets,
    snapshot,
    targets,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line import Ran
    from conftest import PackageCopy

PACKAGES = Path(__file__).parents[1] / "packages"
ONCE, ENDS, STABLE_ABI, EACH = "once", "ends", "once for all CPythons", "each"
BUILDS = {
    "pure-flit": ONCE,
    "pure-hatchling": ONCE,
    "pure-setuptools-declarative": ONCE,
    "pure-setuptools-setup-py": ONCE,
    "pure-poetry": ONCE,
    "pure-pdm": ONCE,
    "pure-uv": ONCE,
    "pure-scikit": ONCE,
    "pure-meson": ENDS,
    "legacy-setup-py": ONCE,
    "intree-backend": ENDS,
    "namespace-package": ONCE,
    "scripts-and-data": ENDS,
    "unicode-and-spaces": ENDS,
    "dirty-tree": ONCE,
    "nondeterministic": EACH,
    "extension-c": EACH,
    "extension-abi3": STABLE_ABI,
    "extension-abi3-leak": STABLE_ABI,
    "extension-abi3-some": EACH,
    "extension-optional": EACH,
    "extension-pypy-pure": EACH,
    "hazard-files": EACH,
    "hazard-metadata": EACH,
    "hazard-entry-points": EACH,
    "hazard-set": EACH,
    "hazard-build-path": EACH,
    "hazard-shebang": EACH,
    "hazard-abi3": STABLE_ABI,
    "lies-version-files": EACH,
    "lies-metadata": EACH,
    "lies-entry-points": ENDS,
    "lies-namespace": EACH,
    "lies-tag-so": EACH,
    "lies-abi3": EACH,
}
"""Who builds each sample tree where it can be built at all; nobody else may, and nobody else's wheel may be used."""

IN_TREE = {sample.name for sample in sample_table.samples() if sample.backend == "in-tree"}


def marked(names: dict[str, str]) -> list[object]:
    """Make a parameter of each name, with the marks of what it needs."""
    return [
        pytest.param(
            name,
            marks=[
                *([] if name in IN_TREE else [pytest.mark.network]),
                *([pytest.mark.compiler] if name.startswith("extension") else []),
            ],
        )
        for name in names
    ]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Run the whole job on a sample tree for every target, once however many tests ask; the tree stays as it was."""
    ran: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in ran:
            folder = tmp_path_factory.mktemp("main")
            tree = Path(shutil.copytree(PACKAGES / name, folder / name, symlinks=True))
            before = snapshot(tree)
            ran[name] = multibuild(tree, *impls(), workdir=folder / "work")
            assert snapshot(tree) == before
        return ran[name]

    return run


def builders(name: str) -> set[str]:
    cpythons = cpython_targets()
    return {
        ONCE: {cpythons[0]},
        ENDS: {cpythons[0], cpythons[-1], *pypy_targets()},
        STABLE_ABI: {cpythons[0], *pypy_targets()},
        EACH: set(targets()),
    }[BUILDS[name]]


def test_every_sample_tree_has_its_place_here_or_among_the_failures() -> None:
    failing = {
        "fails-build",
        "fails-requires",
        "broken-pyproject",
        "broken-build-system",
        "lies-name",
        "lies-answer",
        "lies-wheel-tags",
        "nasty-backend",
    }
    assert {sample.name for sample in sample_table.samples()} == BUILDS.keys() | failing | {"requires-python"}


@pytest.mark.interpreters
@pytest.mark.parametrize("name", marked(BUILDS))
def test_a_tree_is_built_by_those_who_must_and_nobody_uses_what_may_be_wrong(
    run_of: Callable[[str], Ran], name: str
) -> None:
    ran = run_of(name)
    assert ran.returncode == 0, ran.stderr
    assert ran.actions == {impl: "built" if impl in builders(name) else "reused" for impl in targets()}
    assert {ran.built_by[impl] for impl in targets() if impl not in builders(name)} <= {cpython_targets()[0]}
    assert all(entry["because"] for entry in ran.report["impls"])


@pytest.mark.interpreters
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(sorted(BUILDS.keys() & IN_TREE), id="in-tree"),
        pytest.param(sorted(BUILDS.keys() - IN_TREE), id="others", marks=[pytest.mark.network, pytest.mark.compiler]),
    ],
)
def test_what_was_staged_imports_under_its_own_interpreter(run_of: Callable[[str], Ran], names: list[str]) -> None:
    parts = {"lies-namespace": "lies_namespace.part", "namespace-package": "sample_namespace.part"}
    modules = [parts.get(name, name.replace("-", "_")) for name in names]
    files = "; ".join(f"import {module}; print({module}.__file__)" for module in modules)
    for impl in targets():
        roots = [run_of(name).root(impl) for name in names]
        for root, where in zip(roots, import_from(roots, impl, files).splitlines(), strict=True):
            assert where.startswith(str(root))


@pytest.mark.interpreters
def test_one_in_between_is_served_because_the_ends_built_the_same(run_of: Callable[[str], Ran]) -> None:
    ran = run_of("intree-backend")
    oldest, *between, newest = cpython_targets()
    reasons = [f"{oldest} and {newest} built the same, so whoever lies between them would too"]
    assert [ran.impls[impl]["because"][1:] for impl in between] == [reasons] * len(between)


@pytest.mark.interpreters
@pytest.mark.network
def test_a_wheel_that_differs_says_in_what(run_of: Callable[[str], Ran]) -> None:
    between = cpython_targets()[1:-1]
    for impl in between:
        told = " ".join(run_of("lies-metadata").impls[impl]["because"])
        assert re.search(r"built different wheels: METADATA: .* is in one of them only", told)


@pytest.mark.interpreters
@pytest.mark.network
def test_leftovers_of_earlier_builds_in_the_tree_do_not_reach_the_wheel(run_of: Callable[[str], Ran]) -> None:
    ran = run_of("dirty-tree")
    for impl in targets():
        assert not list(ran.root(impl).rglob("stale_module*"))


@pytest.mark.interpreters
def test_odd_file_names_are_staged_as_they_are(run_of: Callable[[str], Ran]) -> None:
    names = {path.name for path in (PACKAGES / "unicode-and-spaces" / "src").rglob("*") if path.is_file()}
    ran = run_of("unicode-and-spaces")
    for impl in targets():
        assert names <= {path.name for path in ran.root(impl).rglob("*")}


@pytest.mark.interpreters
@pytest.mark.compiler
@pytest.mark.network
def test_an_extension_that_may_be_missing_is_not_taken_for_the_rule(tmp_path: Path) -> None:
    oldest, newest = cpython_targets()[0], cpython_targets()[-1]
    source, wanted = PACKAGES / "extension-optional", impls(oldest, newest)
    ran = multibuild(source, *wanted, workdir=tmp_path / "work", env={"CC": "false"})
    assert ran.returncode == 0, ran.stderr
    assert set(ran.actions.values()) == {"built"}
    assert len(re.findall("warning: .* holds no extension module", ran.stderr)) == 2
    insisting = multibuild(source, *wanted, "--ext", "yes", workdir=tmp_path / "insisting", env={"CC": "false"})
    assert insisting.returncode == 1
    assert set(insisting.actions.values()) == {"failed"}
    healed = multibuild(source, *wanted, workdir=tmp_path / "work", env={"CC": shutil.which("cc") or ""})
    assert {bool(list(healed.root(impl).rglob("*.so"))) for impl in (oldest, newest)} == {True}


@pytest.mark.interpreters
@pytest.mark.network
def test_implementations_that_the_project_excludes_are_skipped_unless_they_were_named(
    package: PackageCopy, tmp_path: Path
) -> None:
    tree = package("requires-python")
    newest, pypy = cpython_targets()[-1], pypy_targets()[0]
    text = (tree / "pyproject.toml").read_text()
    (tree / "pyproject.toml").write_text(text.replace(">=3.11", f">={newest.removeprefix('python')}"))
    named = multibuild(tree, *impls(newest, pypy), workdir=tmp_path / "named")
    assert named.returncode == 1
    assert named.actions == {newest: "built", pypy: "failed"}
    assert named.impls[pypy]["error"].startswith("the project requires Python >=")
    assert named.root(newest).is_dir()


@pytest.fixture(scope="module")
def scripts(run_of: Callable[[str], Ran]) -> Ran:
    return run_of("scripts-and-data")


@pytest.mark.interpreters
def test_scripts_run_under_their_own_interpreter(scripts: Ran) -> None:
    for impl in targets():
        root = scripts.root(impl)
        first = (root / "usr" / "bin" / "scripts-and-data").read_text().splitlines()[0]
        assert first == f"#!/usr/bin/{impl}"
        assert os.access(root / "usr" / "bin" / "greet-python", os.X_OK)
        assert (root / "usr" / "share" / "man" / "man1" / "scripts-and-data.1").is_file()


@pytest.mark.interpreters
def test_ready_wheels_are_installed_without_source_or_earlier_work(scripts: Ran, tmp_path: Path) -> None:
    impl = cpython_targets()[-1]
    ran = multibuild("install", "--wheel", scripts.wheel(impl), *impls(), workdir=tmp_path / "work")
    assert ran.returncode == 0, ran.stderr
    assert set(ran.actions.values()) == {"reused"}
    assert snapshot(ran.root(impl)) == snapshot(scripts.root(impl))


@pytest.mark.interpreters
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(["--prefix", "/opt/x"], {"opt/x/bin/greet-shell", "opt/x/lib/{impl}/site-packages"}, id="prefix"),
        pytest.param(["--scheme", "posix_home"], {"usr/lib/python/scripts_and_data"}, id="scheme"),
    ],
)
def test_the_layout_is_as_asked_for(scripts: Ran, tmp_path: Path, options: list[str], expected: set[str]) -> None:
    impl = cpython_targets()[0]
    wheel = scripts.wheel(impl)
    ran = multibuild("install", "--wheel", wheel, *impls(impl), *options, workdir=tmp_path / "work")
    for path in expected:
        assert (ran.root(impl) / path.format(impl=impl)).exists()
    assert [path.name for path in ran.root(impl).iterdir()] == [
        options[1].split("/")[1] if "/" in options[1] else "usr"
    ]


@pytest.mark.interpreters
def test_the_shebang_is_as_asked_for(scripts: Ran, tmp_path: Path) -> None:
    impl = cpython_targets()[0]
    options = ["--shebang", "{prefix}/lib/exec/{impl}"]
    ran = multibuild("install", "--wheel", scripts.wheel(impl), *impls(impl), *options, workdir=tmp_path / "work")
    for script in ("scripts-and-data", "greet-python"):
        text = (ran.root(impl) / "usr" / "bin" / script).read_text()
        assert text.splitlines()[0] == f"#!/usr/lib/exec/{impl}"
    assert (ran.root(impl) / "usr" / "bin" / "greet-shell").read_text().startswith("#!/bin/sh")


@pytest.mark.interpreters
@pytest.mark.parametrize(
    ("levels", "endings"),
    [
        pytest.param("none", set(), id="none"),
        pytest.param("0", {""}, id="0"),
        pytest.param("1", {".opt-1"}, id="1"),
        pytest.param("0,1,2", {"", ".opt-1", ".opt-2"}, id="all"),
    ],
)
def test_bytecode_is_compiled_for_the_levels_asked_for(
    scripts: Ran, tmp_path: Path, levels: str, endings: set[str]
) -> None:
    wheel = scripts.wheel(cpython_targets()[0])
    ran = multibuild("install", "--wheel", wheel, *impls(), "--compile", levels, workdir=tmp_path / "work")
    for impl in targets():
        made = {re.sub(r"^__init__\.[a-z]+-?\d+", "", path.name) for path in ran.root(impl).rglob("*.pyc")}
        assert made == {f"{ending}.pyc" for ending in endings}


@pytest.mark.interpreters
def test_roots_go_where_they_were_asked_for(package: PackageCopy) -> None:
    tree, impl = package("intree-backend"), cpython_targets()[0]
    before = snapshot(tree)
    inside = tree / "roots"
    ran = multibuild(".", *impls(impl), "--roots", "roots", cwd=tree, workdir=tree / ".multibuild")
    assert ran.root(impl) == inside / impl
    again = multibuild(".", *impls(impl), "--roots", "roots", cwd=tree, workdir=tree / ".multibuild")
    assert again.report["source"]["digest"] == ran.report["source"]["digest"]
    shutil.rmtree(inside)
    shutil.rmtree(tree / ".multibuild")
    after = snapshot(tree)
    assert {path: after[path] for path in after if path != "."} == {
        path: before[path] for path in before if path != "."
    }


@pytest.mark.interpreters
def test_how_much_is_done_at_the_same_time_makes_no_difference(package: PackageCopy, tmp_path: Path) -> None:
    tree = package("scripts-and-data")
    runs = [multibuild(tree, *impls(), "-j", jobs, workdir=tmp_path / f"jobs{jobs}") for jobs in ("1", "4")]
    assert runs[0].actions == runs[1].actions
    assert snapshot(tmp_path / "jobs1" / "roots", times=False) == snapshot(tmp_path / "jobs4" / "roots", times=False)
    one, four = ({path.name: path.read_bytes() for path in ran.workdir.rglob("*.whl")} for ran in runs)
    assert one == four
    assert snapshot(runs[0].root(cpython_targets()[0])) == snapshot(runs[1].root(cpython_targets()[0]))


@pytest.mark.interpreters
def test_phases_are_processes_of_their_own_and_change_nothing_the_second_time(
    package: PackageCopy, tmp_path: Path
) -> None:
    tree, work = package("scripts-and-data"), tmp_path / "work"
    built = multibuild("build", tree, *impls(), workdir=work)
    assert built.returncode == 0, built.stderr
    assert all(entry["root"] is None for entry in built.report["impls"])
    wheels = snapshot(work / "wheels")
    again = multibuild("build", tree, *impls(), workdir=work)
    assert again.actions == built.actions
    assert snapshot(work / "wheels") == wheels

    shutil.rmtree(tree)  # a host may have gone on to another directory by now
    tree.mkdir()
    installed = multibuild("install", tree, *impls(), workdir=work)
    assert installed.returncode == 0, installed.stderr
    assert installed.actions == built.actions
    assert installed.report["source"]["name"] == "scripts-and-data"
    roots = {impl: snapshot(work / "roots" / impl) for impl in targets()}
    multibuild("install", tree, *impls(), workdir=work)
    assert {impl: snapshot(work / "roots" / impl) for impl in targets()} == roots
    assert snapshot(work / "wheels") == wheels


@pytest.mark.interpreters
def test_phases_for_one_implementation_at_a_time_share_what_is_known_to_be_right(
    package: PackageCopy, tmp_path: Path
) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    oldest, *between, newest = cpython_targets()
    actions = {impl: multibuild("build", tree, *impls(impl), workdir=work).actions[impl] for impl in (oldest, newest)}
    assert actions == {oldest: "built", newest: "built"}
    for impl in between:
        assert multibuild("build", tree, *impls(impl), workdir=work).actions == {impl: "reused"}
    staged = multibuild("install", tree, *impls(*cpython_targets()), workdir=work)
    assert staged.returncode == 0, staged.stderr
    assert set(staged.impls) == set(cpython_targets())


@pytest.mark.interpreters
@pytest.mark.network
def test_phases_for_one_implementation_at_a_time_build_a_pure_package_once(
    package: PackageCopy, tmp_path: Path
) -> None:
    tree, work = package("pure-flit"), tmp_path / "work"
    actions = {impl: multibuild("build", tree, *impls(impl), workdir=work).actions[impl] for impl in targets()}
    assert actions == {impl: "built" if impl == cpython_targets()[0] else "reused" for impl in targets()}


def test_settings_come_from_every_layer_and_the_stronger_one_wins(package: PackageCopy, tmp_path: Path) -> None:
    tree, impl = package("intree-backend"), next(iter(targets()))
    site = tmp_path / "etc" / "pep517-multi"
    site.mkdir(parents=True)
    config = tmp_path / "config.toml"
    pyproject = tree / "pyproject.toml"
    env: dict[str, str] = {}
    options: list[str] = []

    def prefix() -> str:
        ran = multibuild(tree, *impls(impl), *options, workdir=tmp_path / "work", env=env)
        assert ran.returncode == 0, ran.stderr
        return next(ran.root(impl).iterdir()).name

    assert prefix() == "usr"
    (site / "multibuild.toml").write_text('prefix = "/site"\n')
    env["XDG_CONFIG_DIRS"] = f"{tmp_path / 'etc'}:{os.environ.get('XDG_CONFIG_DIRS', '/etc/xdg')}"
    assert prefix() == "site"
    pyproject.write_text(pyproject.read_text() + '\n[tool.multibuild]\nprefix = "/project"\n')
    assert prefix() == "project"
    config.write_text('prefix = "/config"\n')
    options += ["--config", str(config)]
    assert prefix() == "config"
    env["PEP517_MULTI_PREFIX"] = "/environment"
    assert prefix() == "environment"
    options += ["--prefix", "/command-line"]
    assert prefix() == "command-line"


def test_the_report_goes_where_it_was_asked_for_too(package: PackageCopy, tmp_path: Path) -> None:
    report = tmp_path / "elsewhere" / "report.json"
    name = next(iter(targets()))
    ran = multibuild(package("intree-backend"), *impls(name), "--report", report, workdir=tmp_path / "work")
    assert json.loads(report.read_text()) == ran.report


def test_quiet_says_nothing_where_nothing_went_wrong(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild(package("intree-backend"), *impls(next(iter(targets()))), "-q", workdir=tmp_path / "work")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_verbose_says_why(package: PackageCopy, tmp_path: Path) -> None:
    name = next(iter(targets()))
    ran = multibuild(package("intree-backend"), *impls(name), "-v", workdir=tmp_path / "work")
    for reason in ran.impls[name]["because"]:
        assert f"because {reason}" in ran.stderr


def test_clean_leaves_nothing_and_spares_what_is_not_its_own(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    multibuild(tree, *impls(next(iter(targets()))), workdir=work)
    (work / "notes.txt").write_text("mine")
    assert multibuild("clean", tree, workdir=work).returncode == 0
    assert [path.name for path in work.iterdir()] == ["notes.txt"]
    refused = multibuild("clean", tree, workdir=work)
    assert refused.returncode == 2
    assert refused.errors == [f"{work} is no work directory of multibuild; nothing was removed"]
    (work / "notes.txt").unlink()
    work.rmdir()
    assert multibuild("clean", tree, workdir=work).returncode == 0


def test_interpreters_are_listed_for_people_and_for_programs() -> None:
    chosen = [str(path) for path in targets().values()]
    plain = subprocess.run(
        [*COMMAND, "impls", "--impls", *chosen], env=environment(), capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in plain.stdout.splitlines()]
    assert [row[0] for row in rows] == list(targets())
    listed = subprocess.run(
        [*COMMAND, "impls", "--json", "--impls", *chosen], env=environment(), capture_output=True, text=True, check=True
    )
    found = json.loads(listed.stdout)["impls"]
    assert {entry["impl"]: entry["picked"] for entry in found} == dict.fromkeys(targets(), True)
    assert [[entry["impl"], entry["version"], entry["executable"]] for entry in found] == [row[:3] for row in rows]
