"""What the eclass tells a package manager, and what it tells people."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import packaging_hosts as hosts
import pytest
from portage_host import Gentoo

from pep517_multi.cli.integrations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgcore.ebuild.eclass import EclassDoc  # type: ignore[import-untyped]  # pkgcore has no types

pytestmark = pytest.mark.host_portage

ECLASS = FOLDER / "gentoo/eclass/pep517-multi.eclass"
EBUILD = """\
EAPI={eapi}
{before}
inherit pep517-multi
DESCRIPTION="A sample"
HOMEPAGE="https://example.org/"
LICENSE="MIT"
SLOT="0"
{after}
"""
COMPAT = "PYTHON_COMPAT=( python3_12 pypy3_11 python3_9 python3_14t python3_11 pypy3 python2_7 )"
ORDER = ["pypy3_11", "python3_14t", "python3_9", "python3_11", "python3_12"]


def targets(*impls: str, use: str = "python_targets_") -> str:
    return " ".join(f"{use}{impl}" for impl in impls)


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Return what Portage reads from an ebuild."""
    gentoo = Gentoo(tmp_path / "gentoo", {"python3.12": Path("/usr/bin/python3.12")})

    def read(before: str = COMPAT, after: str = "", *, eapi: int = 8) -> dict[str, str]:
        package = gentoo.add("sample", EBUILD.format(eapi=eapi, before=before, after=after))
        done = gentoo.portage(package, "clean")
        assert done.returncode == 0, done.log
        return gentoo.metadata(package)

    return read


def test_implementations_are_flags_in_the_order_of_gentoo_whatever_that_of_the_ebuild_is(
    told: Callable[..., dict[str, str]],
) -> None:
    metadata = told(f'{COMPAT}\nPYTHON_REQ_USE="sqlite"\nPEP517_MULTI_BACKEND=flit')

    flags = targets(*ORDER)
    usedep = ",".join(f"{flag}(-)?" for flag in flags.split())
    interpreters = (
        "python_targets_pypy3_11? ( dev-lang/pypy:3.11=[sqlite] ) "
        "python_targets_python3_14t? ( dev-lang/python:3.14t[sqlite] ) "
        "python_targets_python3_9? ( dev-lang/python:3.9[sqlite] ) "
        "python_targets_python3_11? ( dev-lang/python:3.11[sqlite] ) "
        "python_targets_python3_12? ( dev-lang/python:3.12[sqlite] ) "
        f">=dev-lang/python-exec-2:=[{usedep}]"
    )
    assert metadata["IUSE"] == flags
    assert metadata["REQUIRED_USE"] == f"|| ( {flags} )"
    assert metadata["RDEPEND"] == interpreters
    assert metadata["BDEPEND"] == f"{interpreters} dev-python/pep517-multi dev-python/flit-core[{usedep}]"
    assert "DEPEND" not in metadata
    assert metadata["DEFINED_PHASES"] == "compile configure install prepare test"


def test_extension_modules_need_the_interpreters_of_the_target(told: Callable[..., dict[str, str]]) -> None:
    metadata = told(f"{COMPAT}\nPEP517_MULTI_EXT=1")
    assert metadata["DEPEND"] == metadata["RDEPEND"]


def test_a_package_can_have_a_single_implementation(told: Callable[..., dict[str, str]]) -> None:
    before = "PYTHON_COMPAT=( python3_1{1,2} )\nPEP517_MULTI_SINGLE_IMPL=1\nPEP517_MULTI_BACKEND=flit"
    metadata = told(before, 'RDEPEND="dev-python/other[${PYTHON_SINGLE_USEDEP}]"')

    flags = targets("python3_11", "python3_12", use="python_single_target_")
    assert metadata["REQUIRED_USE"] == f"^^ ( {flags} )"
    usedep = "python_single_target_python3_11(-)?,python_single_target_python3_12(-)?"
    assert f"dev-python/other[{usedep}]" in metadata["RDEPEND"]
    for impl in ("python3_11", "python3_12"):
        wanted = f"python_single_target_{impl}? ( dev-python/flit-core[python_targets_{impl}(-)] )"
        assert wanted in metadata["BDEPEND"]


def test_optional_support_sets_nothing_but_the_flags(told: Callable[..., dict[str, str]]) -> None:
    after = 'IUSE="python"\nREQUIRED_USE="python? ( ${PYTHON_REQUIRED_USE} )"\nRDEPEND="python? ( ${PYTHON_DEPS} )"'
    metadata = told(f"{COMPAT}\nPEP517_MULTI_OPTIONAL=1", after)

    assert metadata["REQUIRED_USE"] == f"python? ( || ( {targets(*ORDER)} ) )"
    assert metadata["RDEPEND"].startswith("python? ( python_targets_pypy3_11? (")
    assert metadata["DEFINED_PHASES"] == "-"
    assert "BDEPEND" not in metadata


def test_a_dependency_can_be_for_some(told: Callable[..., dict[str, str]]) -> None:
    after = "RDEPEND=\"$(pep517-multi_gen_cond_dep 'dev-python/tomli[${PYTHON_USEDEP}]' 3.9 'pypy3*')\""
    metadata = told(after=after)

    wanted = [
        f"python_targets_{impl}? ( dev-python/tomli[python_targets_{impl}(-)] )" for impl in ("pypy3_11", "python3_9")
    ]
    assert " ".join(wanted) in metadata["RDEPEND"]
    assert metadata["RDEPEND"].count("tomli") == 2


def test_tests_bring_their_runner_and_what_the_package_needs(told: Callable[..., dict[str, str]]) -> None:
    metadata = told(after='RDEPEND="dev-python/other"\npep517-multi_enable_tests pytest')

    assert metadata["IUSE"].split()[-1] == "test" or "test" in metadata["IUSE"].split()
    assert metadata["RESTRICT"] == "!test? ( test )"
    assert re.search(r"test\? \( dev-python/other dev-python/pytest\[python_targets_pypy3_11", metadata["BDEPEND"])


def test_eapi_9_is_known(tmp_path: Path) -> None:
    stubs = "die() { echo died; exit 1; }; EXPORT_FUNCTIONS() { :; }"
    for eapi, status in (("7", 1), ("8", 0), ("9", 0)):
        script = f"{stubs}; EAPI={eapi} ECLASS=pep517-multi; {COMPAT}; source {ECLASS}"
        assert (
            subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False).returncode == status
        )


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param(
            "PYTHON_COMPAT=( python3.12 )", "PYTHON_COMPAT has 'python3.12', which is no implementation", id="name"
        ),
        pytest.param(
            "PYTHON_COMPAT=( pypy3 )", "PYTHON_COMPAT has no implementation that is still supported", id="old"
        ),
        pytest.param("", "PYTHON_COMPAT must be set, as an array", id="unset"),
        pytest.param(f"{COMPAT}; PEP517_MULTI_BACKEND=flot", "PEP517_MULTI_BACKEND is 'flot'", id="backend"),
    ],
)
def test_what_an_ebuild_got_wrong_is_one_sentence(tmp_path: Path, before: str, said: str) -> None:
    gentoo = Gentoo(tmp_path / "gentoo", {"python3.12": Path("/usr/bin/python3.12")})
    package = gentoo.add("sample", EBUILD.format(eapi=8, before=before, after=""))

    done = gentoo.portage(package, "clean")

    assert done.returncode != 0
    assert said in done.log


@pytest.mark.parametrize(
    ("makeopts", "options"),
    [
        ("-j5", "-j 5"),
        ("-j 5 -l8", "-j 5"),
        ("-l8 --jobs=3", "-j 3"),
        ("--jobs 12", "-j 12"),
        ("-j -l4", ""),
        ("--jobs", ""),
        ("-l4", "-j 1"),
        ("", "-j 1"),
        ("-j2 -j4", "-j 4"),
    ],
)
def test_makeopts_bound_the_work(makeopts: str, options: str) -> None:
    stubs = "EXPORT_FUNCTIONS() { :; }"
    script = f"{stubs}; EAPI=8; {COMPAT}; source {ECLASS}; MAKEOPTS='{makeopts}'; _pep517-multi_jobs; echo ${{jobs[*]}}"
    assert subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.strip() == options


def test_no_name_is_one_of_gentoos_multibuild_eclass() -> None:
    names = "compgen -A function; compgen -v"
    script = f"EXPORT_FUNCTIONS() {{ :; }}; EAPI=8; {COMPAT}; source {ECLASS}; {names}"
    known = subprocess.run(["bash", "-c", names], capture_output=True, text=True, check=True).stdout.split()
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()

    ours = set(found) - set(known) - {"EAPI", "PYTHON_COMPAT", "EXPORT_FUNCTIONS"}
    metadata = {"IUSE", "REQUIRED_USE", "RDEPEND", "BDEPEND", "PYTHON_DEPS", "PYTHON_USEDEP", "PYTHON_REQUIRED_USE"}
    assert metadata <= ours
    assert not [name for name in ours - metadata if not re.match(r"_?(pep517-multi_|PEP517_MULTI_)|BASH_|_$", name)]


@pytest.fixture(scope="module")
def doc() -> EclassDoc:
    from pkgcore.ebuild.eclass import EclassDoc

    return EclassDoc(str(ECLASS))


def test_every_function_and_variable_has_a_comment_that_gentoos_tools_read(doc: EclassDoc) -> None:
    text = ECLASS.read_text()
    assert set(re.findall(r"^([\w-]+)\(\) \{$", text, re.MULTILINE)) == doc.function_names
    variables = {variable.name for variable in doc.variables}
    assert set(re.findall(r"\b_?PEP517_MULTI_[A-Z_]+[A-Z]\b", text)) - {"_PEP517_MULTI_ECLASS"} <= variables


def test_the_how_to_has_every_variable_and_function(doc: EclassDoc) -> None:
    page = (hosts.DOCS / "gentoo.md").read_text()
    public = [thing.name for thing in (*doc.variables, *doc.functions) if not thing.internal]
    assert len(public) > 25
    assert not [name for name in public if f"`{name}`" not in page]
