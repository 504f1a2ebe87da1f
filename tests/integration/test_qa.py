"""QA over the sample trees: each hazard gets exactly its verdict, clean trees are identical."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import real_sdists
from command_line import COMMAND, cpython_targets, environment, impls, multibuild, pypy_targets, targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line import Ran
    from conftest import PackageCopy

pytestmark = pytest.mark.interpreters

PACKAGES = Path(__file__).parents[1] / "packages"
WITH_DIFFOSCOPE = shutil.which("diffoscope") is not None
NEEDS_INDEX = pytest.mark.network


def verdicts(ran: Ran) -> dict[str, str | None]:
    return {name: entry["qa"] and entry["qa"]["verdict"] for name, entry in ran.impls.items()}


def _version(impl: str) -> str:
    return re.sub(r"[^\d.]", "", impl)


def reusing(ran: Ran) -> list[str]:
    return [name for name, action in ran.actions.items() if action == "reused"]


def counting(ran: Ran, impl: str) -> list[dict[str, Any]]:
    """Return the findings that nothing explains."""
    return [one for one in ran.impls[impl]["qa"]["findings"] if one["rule"] is None and one["accepted"] is None]


def diff(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "diff", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Run the whole job on a sample tree with QA, the tags alone trusted; once for all tests that ask."""
    ran: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in ran:
            folder = tmp_path_factory.mktemp("qa")
            tree = Path(shutil.copytree(PACKAGES / name, folder / name, symlinks=True))
            options = ("--reuse", "tags", "--qa", "warn")
            ran[name] = multibuild(tree, *impls(), *options, workdir=folder / "work")
        return ran[name]

    return run


@pytest.mark.parametrize(
    ("name", "verdict", "findings"),
    [
        pytest.param("hazard-files", "differs", {("file", r"hazard_files/for_python_\d_\d+\.py")}, id="files"),
        pytest.param(
            "hazard-metadata", "differs", {("metadata", r"hazard_metadata-1\.0\.dist-info/METADATA")}, id="metadata"
        ),
        pytest.param(
            "hazard-entry-points",
            "differs",
            {
                ("entry-point", r"hazard_entry_points-1\.0\.dist-info/entry_points\.txt"),
                ("script", r"usr/bin/hazard-\d\.\d+"),
            },
            id="entry points",
        ),
        pytest.param("nondeterministic", "nondeterministic", {("text", r"nondeterministic/built\.py")}, id="clock"),
        pytest.param("hazard-set", "nondeterministic", {("text", r"hazard_set/names\.py")}, id="set"),
        pytest.param(
            "hazard-build-path", "nondeterministic", {("text", r"hazard_build_path/built\.py")}, id="build path"
        ),
        pytest.param(
            "hazard-shebang", "benign", {("script", r"hazard_shebang-1\.0\.data/scripts/hazard-shebang")}, id="shebang"
        ),
        pytest.param("intree-backend", "identical", set(), id="clean"),
        pytest.param("scripts-and-data", "identical", set(), id="clean with scripts and data"),
        pytest.param("pure-flit", "identical", set(), id="clean of flit", marks=NEEDS_INDEX),
        pytest.param("pure-setuptools-declarative", "identical", set(), id="clean of setuptools", marks=NEEDS_INDEX),
    ],
)
def test_each_hazard_gets_its_verdict_and_its_findings(
    examined: Callable[..., Ran], name: str, verdict: str, findings: set[tuple[str, str]]
) -> None:
    ran = examined(name)
    assert ran.returncode == 0, ran.stderr
    names = reusing(ran)
    # Two implementations of one version have the same in what is computed from the version; and PyPy may be too old for
    # the version of setuptools that the others build with.
    oldest = name.startswith("pure-setuptools") and pypy_targets()
    differing = [
        impl for impl in names if _version(impl) != _version(ran.built_by[impl]) and impl not in (oldest or ())
    ]
    assert differing
    assert {impl: verdicts(ran)[impl] for impl in differing} == dict.fromkeys(differing, verdict)
    assert {impl for impl, found in verdicts(ran).items() if found is None} == set(targets()) - set(names)
    rules = {"differs": {None}, "nondeterministic": {"second-build"}, "benign": {"shebang"}, "identical": set()}
    for impl in differing:
        found = {(one["kind"], one["file"]) for one in ran.impls[impl]["qa"]["findings"]}
        assert {one["rule"] for one in ran.impls[impl]["qa"]["findings"]} == rules[verdict]
        assert verdict != "identical" or set(ran.impls[impl]["qa"]["hidden"]) <= {
            "archive-times",
            "archive-order",
            "record",
        }
        assert all(any(kind == known and re.fullmatch(file, path) for known, path in found) for kind, file in findings)
        assert all(any(kind == known and re.fullmatch(file, path) for known, file in findings) for kind, path in found)


@pytest.mark.compiler
@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "verdicts_allowed"),
    [
        pytest.param("hazard-abi3", {"differs"}, id="another text in it"),
        pytest.param("extension-abi3", {"identical", "benign"}, id="the same source"),
    ],
)
def test_a_stable_abi_module_may_differ_by_its_headers_and_by_nothing_else(
    examined: Callable[..., Ran], name: str, verdicts_allowed: set[str]
) -> None:
    ran = examined(name)
    assert ran.returncode == 0, ran.stderr
    names = reusing(ran)
    assert names
    assert {verdicts(ran)[impl] for impl in names} <= verdicts_allowed
    for impl in names:
        assert bool(counting(ran, impl)) == ("differs" in verdicts_allowed)
        for finding in counting(ran, impl):
            assert finding["kind"] == "extension"
            assert finding["file"].startswith("hazard_abi3")
            assert any("built for Python 3." in line for line in finding["lines"])
            # Where diffoscope is installed, it looks at such modules without being asked.
            assert [(ran.workdir / path).is_file() for path in finding["details"]] == [True] * 2 * WITH_DIFFOSCOPE


def test_a_finding_says_what_differs_and_shows_the_first_lines(examined: Callable[..., Ran]) -> None:
    ran = examined("hazard-metadata")
    oldest, impl = cpython_targets()[0], cpython_targets()[-1]
    (finding,) = counting(ran, impl)
    assert re.fullmatch(
        rf"METADATA: Requires-Dist is 'packaging>=20\.\d+' in the wheel of {oldest}, "
        rf"'packaging>=20\.\d+' in a fresh build for {impl}",
        finding["message"],
    )
    assert [line[:1] for line in finding["lines"]] == ["-", "+", "@", "-", "+"]
    assert f"{impl}: warning: qa: {finding['message']}" in ran.stderr.splitlines()


def test_what_every_build_changes_is_named_with_the_rule_of_the_second_build(examined: Callable[..., Ran]) -> None:
    ran = examined("nondeterministic")
    assert not list((ran.workdir / "qa").rglob("source"))
    for impl in reusing(ran):
        (finding,) = ran.impls[impl]["qa"]["findings"]
        assert (finding["rule"], finding["file"]) == ("second-build", "nondeterministic/built.py")


def test_what_rules_hide_is_counted_and_can_be_shown(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("hazard-shebang"), tmp_path / "work"
    names = cpython_targets()[:2]
    ran = multibuild("build", tree, *impls(*names), "--reuse", "tags", workdir=work)
    assert ran.returncode == 0, ran.stderr
    usual = multibuild("qa", tree, *impls(*names), "--reuse", "tags", "--qa", "fail", workdir=work)
    assert usual.returncode == 0, usual.stderr
    assert usual.impls[names[1]]["qa"]["hidden"] == {"record": 1, "shebang": 1}
    options = ("--reuse", "tags", "--qa", "fail", "--qa-rules", "-shebang")
    strict = multibuild("qa", tree, *impls(*names), *options, workdir=work)
    assert strict.returncode == 4, strict.stderr
    assert verdicts(strict)[names[1]] == "differs"


def test_under_fail_a_difference_ends_with_exit_code_4_and_what_is_staged_stays(
    package: PackageCopy, tmp_path: Path
) -> None:
    names = cpython_targets()[:2]
    options = ("--reuse", "tags", "--qa", "fail")
    ran = multibuild(package("hazard-files"), *impls(*names), *options, workdir=tmp_path / "work")
    assert ran.returncode == 4
    assert verdicts(ran) == {names[0]: None, names[1]: "differs"}
    assert ran.root(names[1]).is_dir()


def test_a_fresh_build_that_fails_is_an_error_and_no_traceback(package: PackageCopy, tmp_path: Path) -> None:
    oldest, pypy = cpython_targets()[0], pypy_targets()[0]
    options = ("--reuse", "tags", "--qa", "warn")
    ran = multibuild(package("fails-build"), *impls(oldest, pypy), *options, workdir=tmp_path / "work")
    assert ran.returncode == 0
    assert verdicts(ran) == {oldest: None, pypy: "error"}
    assert "the backend sample_backend of" in ran.impls[pypy]["qa"]["error"]
    strict = multibuild(
        "qa",
        package("pure-flit").with_name("fails-build"),
        *impls(oldest, pypy),
        *options[:2],
        "--qa",
        "fail",
        workdir=tmp_path / "work",
    )
    assert strict.returncode == 4


def test_qa_of_an_earlier_build_phase_builds_nothing_else(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    multibuild("build", tree, *impls(), "--reuse", "tags", workdir=work)
    wheels = {path: path.read_bytes() for path in (work / "wheels").rglob("*") if path.is_file()}
    ran = multibuild("qa", tree, *impls(), "--reuse", "tags", workdir=work)
    assert ran.returncode == 0, ran.stderr
    assert {found for found in verdicts(ran).values() if found} == {"identical"}
    assert {path: path.read_bytes() for path in (work / "wheels").rglob("*") if path.is_file()} == wheels
    assert not list((work / "qa").rglob("*.whl"))
    assert not list((work / "qa").rglob("*root*"))


def test_qa_of_a_source_that_has_changed_since_says_so(package: PackageCopy, tmp_path: Path) -> None:
    tree, work = package("intree-backend"), tmp_path / "work"
    names = cpython_targets()[:2]
    multibuild("build", tree, *impls(*names), "--reuse", "tags", workdir=work)
    module = tree / "src" / "intree_backend" / "__init__.py"
    module.write_text(module.read_text() + "# changed\n")
    ran = multibuild("qa", tree, *impls(*names), "--reuse", "tags", "--qa", "fail", workdir=work)
    assert ran.returncode == 4
    assert "is not what its wheel was made from" in ran.impls[names[1]]["qa"]["error"]


def test_without_a_build_phase_there_is_nothing_to_compare(package: PackageCopy, tmp_path: Path) -> None:
    ran = multibuild("qa", package("intree-backend"), *impls(cpython_targets()[0]), workdir=tmp_path / "work")
    assert ran.returncode == 3
    assert "run the build phase first" in ran.errors[0]


@pytest.mark.parametrize(
    ("expires", "verdict", "code", "told"),
    [
        pytest.param("", "benign", 0, "", id="for ever"),
        pytest.param('expires = "2999-12-31"\n', "benign", 0, "", id="still"),
        pytest.param("expires = 2001-01-01\n", "differs", 4, "expired on 2001-01-01", id="expired"),
    ],
)
def test_what_the_recipe_accepts_passes_until_it_expires(
    package: PackageCopy, tmp_path: Path, expires: str, verdict: str, code: int, told: str
) -> None:
    names = cpython_targets()[:2]
    config = tmp_path / "multibuild.toml"
    config.write_text(
        'reuse = "tags"\n[qa]\nmode = "fail"\n'
        '[[qa.accept]]\npackage = "hazard.files"\nfile = "*/for_python_*.py"\nkind = "file"\n'
        f'reason = "looked at: nobody imports them"\n{expires}'
        '[[qa.accept]]\npackage = "hazard-files"\nkind = "abi3"\nreason = "long gone"\n'
    )
    ran = multibuild(package("hazard-files"), *impls(*names), "--config", config, workdir=tmp_path / "work")
    assert ran.returncode == code, ran.stderr
    assert verdicts(ran)[names[1]] == verdict
    assert told in ran.stderr
    unused = "qa.accept of package hazard-files kind abi3 (long gone) accepts nothing; remove it"
    assert unused in ran.stderr
    assert ran.report["remarks"][-1] == unused
    assert [remark for remark in ran.report["remarks"] if "expired" in remark and told in remark] == (
        ran.report["remarks"][:-1] if told else []
    )
    reasons = {one["accepted"] for one in ran.impls[names[1]]["qa"]["findings"]}
    assert reasons == ({None} if told else {"looked at: nobody imports them"})


@pytest.mark.network
def test_two_versions_of_a_backend_are_named_as_the_cause(package: PackageCopy, tmp_path: Path) -> None:
    tree, names = package("pure-setuptools-declarative"), cpython_targets()[:2]
    text = (tree / "pyproject.toml").read_text()
    version = names[0].removeprefix("python")
    pins = [
        f"'setuptools ==75.3.0; python_version==\"{version}\"'",
        f"'setuptools ==80.9.0; python_version!=\"{version}\"'",
    ]
    requires = f"requires = [{', '.join(pins)}]"
    (tree / "pyproject.toml").write_text(re.sub(r"requires = \[.*\]", requires, text, count=1))
    ran = multibuild(tree, *impls(*names), "--reuse", "tags", "--qa", "fail", workdir=tmp_path / "work")
    assert ran.returncode == 0, ran.stderr
    assert verdicts(ran)[names[1]] == "benign"
    by_rule = {one["rule"]: one["message"] for one in ran.impls[names[1]]["qa"]["findings"]}
    assert {"generator", "metadata-version"} <= set(by_rule)
    assert all("setuptools 75.3.0 and 80.9.0" in message for message in by_rule.values())


@pytest.fixture
def without_diffoscope(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose PATH has everything but diffoscope."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for tool in sorted(Path(place).glob("*")) if Path(place).is_dir() else ():
            if tool.name != "diffoscope":
                (folder / tool.name).unlink(missing_ok=True)
                (folder / tool.name).symlink_to(tool)
    return {"PATH": str(folder)}


def test_without_diffoscope_qa_goes_on_unless_it_is_asked_for(
    package: PackageCopy, tmp_path: Path, without_diffoscope: dict[str, str]
) -> None:
    names = cpython_targets()[:2]
    tree, options = package("hazard-files"), ["--reuse", "tags", "--qa", "warn"]
    ran = multibuild(tree, *impls(*names), *options, workdir=tmp_path / "usual", env=without_diffoscope)
    assert verdicts(ran)[names[1]] == "differs", ran.stderr
    asked = multibuild(
        tree, *impls(*names), *options, "--qa-tool", "diffoscope", workdir=tmp_path / "asked", env=without_diffoscope
    )
    assert asked.returncode == 2
    assert "there is no diffoscope" in asked.errors[0]
    assert not list((tmp_path / "asked").rglob("*.whl"))


@pytest.mark.skipif(not WITH_DIFFOSCOPE, reason="needs diffoscope (Debian: diffoscope-minimal)")
def test_on_request_diffoscope_tells_everything_at_length(package: PackageCopy, tmp_path: Path) -> None:
    names = cpython_targets()[:2]
    options = ("--reuse", "tags", "--qa", "warn", "--qa-tool", "diffoscope")
    page = ("--report-html", tmp_path / "work" / "page.html")
    ran = multibuild(package("hazard-metadata"), *impls(*names), *options, *page, workdir=tmp_path / "work")
    assert verdicts(ran)[names[1]] == "differs", ran.stderr
    (finding,) = counting(ran, names[1])
    text, html = (ran.workdir / path for path in finding["details"])
    links = re.findall(r'href="\./(qa/[^"]*)"', (ran.workdir / "page.html").read_text())
    assert [ran.workdir / link for link in links[:2]] == [text, html]
    assert "Requires-Dist: packaging" in text.read_text()
    assert "packaging" in html.read_text()


def test_two_installed_trees_of_different_implementations_are_compared(examined: Callable[..., Ran]) -> None:
    ran = examined("intree-backend")
    one, other = ran.root(cpython_targets()[0]), ran.root(pypy_targets()[0])
    done = diff(one, other, "--json", cwd=ran.workdir)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["verdict"], report["findings"]) == ("benign", [])
    assert set(report["hidden"]) == {"bytecode", "implementation-paths"}


def test_two_wheels_that_differ_are_shown_with_their_lines(package: PackageCopy, tmp_path: Path) -> None:
    names = cpython_targets()[:2]
    ran = multibuild("build", package("hazard-metadata"), *impls(*names), "--reuse", "never", workdir=tmp_path / "work")
    one, other = (ran.wheel(name) for name in names)
    done = diff(one, other, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (4, "")
    shown = done.stdout.splitlines()
    assert shown[0].startswith("metadata: METADATA: Requires-Dist is ")
    assert shown[-1] == "differs"
    assert diff(one, one, cwd=tmp_path).stdout == "identical\n"
    again = diff(one, other, "--json", "--html", tmp_path / "out" / "page.html", cwd=tmp_path)
    assert (again.returncode, json.loads(again.stdout)["verdict"]) == (4, "differs")
    page = (tmp_path / "out" / "page.html").read_text()
    assert "They would install something else." in page
    assert "<del>-packaging&gt;=20." in page
    assert "<ins>+packaging&gt;=20." in page
    refused = diff(one, tmp_path, cwd=tmp_path)
    assert refused.returncode == 2
    assert "are not of one kind" in refused.stderr


REAL = ["rich", "requests", "psutil"]


def of_one_origin() -> list[str]:
    """Name the CPythons that one distributor compiled: another's flags make other modules, which is no noise."""
    origins: dict[Path, list[str]] = {}
    for name in cpython_targets():
        path = targets()[name]
        folder = next((one for one in path.parents if one.name in {"versions", "interpreters"}), path.parent)
        origins.setdefault(folder, []).append(name)
    return max(origins.values(), key=len)


@pytest.mark.network
@pytest.mark.compiler
@pytest.mark.parametrize("name", REAL)
def test_real_packages_that_share_rightly_are_identical_or_benign(name: str, tmp_path: Path) -> None:
    names = of_one_origin() if name == "psutil" else cpython_targets()
    reusing = [names[-1], *(pypy_targets()[:1] if name == "rich" else ())]  # an old PyPy builds with an old backend
    ran = multibuild(real_sdists.fetch(name), *impls(names[0], *reusing), "--qa", "fail", workdir=tmp_path / "work")
    assert ran.returncode == 0, ran.stderr
    assert ran.actions == {names[0]: "built", **dict.fromkeys(reusing, "reused")}
    assert {verdicts(ran)[impl] for impl in reusing} <= {"identical", "benign"}
    left = {path.name for path in (ran.workdir / "qa").rglob("*")}
    assert not left & {"constraints.txt", "source", "fresh-root", "again"}


@pytest.mark.network
def test_a_real_package_with_other_modules_for_each_version_is_found_out(tmp_path: Path) -> None:
    names = cpython_targets()
    options = ("--reuse", "tags", "--ext", "no", "--qa", "fail")
    source = real_sdists.fetch("multiprocess")
    ran = multibuild(source, *impls(names[0], names[-1]), *options, workdir=tmp_path / "work")
    assert ran.returncode == 4, ran.stderr
    files = {one["file"] for one in counting(ran, names[-1])}
    assert any(path.startswith("multiprocess/") and path.endswith(".py") for path in files)
    with zipfile.ZipFile(ran.wheel(names[0])) as served:
        modules = set(served.namelist())
    assert files & modules
