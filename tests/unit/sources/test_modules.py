from __future__ import annotations

import os
from pathlib import Path

import pytest

from pep517_multi.sources.evidence import Evidence, Verdict
from pep517_multi.sources.modules import likely_modules
from pep517_multi.sources.tree import BuildSystem, SourceTree

LARGE = "#" * (300 << 10)


def guessed(folder: Path, *names: str, project: str | None = "sample", large: str = "") -> list[str]:
    """Return what is guessed of a tree with empty files of ``names``, and one large one."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LARGE if name == large else "", encoding="utf-8")
    tree = SourceTree(
        path=folder,
        given=folder,
        name=project,
        version="1.0",
        digest="sha256:0",
        build_system=BuildSystem("flit_core.buildapi", ()),
        evidence=Evidence(Verdict.UNKNOWN, ()),
    )
    found = list(likely_modules(tree))
    assert all(Path(module.path).is_file() and module.path.endswith(f"/{module.name}") for module in found)
    return [module.name for module in found]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(
            ["src/sample/__init__.py", "src/sample/inner/m.py", "src/sample/data.txt", "src/one.py"],
            ["sample/__init__.py", "sample/inner/m.py", "one.py"],
            id="src",
        ),
        pytest.param(
            ["other/__init__.py", "sample/__init__.py", "sample/m.py", "web/page.py"],
            ["sample/__init__.py", "sample/m.py", "other/__init__.py"],
            id="flat",
        ),
        pytest.param(["lib/sample/__init__.py"], ["sample/__init__.py"], id="lib"),
        pytest.param(["lib/__init__.py", "lib/m.py"], ["lib/__init__.py", "lib/m.py"], id="lib-is-the-package"),
        pytest.param(["another.py", "sample.py", "setup.py", "a-script.py"], ["sample.py", "another.py"], id="single"),
        pytest.param(
            ["tests/__init__.py", "docs/__init__.py", "sample/__init__.py", "sample/tests/test_it.py"],
            ["sample/__init__.py", "sample/tests/test_it.py"],
            id="what-is-seldom-installed",
        ),
        pytest.param(
            ["sample/__init__.py", "sample/__pycache__/m.py", "sample/.venv/m.py", "sample/.m.py", ".git/__init__.py"],
            ["sample/.m.py", "sample/__init__.py"],
            id="hidden-folders",
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_modules_are_found_where_projects_have_them_those_of_the_project_first(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    assert guessed(tmp_path, *names) == expected


@pytest.mark.parametrize("project", ["Sample.Project", None])
def test_the_project_is_known_by_any_spelling_of_its_name_or_that_of_its_folder(
    tmp_path: Path, project: str | None
) -> None:
    names = ["aaa/__init__.py", "sample_project/__init__.py"]

    assert guessed(tmp_path / "sample-project", *names, project=project) == names[::-1]


def test_a_project_that_is_called_like_what_is_seldom_installed_is_found(tmp_path: Path) -> None:
    assert guessed(tmp_path, "src/build/__init__.py", "src/docs/__init__.py", project="build") == ["build/__init__.py"]


def test_links_and_large_files_and_what_is_no_file_are_left_out(tmp_path: Path) -> None:
    package = tmp_path / "sample"
    package.mkdir()
    (package / "linked.py").symlink_to(__file__)
    (package / "loop").symlink_to(package)
    os.mkfifo(package / "pipe.py")

    found = guessed(tmp_path, "sample/__init__.py", "sample/large.py", "sample/small.py", large="sample/large.py")

    assert found == ["sample/__init__.py", "sample/small.py"]


def test_a_tree_that_changes_meanwhile_is_no_error(tmp_path: Path) -> None:
    names = [f"sample/{folder}/m.py" for folder in "abc"]
    for name in ("sample/__init__.py", *names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    tree = SourceTree(tmp_path, tmp_path, "sample", None, "", BuildSystem("x", ()), Evidence(Verdict.UNKNOWN, ()))
    modules = likely_modules(tree)

    assert next(modules).name == "sample/__init__.py"
    (tmp_path / "sample/b/m.py").unlink()
    (tmp_path / "sample/b").rmdir()

    assert [module.name for module in modules] == ["sample/a/m.py", "sample/c/m.py"]
