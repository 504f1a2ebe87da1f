"""A package under flit_core whose version stands in another module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.buildsystem import read_build_system, read_pyproject
from pep517_multi.sources.evidence import Verdict, judge

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "pkg"
description = "A package"
dynamic = ["version"]
"""


def verdict(tree: Path, package: str, version: str) -> Verdict:
    (tree / "pkg").mkdir()
    (tree / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tree / "pkg" / "__init__.py").write_text(package, encoding="utf-8")
    (tree / "pkg" / "data.py").write_text(version, encoding="utf-8")
    (tree / "pkg" / "core.py").write_text("def run():\n    open('pkg/new.py', 'w').close()\n", encoding="utf-8")
    return judge(tree, read_build_system(tree, read_pyproject(tree)), read_pyproject(tree)).verdict


def test_a_version_taken_over_from_a_module_that_states_it_is_the_same_for_all(tmp_path: Path) -> None:
    package = "from .core import run\nfrom .data import __version__\n"
    assert verdict(tmp_path, package, '__version__ = "1.0"\n') is Verdict.INDEPENDENT


@pytest.mark.parametrize(
    ("package", "version"),
    [
        pytest.param(
            "from .data import __version__", "import sys\n__version__ = str(sys.version_info[1])", id="computed"
        ),
        pytest.param(
            "from .data import __version__",
            '__version__ = "1"\nif len(str()):\n    __version__ = "2"',
            id="stated-twice",
        ),
        pytest.param(
            "from .data import __version__\nfrom .data import *", '__version__ = "1"', id="star-may-replace-it"
        ),
        pytest.param("from .data import __version__\n__version__ += '.1'", '__version__ = "1"', id="changed-after"),
        pytest.param("from .data import other as __version__", '__version__ = "1"', id="another-name"),
        pytest.param("from .gone import __version__", '__version__ = "1"', id="no-such-module"),
        pytest.param(
            "from .core import run\nrun()\nfrom .data import __version__", '__version__ = "1"', id="writes-files"
        ),
        pytest.param("from data import __version__", '__version__ = "1"', id="not-its-own"),
    ],
)
def test_what_may_not_be_the_same_is_unknown(tmp_path: Path, package: str, version: str) -> None:
    assert verdict(tmp_path, package, version) is Verdict.UNKNOWN
