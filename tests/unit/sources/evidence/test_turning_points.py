from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.buildsystem import read_build_system, read_pyproject
from pep517_multi.sources.evidence.project import Project
from pep517_multi.sources.evidence.turning_points import turning_points

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def found(tree: Path, files: Mapping[str, str]) -> set[int]:
    for name, text in {"setup.py": "", **files}.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pyproject = read_pyproject(tree)
    return {*turning_points(Project(tree, read_build_system(tree, pyproject), pyproject))}


@pytest.mark.parametrize(
    ("line", "minors"),
    [
        ("if sys.version_info[:2] == (3, 11):", {11, 12}),
        ("if sys.version_info[:2] in ((3, 10), (3, 12)):", {10, 11, 12, 13}),
        ("if '3.11' <= platform.python_version() < \"3.13\":", {11, 12, 13, 14}),
        ("if platform.python_version().startswith('3.11'):", {11, 12}),
        ("if sys.version_info[1] in (9, 12):", {9, 10, 12, 13}),
        ("if sys.version_info.minor >= 12:", {12, 13}),
        ("if 12 <= sys.version_info.minor:", {12, 13}),
        ("if sys.hexversion >= 0x030b0000:", {11, 12}),
        ("if sys.implementation.cache_tag == 'cpython-312':", {12, 13}),
        ("if requires == 'foo>=3.11; python_version < \"3.14\"':", {11, 12, 14}),
        ("'Programming Language :: Python :: 3.11',", set()),
        ("python_requires='>=3.11',", set()),
        ("py_limited_api='cp311'", set()),
        ("# only (3, 11)", set()),
        ("mark = '#' if sys.version_info[:2] == (3, 11) else ''", {11, 12}),
        ("setup(python_requires='>=3.9', packages=new if sys.version_info >= (3, 12) else old)", {12}),
        ("py_limited_api = sys.version_info[:2] != (3, 11)", {11, 12}),
        ("define_macros=[('Py_LIMITED_API', '0x030A0000')]", set()),
        ("version = '3.1.4'", set()),
        ("__version__ = '3.11'", set()),
        ("if sys.version_info >= (3, 11): pass", {11}),
        ("if sys.version_info < (3, 11) or PYPY: pass", {11}),
        ("if sys.version_info > (3, 11): pass", {11}),
        ("if sys.version_info[:2] > (3, 11): pass", {12}),
        ("if (3, 11) < sys.version_info[:2]: pass", {12}),
        ("if (3, 11) <= sys.version_info[:2] < (3, 13): pass", {11, 12, 13, 14}),
        ("if sys.version_info >= (3, 11, 4): pass", {11, 12}),
        ("VERSION = sys.version_info[:2]\nif VERSION >= (3, 11): pass", {11, 12}),
        ("if sys.version_info.minor in range(10, 12): pass", {10, 11, 12, 13}),
        ("minor = sys.version_info[1]\nif minor == 11: pass", {11, 12}),
        ("if '%d%d' % sys.version_info[:2] == '311': pass", {11, 12}),
        ("if 100 * sys.version_info[0] + sys.version_info[1] == 311: pass", {11, 12}),
        ("sources = {11: 'a.c'}.get(sys.version_info[1], 'b.c')", {11, 12}),
        ("if len(sys.version_info) == 11: pass", set()),
        ("try:\n    import tomllib, asyncore\nexcept ImportError:\n    pass", {11, 12}),
        ("find_spec('tomllib')", {11}),
        ("needed = 'tomli; python_version <= \"3.10\"'", {11}),
    ],
)
def test_versions_that_a_build_script_speaks_of_are_found(tmp_path: Path, line: str, minors: set[int]) -> None:
    assert found(tmp_path, {"setup.py": f"{line}\n"}) == minors


@pytest.mark.parametrize(
    ("files", "minors"),
    [
        pytest.param({"meson.build": "if py.language_version().version_compare('>=3.11')"}, {11}, id="meson"),
        pytest.param({"meson.build": "if version.version_compare('==3.11')"}, {11, 12}, id="meson-by-another-name"),
        pytest.param({"CMakeLists.txt": 'if("${Version}" STREQUAL "3.11")'}, {11, 12}, id="cmake-text"),
        pytest.param(
            {"meson.build": "project('a', meson_version: '>=1.3', version: '3.11')"}, set(), id="meson-itself"
        ),
        pytest.param({"CMakeLists.txt": "if(Python_VERSION VERSION_LESS 3.11)"}, {11}, id="cmake"),
        pytest.param({"CMakeLists.txt": "cmake_minimum_required(VERSION 3.15...3.26)"}, set(), id="cmake-itself"),
        pytest.param(
            {"pyproject.toml": '[build-system]\nrequires = ["a; python_version > \'3.12\'"]\nbuild-backend = "b"'},
            {13},
            id="marker-of-a-build-requirement",
        ),
        pytest.param(
            {"pyproject.toml": '[[tool.scikit-build.overrides]]\nif.python-version = ">=3.11"\nwheel.cmake = false'},
            {11, 12},
            id="override",
        ),
        pytest.param(
            {"setup.py": "import helper.versions", "helper/__init__.py": "", "helper/versions.py": "OLD = (3, 11)"},
            {11, 12},
            id="module-that-setup-py-imports",
        ),
        pytest.param(
            {
                "setup.py": "import a",
                "a/__init__.py": "from . import b",
                "a/b.py": "from .c import x",
                "a/c.py": "(3, 9)",
            },
            {9, 10},
            id="module-that-a-module-imports",
        ),
        pytest.param(
            {
                "pyproject.toml": "[tool.hatch.build.hooks.custom]\npath = 'tools/hook.py'",
                "tools/hook.py": "if sys.version_info > (3, 11): exec(open('tools/more.py').read())",
                "tools/more.py": "(3, 13)",
            },
            {11, 13, 14},
            id="hook-by-its-path",
        ),
        pytest.param(
            {"setup.py": "exec(open(os.path.join('tools', 'more.py')).read())", "tools/more.py": "(3, 9)"},
            {9, 10},
            id="joined-path",
        ),
        pytest.param(
            {"setup.py": "importlib.import_module('tools.more')", "tools/more.py": "(3, 9)"}, {9, 10}, id="by-its-name"
        ),
        pytest.param(
            {"setup.py": "json.load(open(HERE + '/tools/table.json'))", "tools/table.json": '{"3.11": 1}'},
            {11, 12},
            id="data",
        ),
        pytest.param({"setup.py": "sys.version_info", "a/_py311.py": ""}, {11, 12}, id="name-that-may-be-computed"),
        pytest.param({"setup.py": "", "a/_py311.py": ""}, set(), id="name-that-nobody-can-compute"),
        pytest.param(
            {
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]',
                "own.py": "import tests.used",
                "tests/used.py": "(3, 9)",
                "tests/test_own.py": "(3, 11)",
            },
            {9, 10},
            id="tests-beside-a-backend",
        ),
        pytest.param({"noxfile.py": "PYTHONS = ['3.11']"}, set(), id="what-runs-tests"),
        pytest.param({"setup.py": "", "src/a/b.py": "if sys.version_info > (3, 11): pass"}, set(), id="mere-content"),
        pytest.param(
            {
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["tools"]',
                "tools/own.py": "if sys.version_info > (3, 11): pass",
            },
            {11},
            id="backend-in-the-tree",
        ),
    ],
)
def test_whatever_may_run_in_the_build_is_searched(tmp_path: Path, files: dict[str, str], minors: set[int]) -> None:
    assert found(tmp_path, files) == minors


def test_setuptools_has_a_distutils_of_its_own_for_every_version(tmp_path: Path) -> None:
    setup_py = {"setup.py": "try:\n    import distutils.errors, asyncore\nexcept ImportError: pass\n"}
    requires = "[build-system]\nrequires = ['{}']\nbuild-backend = 'some.backend'\n"
    assert found(tmp_path, {"pyproject.toml": requires.format("setuptools>=70"), **setup_py}) == {12}
    without = {"setup.py": "import distutils.errors\n", "pyproject.toml": requires.format("setuptools>=70")}
    assert found(tmp_path, without) == set()
    assert found(tmp_path, {**without, "pyproject.toml": requires.format("some-backend")}) == {12}


@pytest.mark.parametrize(
    ("text", "minors"),
    [
        ('def f():\n    """For kernels < 3.14.\n\n    And 3.12."""\n', set()),
        ('"""For Python 3.12."""\nprint(__doc__)\n', {12, 13}),
        ('x = """For Python 3.12."""\n', {12, 13}),
        ('"a"; x = "3.12"\n', {12, 13}),
        ('if new:\n    "3.12"\nelse:\n    minimum = "3.11"\n', {11, 12}),
    ],
)
def test_a_docstring_that_nobody_reads_says_nothing_of_versions(tmp_path: Path, text: str, minors: set[int]) -> None:
    assert found(tmp_path, {"setup.py": text}) == minors
