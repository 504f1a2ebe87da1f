from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.asked import asks_nothing
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = {"flit-core": "3.12.0", "hatchling": "1.27.0", "poetry-core": "2.0.0", "setuptools": "80.0", "pbr": "7.0"}


def asks(
    tree: Path, files: dict[str, str], backend: str, *requires: str, installed: dict[str, str] = INSTALLED
) -> bool:
    for name, text in files.items():
        (tree / name).write_text(text, encoding="utf-8")
    return not asks_nothing(tree, BuildSystem(backend, requires), installed)


@pytest.mark.parametrize(
    ("backend", "requirement", "files"),
    [
        pytest.param("poetry.core.masonry.api", "poetry-core", {}, id="poetry-core"),
        pytest.param("hatchling.build", "hatchling", {"pyproject.toml": "[tool.hatch.build]\nx = 1\n"}, id="hatchling"),
        pytest.param("flit_core.buildapi", "flit_core", {"pyproject.toml": "[project]\nname = 'a'\n"}, id="flit"),
        pytest.param(
            "flit_core.buildapi",
            "flit_core",
            {"pyproject.toml": "[project]\nname = 'a'\ndynamic = ['version']\n"},
            id="flit-that-imports-what-needs-nothing",
        ),
        pytest.param("setuptools.build_meta", "setuptools", {}, id="setuptools"),
        pytest.param(
            "setuptools.build_meta",
            "setuptools",
            {"setup.py": "import os, more\nfrom setuptools import setup\nsetup()\n", "more.py": "import re\n"},
            id="setup-py-that-imports-its-own",
        ),
        pytest.param(
            "setuptools.build_meta",
            "setuptools",
            {"setup.py": "exec(open('version.py').read())\nimport version\n", "version.py": "import setup\n"},
            id="setup-py-that-runs-its-own",
        ),
    ],
)
def test_a_plain_project_leaves_nothing_to_ask(
    tmp_path: Path, backend: str, requirement: str, files: dict[str, str]
) -> None:
    assert not asks(tmp_path, files, backend, requirement)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"setup.cfg": "[options]\nsetup_requires = numpy\n"}, id="setup-cfg"),
        pytest.param({"setup.cfg": "[options]\nsetup-requires = numpy\n"}, id="setup-cfg-with-dashes"),
        pytest.param({"setup.py": "from setuptools import setup\nsetup(setup_requires=['x'])\n"}, id="setup-py"),
        pytest.param(
            {"setup.py": "import json\nsetup(**json.load(open('x')))\n", "x": '{"setup_requires": []}'},
            id="read-from-a-file",
        ),
        pytest.param({"setup.py": "exec(open('x').read())\n", "x": "setup(setup_requires=[])"}, id="exec"),
        pytest.param({"setup.py": "import numpy.distutils\n"}, id="foreign-module"),
        pytest.param({"setup.py": "import more\n", "more.py": "import pbr\n"}, id="foreign-module-of-its-own-module"),
        pytest.param({"setup.py": "import more\n", "more.py": "A = {'setup_requires': 'x'}\n"}, id="in-its-own-module"),
        pytest.param({"setup.py": "print 'Python 2'\n"}, id="no-python-3"),
        pytest.param({"setup.py": "# coding: utf-7\n"}, id="odd-encoding"),
    ],
)
def test_setuptools_is_asked_where_it_may_have_something_to_say(tmp_path: Path, files: dict[str, str]) -> None:
    assert asks(tmp_path, files, "setuptools.build_meta", "setuptools")


def test_a_setup_cfg_that_cannot_be_read_is_a_reason_to_ask(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").mkdir()

    assert asks(tmp_path, {}, "setuptools.build_meta", "setuptools")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"pyproject.toml": "[tool.hatch.build]\ndependencies = ['x']\n"}, id="dependencies"),
        pytest.param({"pyproject.toml": "[tool.hatch.build.targets.wheel.hooks.custom]\n"}, id="hook-of-the-wheel"),
        pytest.param({"hatch.toml": ""}, id="hatch-toml"),
        pytest.param({"pyproject.toml": "not toml"}, id="no-toml"),
    ],
)
def test_hatchling_is_asked_where_it_may_have_something_to_say(tmp_path: Path, files: dict[str, str]) -> None:
    assert asks(tmp_path, files, "hatchling.build", "hatchling")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[project]\ndynamic = ['version']\ndependencies = ['x']\n", id="needs-something"),
        pytest.param("[tool.flit.metadata]\nmodule = 'a'\n", id="old-table"),
    ],
)
def test_flit_is_asked_where_it_may_import_the_project(tmp_path: Path, text: str) -> None:
    assert asks(tmp_path, {"pyproject.toml": text}, "flit_core.buildapi", "flit_core")


def test_other_backends_plugins_and_versions_are_asked(tmp_path: Path) -> None:
    assert asks(tmp_path, {}, "scikit_build_core.build", "scikit-build-core")
    assert asks(tmp_path, {}, "setuptools.build_meta", "setuptools", "pbr")
    assert asks(tmp_path, {}, "setuptools.build_meta", "setuptools", installed={"setuptools": "70.0"})
    assert asks(tmp_path, {}, "setuptools.build_meta", "setuptools", installed={})


def test_a_backend_of_the_projects_own_is_asked(tmp_path: Path) -> None:
    system = BuildSystem("poetry.core.masonry.api", ("poetry-core",), backend_path=(".",))

    assert not asks_nothing(tmp_path, system, INSTALLED)
