from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pep517_multi.files import (
    FileError,
    copy_file,
    copy_tree,
    explained,
    remove_tree,
    replace_tree,
    sha256,
    write_whole,
)


@pytest.mark.parametrize("size", [0, 1, (3 << 20) + 7])
def test_a_copy_of_a_file_has_its_bytes_mode_and_time(tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    source.chmod(0o755)
    os.utime(source, (1_000_000_000, 1_000_000_000))

    copy_file(source, tmp_path / "copy")

    assert sha256(tmp_path / "copy") == hashlib.sha256(source.read_bytes()).hexdigest()
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o755
    assert (tmp_path / "copy").stat().st_mtime == 1_000_000_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_copy_of_a_file_that_says_it_is_empty_is_whole(tmp_path: Path) -> None:
    # Files of this kind have a size of zero, and the kernel copies nothing of them by itself.
    copy_file(Path("/proc/self/status"), tmp_path / "copy")

    assert (tmp_path / "copy").read_text(encoding="utf-8").startswith("Name:")


def test_a_copied_tree_keeps_links_and_leaves_out_what_it_is_told_and_what_is_no_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "folder").mkdir(parents=True)
    (source / "folder" / "file").write_text("content", encoding="utf-8")
    (source / "skipped").mkdir()
    (source / "skipped" / "file").touch()
    (source / "link").symlink_to("folder")
    (source / "dangling").symlink_to("nowhere")
    os.mkfifo(source / "pipe")

    copy_tree(source, tmp_path / "copy", leave_out=lambda _, name: name == "skipped")

    assert {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*")} == {
        "folder", "folder/file", "link", "dangling"
    }  # fmt: skip
    assert (tmp_path / "copy" / "link").readlink().name == "folder"


def test_a_copied_tree_can_be_changed_even_where_the_original_forbids_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").touch(mode=0o444)
    source.chmod(0o555)

    copy_tree(source, tmp_path / "copy")

    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "copy" / "file").stat().st_mode) == 0o644
    source.chmod(0o755)


def test_a_tree_is_not_copied_into_its_own_copy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    copy_tree(tmp_path, tmp_path / "deep" / "copy")

    assert sorted(path.name for path in (tmp_path / "deep" / "copy").rglob("*")) == ["deep", "file"]


def test_a_copy_never_replaces_a_tree(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "copy").mkdir()

    with pytest.raises(FileError, match="copy the tree"), explained("copy the tree"):
        copy_tree(tmp_path / "source", tmp_path / "copy")


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "file", b"one")
    write_whole(tmp_path / "new" / "file", b"two")
    (tmp_path / "folder").mkdir()

    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"three")

    assert (tmp_path / "new" / "file").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_a_tree_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()

    replace_tree(tmp_path / "new", tmp_path / "old")

    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]


WATCH = """
import os, sys
while True:
    try:
        os.lstat(sys.argv[1])
    except FileNotFoundError:
        print("absent", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="names can be exchanged on Linux only")
def test_a_tree_is_never_absent_while_another_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with subprocess.Popen([sys.executable, "-c", WATCH, tmp_path / "tree"], stdout=subprocess.PIPE) as watch:
        for number in range(500):
            new = tmp_path / f"new-{number}"
            new.mkdir()
            replace_tree(new, tmp_path / "tree")
        watch.kill()
        assert watch.communicate()[0] == b""
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


@pytest.mark.parametrize("final", ["old", "old/below"], ids=["there", "no-folder"])
def test_a_tree_that_cannot_be_put_in_its_place_leaves_what_was_there(tmp_path: Path, final: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()

    with pytest.raises(FileNotFoundError):
        replace_tree(tmp_path / "gone", tmp_path / final / "root" if "/" in final else tmp_path / final)

    assert [path.name for path in tmp_path.rglob("*")] == ["old", "file"]


def test_anything_can_be_removed_and_nothing_too(tmp_path: Path) -> None:
    (tmp_path / "tree" / "closed").mkdir(parents=True)
    (tmp_path / "tree" / "closed" / "file").touch()
    (tmp_path / "tree" / "closed").chmod(0o500)
    (tmp_path / "kept").touch()
    (tmp_path / "link").symlink_to("kept")

    for name in ("tree", "link", "nothing"):
        remove_tree(tmp_path / name)

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_tree_that_is_too_deep_to_be_walked_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    remove_tree(top)
    assert not top.exists()
