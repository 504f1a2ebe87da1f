"""The eclass in two package managers, Portage and pkgcore: what they make of real ebuilds, without any network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import packaging_hosts as hosts
import portage_host
import pytest
import real_sdists
from portage_host import ebuild, has_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from distribution import Python
    from portage_host import Done, Gentoo

pytestmark = [pytest.mark.host_portage, pytest.mark.interpreters, pytest.mark.network]

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


def test_a_pure_package_is_built_once_and_its_script_runs_under_all(
    gentoo: Gentoo, pythons: Mapping[str, Python], build: Callable[..., Done]
) -> None:
    package = gentoo.add("pure-flit", ebuild("PEP517_MULTI_BACKEND=flit", TELL), hosts.SAMPLES / "pure-flit")

    done = build(package, "test", "install")

    assert done.returncode == 0, done.log
    assert gentoo.built_by(package) == [next(iter(gentoo.interpreters))] * 3
    image = gentoo.image(package)
    assert (image / "usr/bin/pure-flit").readlink() == Path("../lib/python-exec/python-exec2")
    for python in pythons.values():
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
    gentoo: Gentoo, pythons: Mapping[str, Python], build: Callable[..., Done]
) -> None:
    package = gentoo.add("pure-flit", ebuild("PEP517_MULTI_BACKEND=flit", PATCHED), hosts.SAMPLES / "pure-flit")

    done = build(package, "install")

    assert done.returncode == 0, done.log
    older, _, pypy = (python.impl for python in pythons.values())
    assert gentoo.built_by(package) == [older, older, pypy]
    code = "import pure_flit; print(pure_flit.greet('x'))"
    greeted = [hosts.imports(python, gentoo.image(package), code) for python in pythons.values()]
    assert greeted == ["Hello, x", "Hello, x", "Bonjour, x"]


def test_pytest_runs_on_what_was_built_and_can_fail(
    gentoo: Gentoo, pythons: Mapping[str, Python], tmp_path: Path
) -> None:
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
    assert f"pytest failed under {[*gentoo.interpreters][-1]}" in failed.log
    assert not has_files(gentoo.image(package))


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


def test_bindings_can_be_a_part_of_something_else(
    gentoo: Gentoo, pythons: Mapping[str, Python], tmp_path: Path
) -> None:
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
    greeted = [hosts.imports(python, gentoo.image(package), code) for python in pythons.values()]
    assert greeted == ["Hello, x", "Hello, x", "Bonjour, x"]


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["extension-abi3", "extension-c"])
def test_extension_modules_are_shared_for_the_stable_abi_only(
    gentoo: Gentoo, pythons: Mapping[str, Python], name: str
) -> None:
    before = "PEP517_MULTI_BACKEND=setuptools\nPEP517_MULTI_EXT=1"
    package = gentoo.add(name, ebuild(before), hosts.SAMPLES / name)

    done = gentoo.pkgcore(package, "test", "install")

    assert done.returncode == 0, done.log
    older, newer, pypy = (python.impl for python in pythons.values())
    assert gentoo.built_by(package) == [older, older if name == "extension-abi3" else newer, pypy]
    for python in pythons.values():
        hosts.imports(python, gentoo.image(package), f"import {name.replace('-', '_')}")


@pytest.mark.compiler
@pytest.mark.parametrize(("name", "before"), [("psutil", "PEP517_MULTI_EXT=1"), ("markupsafe", "")])
def test_a_binary_package_of_a_real_project_works_where_it_is_installed(
    gentoo: Gentoo, pythons: Mapping[str, Python], name: str, before: str
) -> None:
    source = hosts.real(name)
    after = f'S="${{WORKDIR}}/{source.name.removesuffix(".tar.gz")}"'
    package = gentoo.add(name, ebuild(f"PEP517_MULTI_BACKEND=setuptools\n{before}", after), source)

    # no test phase: what does not work with an old PyPy would fail there, rightly
    done = gentoo.portage(package, "clean", "install", "package")

    assert done.returncode == 0, done.log
    root = gentoo.unpack(package)
    for python in pythons.values():
        if python.impl not in real_sdists.pins()[name].get("broken-on", ()):
            assert hosts.imports(python, root, f"import {name}; print({name}.__file__)").startswith(str(root))
    older, newer, pypy = (python.impl for python in pythons.values())
    assert gentoo.built_by(package) == [older, newer if name == "markupsafe" else older, pypy]


@pytest.mark.parametrize("eapi", [8, 9])
def test_a_prefix_has_everything_below_it(gentoo: Gentoo, pythons: Mapping[str, Python], eapi: int) -> None:
    bash = portage_host.bash_for(eapi)
    if bash is None:
        pytest.skip(f"needs bash 5.3 (.ci/interpreters gets it; {portage_host.NEWER_BASH} names it)")
    text = ebuild("PEP517_MULTI_BACKEND=flit", SITEDIR).replace("EAPI=8", f"EAPI={eapi}")
    package = gentoo.add("pure-flit", text, hosts.SAMPLES / "pure-flit")

    done, installed = gentoo.merge_into_prefix(package, bash=bash)

    assert done.returncode == 0, done.log
    assert "QA Notice" not in done.log
    for python in pythons.values():
        script = f"usr/lib/python-exec/{python.impl}/pure-flit"
        assert (installed / script).read_text().startswith(f"#!{gentoo.top}/prefix/usr/bin/{python.impl}\n")
        assert hosts.run_script(python, installed, script) == "Hello, world"
        assert (installed / f"usr/lib/{python.impl}/site-packages/by-hand").is_file()
    contents = installed / f"var/db/pkg/dev-python/{package}/CONTENTS"
    assert f"{gentoo.top}/prefix/usr/bin/pure-flit -> ../lib/python-exec/python-exec2" in contents.read_text()


def test_the_ebuild_of_the_documentation_is_built_as_it_stands(
    gentoo: Gentoo, pythons: Mapping[str, Python], build: Callable[..., Done]
) -> None:
    text = hosts.recipe("gentoo.md", "markdown-3.9.ebuild")
    package = gentoo.add("markdown", text, hosts.markdown(), version="3.9")

    done = build(package, "test", "install")

    assert done.returncode == 0, done.log
    for python in pythons.values():
        script = f"usr/lib/python-exec/{python.impl}/markdown_py"
        assert hosts.run_script(python, gentoo.image(package), script, "--version").endswith("3.9")
    assert len(re.findall("^OK", done.log, re.MULTILINE)) == len(pythons)
    assert list(gentoo.image(package).glob("usr/share/doc/markdown-3.9/README.md*"))
