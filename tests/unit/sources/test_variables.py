from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.variables import named_variables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("setup.py", "import os\nflag = os.environ['SPEED']"),
        ("setup.py", "from os import environ\nflag = environ.get( \"SPEED\", '')"),
        ("setup.py", "flag = os.getenv('SPEED')"),
        ("setup.py", "if 'SPEED' not in os.environ: pass"),
        ("backend/build.py", "os.environ.pop('SPEED')"),
        ("pyproject.toml", '[tool.hatch.version]\nsource = "env"\nvariable = "SPEED"'),
        ("cmake/options.cmake", "set(FLAG $ENV{SPEED})"),
        ("src/rust/build.rs", 'let flag = env!("SPEED");'),
    ],
)
def test_a_variable_that_a_build_file_looks_at_is_named(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    assert named_variables(tmp_path) == ("SPEED",)


def test_a_tree_without_any_names_none(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("setup(name='SPEED')")
    assert named_variables(tmp_path) == ()


def test_a_name_that_is_computed_may_be_any_text_that_looks_like_one(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("KEY = 'SPEED'\nfast = os.environ.get(KEY, 'no')\n")
    assert named_variables(tmp_path) == ("SPEED",)


def test_modules_of_a_backend_in_the_tree_count_however_deep_they_lie(tmp_path: Path) -> None:
    deep = tmp_path / "tools" / "backend" / "inner"
    deep.mkdir(parents=True)
    (deep / "settings.py").write_text("os.environ['SPEED']")
    assert named_variables(tmp_path) == ()
    assert named_variables(tmp_path, backend_path=("tools/backend",)) == ("SPEED",)
