from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import MultibuildError
from pep517_multi.sources.copies import private_copy
from pep517_multi.sources.evidence import Evidence, Verdict
from pep517_multi.sources.tree import BuildSystem, SourceTree

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str = "content") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    path = tmp_path / "tree"
    write(path / "pyproject.toml")
    write(path / "pkg" / "__init__.py")
    return SourceTree(
        path=path,
        given=path,
        name=None,
        version=None,
        digest="sha256:0",
        build_system=BuildSystem("setuptools.build_meta", ("setuptools",)),
        evidence=Evidence(Verdict.UNKNOWN, ("a test",)),
    )


def names(path: Path) -> set[str]:
    return {found.relative_to(path).as_posix() for found in path.rglob("*") if not found.is_dir()}


def test_a_copy_has_all_that_a_build_may_need(tree: SourceTree, tmp_path: Path) -> None:
    write(tree.path / ".git" / "HEAD")
    write(tree.path / "build" / "own.txt")
    (tree.path / "link").symlink_to("pkg/__init__.py")

    private_copy(tree, tmp_path / "copy")

    assert names(tmp_path / "copy") == {
        ".git/HEAD", "build/own.txt", "link", "pkg/__init__.py", "pyproject.toml"
    }  # fmt: skip
    assert (tmp_path / "copy" / "link").readlink().as_posix() == "pkg/__init__.py"


def test_a_copy_has_nothing_that_earlier_work_left(tree: SourceTree, tmp_path: Path) -> None:
    write(tree.path / "build" / "lib" / "stale.py")
    write(tree.path / "build" / "lib.linux-x86_64-cpython-313" / "stale.so")
    write(tree.path / "pkg" / "__pycache__" / "x.pyc")
    write(tree.path / "env" / "pyvenv.cfg")

    private_copy(tree, tmp_path / "copy")

    assert names(tmp_path / "copy") == {"pkg/__init__.py", "pyproject.toml"}


def test_a_copy_may_be_made_inside_of_the_tree(tree: SourceTree) -> None:
    work = tree.path / ".multibuild"
    write(work / "report.json")

    private_copy(tree, work / "trees" / "python3.12", leave_out=[work])

    assert names(work / "trees" / "python3.12") == {"pkg/__init__.py", "pyproject.toml"}


def test_writing_to_the_copy_leaves_the_tree_alone_even_where_it_was_read_only(
    tree: SourceTree, tmp_path: Path
) -> None:
    (tree.path / "pyproject.toml").chmod(0o444)
    (tree.path / "pkg").chmod(0o555)

    private_copy(tree, tmp_path / "copy")
    (tmp_path / "copy" / "pyproject.toml").write_text("changed", encoding="utf-8")
    write(tmp_path / "copy" / "pkg" / "new.py")

    assert (tmp_path / "copy" / "pyproject.toml").stat().st_mode & 0o200
    assert (tree.path / "pyproject.toml").read_text(encoding="utf-8") == "content"
    assert not (tree.path / "pkg" / "new.py").exists()
    (tree.path / "pkg").chmod(0o755)


def test_a_link_out_of_the_tree_still_leads_to_the_same_place(tree: SourceTree, tmp_path: Path) -> None:
    write(tmp_path / "README.md", "outside")
    (tree.path / "README.md").symlink_to("../README.md")

    private_copy(tree, tmp_path / "deep" / "down" / "copy")

    assert (tmp_path / "deep" / "down" / "copy" / "README.md").read_text(encoding="utf-8") == "outside"


def test_the_repository_of_a_submodule_is_still_found(tree: SourceTree, tmp_path: Path) -> None:
    write(tmp_path / "modules" / "tree" / "HEAD")
    write(tree.path / ".git", "gitdir: ../modules/tree\n")

    private_copy(tree, tmp_path / "deep" / "down" / "copy")

    line = (tmp_path / "deep" / "down" / "copy" / ".git").read_text(encoding="utf-8")
    assert line == f"gitdir: {(tmp_path / 'modules' / 'tree').resolve()}\n"
    assert (tree.path / ".git").read_text(encoding="utf-8") == "gitdir: ../modules/tree\n"


def test_a_copy_that_fails_is_not_there(tree: SourceTree, tmp_path: Path) -> None:
    write(tmp_path / "file")

    with pytest.raises(MultibuildError, match="copy the source"):
        private_copy(tree, tmp_path / "file" / "copy")

    write(tmp_path / "taken" / "x")
    with pytest.raises(MultibuildError, match="copy the source"):
        private_copy(tree, tmp_path / "taken")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "taken", "tree"}


@pytest.mark.parametrize("name", ["lib.py", "temp.pyx", "bdist.rst", "scripts-3.txt", "lib.linux-x86_64", "lib"])
def test_a_file_is_never_taken_for_output_of_distutils(tree: SourceTree, tmp_path: Path, name: str) -> None:
    write(tree.path / "build" / name)
    private_copy(tree, tmp_path / "copy")
    assert (tmp_path / "copy" / "build" / name).is_file()


def test_a_folder_of_the_project_is_not_taken_for_output_of_distutils(tree: SourceTree, tmp_path: Path) -> None:
    write(tree.path / "build" / "lib.templates" / "a.html")
    private_copy(tree, tmp_path / "copy")
    assert (tmp_path / "copy" / "build" / "lib.templates" / "a.html").is_file()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_in_the_copy_of_an_added_work_tree_does_not_write_to_the_repository(
    tree: SourceTree, tmp_path: Path
) -> None:
    def git(folder: Path, *arguments: str) -> str:
        command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    write(main / "pyproject.toml")
    git(main, "add", "pyproject.toml")
    git(main, "commit", "-q", "-m", "one")
    git(main, "tag", "v1.0")
    git(main, "worktree", "add", "-q", str(tmp_path / "added"))
    index = main / ".git" / "worktrees" / "added" / "index"
    before = index.read_bytes()

    private_copy(replace(tree, path=tmp_path / "added"), tmp_path / "copy")
    os.utime(tmp_path / "copy" / "pyproject.toml", (1, 1))

    assert git(tmp_path / "copy", "describe", "--dirty", "--tags") == "v1.0\n"
    assert git(tmp_path / "copy", "rev-parse", "--show-toplevel") == f"{(tmp_path / 'copy').resolve()}\n"
    assert index.read_bytes() == before


def test_modes_in_a_copy_are_those_of_the_usual_umask(tree: SourceTree, tmp_path: Path) -> None:
    program = tree.path / "pkg" / "program"
    write(program)
    program.chmod(0o700)
    (tree.path / "pkg" / "__init__.py").chmod(0o660)
    (tree.path / "pkg").chmod(0o2770)

    private_copy(tree, tmp_path / "copy")

    copy = tmp_path / "copy" / "pkg"
    assert [oct(path.stat().st_mode & 0o7777) for path in (copy, copy / "program", copy / "__init__.py")] == [
        "0o755", "0o755", "0o644"
    ]  # fmt: skip
