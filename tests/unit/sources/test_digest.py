from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import SourceError
from pep517_multi.sources.contents import Contents
from pep517_multi.sources.digest import digest
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETUPTOOLS = BuildSystem("setuptools.build_meta", ("setuptools>=61",))
FLIT = BuildSystem("flit_core.buildapi", ("flit_core",))


def digest_of(tree: Path, *outputs: Path, build_system: BuildSystem = SETUPTOOLS) -> str:
    return digest(Contents.of(tree, build_system, outputs=outputs))


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree" / "pkg" / "__init__.py", "x = 1\n")
    write(tmp_path / "tree" / "pkg" / "run.sh", "true\n")
    write(tmp_path / "tree" / "pyproject.toml")
    (tmp_path / "tree" / "link").symlink_to("pkg")
    return tmp_path / "tree"


def test_place_times_umask_and_other_mode_bits_do_not_count(tree: Path, tmp_path: Path) -> None:
    before = digest_of(tree)

    other = shutil.copytree(tree, tmp_path / "elsewhere" / "tree", symlinks=True)
    for path in other.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (1, 1))

    assert before.startswith("sha256:")
    assert digest_of(other) == before


def move(tree: Path) -> None:
    (tree / "pkg" / "run.sh").rename(tree / "run.sh")


def relink(tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "link").symlink_to("pyproject.toml")


def unlink(tree: Path) -> None:
    (tree / "link").unlink()
    write(tree / "link", "pkg")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda tree: write(tree / "pkg" / "__init__.py", "x = 2\n"), id="bytes"),
        pytest.param(lambda tree: (tree / "pkg" / "run.sh").chmod(0o755), id="executable"),
        pytest.param(move, id="name"),
        pytest.param(relink, id="link-target"),
        pytest.param(unlink, id="kind"),
        pytest.param(lambda tree: write(tree / "empty"), id="empty-file"),
        pytest.param(lambda tree: write(tree / "build" / "important.txt"), id="own-build-folder"),
        pytest.param(lambda tree: write(tree / "pkg" / "old.pyc"), id="bytecode-that-can-be-shipped"),
        pytest.param(lambda tree: write(tree / "pkg" / "venv" / "module.py"), id="folder-named-venv"),
        pytest.param(lambda tree: write(tree / "pkg" / "build" / "lib" / "module.py"), id="build-lib-further-down"),
    ],
)
def test_whatever_could_reach_a_wheel_counts(tree: Path, change: Callable[[Path], None]) -> None:
    before = digest_of(tree)
    change(tree)

    assert digest_of(tree) != before


@pytest.mark.parametrize(
    "name",
    [
        ".svn/entries",
        ".git/index",
        "pkg/__pycache__/x.cpython-312.pyc",
        ".mypy_cache/x.json",
        ".tox/py312/pyvenv.cfg",
        ".nox/x",
        "env/pyvenv.cfg",
        "build/lib/stale.py",
        "build/lib.linux-x86_64-cpython-312/stale.so",
        "build/temp.linux-x86_64-cpython-312/stale.o",
        "build/bdist.linux-x86_64/x",
        "build/scripts-3.12/x",
    ],
)
def test_what_earlier_work_left_does_not_count(tree: Path, name: str) -> None:
    before = digest_of(tree)
    write(tree / name, "rest")

    assert digest_of(tree) == before


def test_a_bare_build_lib_counts_where_no_distutils_builds(tree: Path) -> None:
    before = digest_of(tree, build_system=FLIT)
    write(tree / "build" / "lib" / "module.py")

    assert digest_of(tree, build_system=FLIT) != before


def test_outputs_do_not_count_even_by_way_of_a_link(tree: Path, tmp_path: Path) -> None:
    before = digest_of(tree)
    write(tree / "roots" / "file")
    (tmp_path / "elsewhere").mkdir()
    (tree / ".multibuild").symlink_to(tmp_path / "elsewhere")

    assert digest_of(tree, tree / "roots", tree / ".multibuild") == before


def test_the_bytes_behind_a_link_out_of_the_tree_count(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "README.md", "one")
    (tree / "README.md").symlink_to("../README.md")
    before = digest_of(tree)

    write(tmp_path / "README.md", "two")

    assert digest_of(tree) != before


def test_a_vanished_tree_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone"):
        digest_of(tmp_path / "gone")


def test_all_files_below_a_link_that_leads_out_of_the_tree_count(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "shared" / "deep" / "data.txt", "one")
    (tmp_path / "shared" / "again").symlink_to("deep")
    (tree / "data").symlink_to(tmp_path / "shared")
    before = digest_of(tree)

    write(tmp_path / "shared" / "deep" / "data.txt", "two")
    changed = digest_of(tree)
    write(tmp_path / "shared" / "new.txt")
    assert len({before, changed, digest_of(tree)}) == 3


def test_a_link_to_a_folder_around_the_tree_does_not_make_all_of_it_count(tree: Path, tmp_path: Path) -> None:
    (tree / "up").symlink_to(tmp_path)
    before = digest_of(tree)
    write(tmp_path / "somebody" / "elses.txt")
    assert digest_of(tree) == before
