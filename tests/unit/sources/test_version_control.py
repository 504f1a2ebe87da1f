from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.version_control import git_folder, state

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "1234567890123456789012345678901234567890"
OTHER = "2234567890123456789012345678901234567890"


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    git = tmp_path / "tree" / ".git"
    write(git / "HEAD", "ref: refs/heads/main\n")
    write(git / "refs" / "heads" / "main", f"{COMMIT}\n")
    write(git / "refs" / "tags" / "v1.0", f"{COMMIT}\n")
    return tmp_path / "tree"


def test_without_a_repository_there_is_no_state(tmp_path: Path) -> None:
    assert state(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("refs/heads/main", OTHER, id="new-commit"),
        pytest.param("HEAD", OTHER, id="detached"),
        pytest.param("refs/tags/v2.0", COMMIT, id="new-tag"),
        pytest.param("shallow", COMMIT, id="shallow"),
    ],
)
def test_what_git_describe_would_notice_changes_the_state(tree: Path, name: str, content: str) -> None:
    before = state(tree)
    write(tree / ".git" / name, content)

    assert state(tree) != before


@pytest.mark.parametrize("name", ["index", "refs/heads/other", "refs/remotes/origin/main", "logs/HEAD", "FETCH_HEAD"])
def test_what_it_would_not_notice_does_not(tree: Path, name: str) -> None:
    before = state(tree)
    write(tree / ".git" / name, OTHER)

    assert state(tree) == before


def test_packing_the_references_changes_nothing(tree: Path) -> None:
    before = state(tree)
    packed = f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n{COMMIT} refs/tags/v1.0\n^{OTHER}\n"
    write(tree / ".git" / "packed-refs", packed)
    shutil.rmtree(tree / ".git" / "refs")

    assert state(tree) == before


def test_a_loose_reference_comes_before_a_packed_one(tree: Path) -> None:
    before = state(tree)
    write(tree / ".git" / "packed-refs", f"{OTHER} refs/heads/main\n{OTHER} refs/tags/v1.0\n")

    assert state(tree) == before


def test_an_added_work_tree_has_the_tags_of_the_common_repository(tree: Path, tmp_path: Path) -> None:
    administration = tree / ".git" / "worktrees" / "other"
    write(administration / "HEAD", "ref: refs/heads/main\n")
    write(administration / "commondir", "../..\n")
    write(tmp_path / "other" / ".git", f"gitdir: {administration}\n")

    assert git_folder(tmp_path / "other") == administration
    assert state(tmp_path / "other") == state(tree)


def test_a_damaged_repository_is_left_to_version_plugins_to_complain_about(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert state(tmp_path) == {}


@pytest.mark.parametrize("version_2", [False, True], ids=["dirstate-v1", "dirstate-v2"])
def test_of_mercurial_the_parents_count_and_the_times_of_files_do_not(tmp_path: Path, *, version_2: bool) -> None:
    def dirstate(parent: bytes, times: bytes) -> bytes:
        return b"dirstate-v2\n" + parent * 64 + times if version_2 else parent * 40 + times

    (tmp_path / ".hg").mkdir()
    states = []
    for content in (dirstate(b"a", b"1" * 50), dirstate(b"a", b"2" * 50), dirstate(b"b", b"1" * 50)):
        (tmp_path / ".hg" / "dirstate").write_bytes(content)
        states.append(state(tmp_path))
    write(tmp_path / ".hg" / "branch", "stable")

    assert states[0] == states[1] != states[2]
    assert state(tmp_path) != states[2]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_repository_of_git_itself_is_read_like_git_reads_it(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("tag", "v1.0")
    loose = state(tmp_path)
    git("pack-refs", "--all")

    assert loose["git commit"].decode() == git("rev-parse", "HEAD")
    assert loose["git refs/tags/v1.0"].decode() == git("rev-parse", "v1.0")
    assert state(tmp_path) == loose


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("version", ["2", "4"])
def test_what_is_added_to_the_index_counts_and_when_files_were_touched_does_not(tmp_path: Path, version: str) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init", "-q")
    for name in ("module.py", "module_two.py", "a" * 200, "new.py"):
        write(tmp_path / name, "x = 1\n")
    git("add", "module.py", "module_two.py", "a" * 200)
    git("update-index", "--index-version", version)
    before = state(tmp_path)["git index"]

    os.utime(tmp_path / "module.py", (1, 1))
    git("update-index", "--refresh")
    assert state(tmp_path)["git index"] == before

    git("add", "--intent-to-add", "new.py")
    added = state(tmp_path)["git index"]
    git("add", "new.py")
    assert len({before, added, state(tmp_path)["git index"]}) == 3


@pytest.mark.parametrize("index", [b"", b"DIRC", b"DIRC\0\0\0\2\0\0\0\1", b"XXXX\0\0\0\2\0\0\0\0"])
def test_an_index_that_cannot_be_read_counts_as_it_is(tree: Path, index: bytes) -> None:
    write(tree / ".git" / "config", "")
    (tree / ".git" / "index").write_bytes(index)
    before = state(tree)["git index"]
    (tree / ".git" / "index").write_bytes(index + b"more")
    assert state(tree)["git index"] != before
