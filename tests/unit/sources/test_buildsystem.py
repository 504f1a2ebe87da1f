from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_build_system, read_pyproject
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from pathlib import Path


def read(tree: Path, text: str) -> BuildSystem:
    (tree / "pyproject.toml").write_text(text, encoding="utf-8")
    return read_build_system(tree, read_pyproject(tree))


def test_a_full_table_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    text = """
        [build-system]
        requires = ["b >=1", "a; python_version < '3.11'"]
        build-backend = "package.module:object.attribute"
        backend-path = ["backend", "."]
    """

    assert read(tmp_path, text) == BuildSystem(
        backend="package.module:object.attribute",
        requires=("b >=1", "a; python_version < '3.11'"),
        backend_path=("backend", "."),
        declared=True,
    )


LEGACY = BuildSystem("setuptools.build_meta:__legacy__", ("setuptools>=40.8.0",), declared=False)


def test_a_setup_py_alone_means_setuptools_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()

    assert read_build_system(tmp_path, read_pyproject(tmp_path)) == LEGACY


def test_a_pyproject_without_the_table_means_setuptools_as_it_was(tmp_path: Path) -> None:
    assert read(tmp_path, "[tool.black]\nline-length = 100") == LEGACY


def test_requires_without_a_backend_keeps_the_requirements(tmp_path: Path) -> None:
    system = read(tmp_path, '[build-system]\nrequires = ["setuptools", "cython"]')

    assert system == BuildSystem(LEGACY.backend, ("setuptools", "cython"), declared=False)


def test_a_folder_without_either_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").touch()

    with pytest.raises(SourceError, match=r"neither a pyproject\.toml nor a setup\.py") as caught:
        read_build_system(tmp_path, read_pyproject(tmp_path))

    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("build-system = 1", "must be a table", id="no-table"),
        pytest.param("[build-system]", "lacks requires", id="no-requires"),
        pytest.param("[build_system]\nrequires = []", r"did you mean \[build-system\]", id="table-misspelt"),
        pytest.param("[build-system]\nrequire = []", "unknown key require; did you mean requires", id="misspelt"),
        pytest.param("[build-system]\nrequires = []\nx = 1", "unknown key x; it may hold", id="unknown-key"),
        pytest.param('[build-system]\nrequires = "flit"', "requires .* must be a list of strings", id="string"),
        pytest.param("[build-system]\nrequires = [1]", "requires .* must be a list of strings", id="number"),
        pytest.param('[build-system]\nrequires = ["a b"]', "requires 'a b'", id="no-requirement"),
        pytest.param("[build-system]\nrequires = []\nbuild-backend = 1", "build-backend", id="backend-number"),
        pytest.param('[build-system]\nrequires = []\nbuild-backend = "a-b"', "build-backend", id="backend-dash"),
        pytest.param('[build-system]\nrequires = []\nbackend-path = "."', "backend-path .* list", id="path-string"),
        pytest.param('[build-system]\nrequires = []\nbackend-path = [".."]', "leads out", id="path-parent"),
        pytest.param('[build-system]\nrequires = []\nbackend-path = ["/usr"]', "leads out", id="path-absolute"),
        pytest.param(
            '[build-system]\nrequires = []\nbackend-path = ["no"]', "'no', which is no folder", id="path-missing"
        ),
    ],
)
def test_a_wrong_table_is_told_in_one_sentence_naming_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read(tmp_path, text)

    assert str(tmp_path / "pyproject.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"pyproject\.toml.*line 2, column \d"):
        read(tmp_path, "[build-system]\nrequires = []]\n")


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"# \xff\n")

    with pytest.raises(SourceError, match="not UTF-8"):
        read_pyproject(tmp_path)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()

    with pytest.raises(SourceError, match=r"cannot read .*pyproject\.toml"):
        read_pyproject(tmp_path)
