from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import StagingError
from pep517_multi.files import FileError
from pep517_multi.staging.roots import count_files, new_root, set_folder_times

if TYPE_CHECKING:
    from pathlib import Path


def fill(final: Path, content: str = "new") -> None:
    with new_root(final, prefix="/usr") as root:
        (root / "usr").mkdir()
        (root / "usr/file").write_text(content)


def test_a_root_appears_with_the_folders_above_it(tmp_path: Path) -> None:
    fill(tmp_path / "roots/python3.12")

    assert (tmp_path / "roots/python3.12/usr/file").read_text() == "new"
    assert (tmp_path / "roots/python3.12").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (tmp_path / "roots").iterdir()] == ["python3.12"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_root_that_was_not_finished_is_not_there(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with new_root(tmp_path / "root", prefix="/usr") as root:
            (root / "usr").mkdir()
            raise error

    with pytest.raises(error):
        fail()

    assert not list(tmp_path.iterdir())


def test_the_earlier_root_stays_where_the_new_one_was_not_finished(tmp_path: Path) -> None:
    fill(tmp_path / "root", "old")

    def fail() -> None:
        with new_root(tmp_path / "root", prefix="/usr"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert (tmp_path / "root/usr/file").read_text() == "old"


def test_an_earlier_root_goes_with_all_that_was_in_it(tmp_path: Path) -> None:
    fill(tmp_path / "root", "old")
    (tmp_path / "root/usr/stale").touch()

    fill(tmp_path / "root")

    assert [path.name for path in (tmp_path / "root/usr").iterdir()] == ["file"]
    assert (tmp_path / "root/usr/file").read_text() == "new"


def test_an_empty_folder_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()

    fill(tmp_path / "root")

    assert (tmp_path / "root/usr/file").is_file()


def test_what_is_no_staging_root_is_left_alone(tmp_path: Path) -> None:
    standard_library = tmp_path / "lib/python3.12"
    standard_library.mkdir(parents=True)
    (standard_library / "os.py").touch()

    with pytest.raises(StagingError, match="does not look like an earlier one"):
        fill(standard_library)

    assert (standard_library / "os.py").is_file()


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("precious")

    with pytest.raises(StagingError, match="in the way"):
        fill(tmp_path / "root")

    assert (tmp_path / "root").read_text() == "precious"


def test_a_link_in_place_of_the_root_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (tmp_path / "root").symlink_to(outside)

    fill(tmp_path / "root")

    assert not (tmp_path / "root").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["precious"]


def test_a_root_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "roots").touch()

    with pytest.raises(FileError, match="cannot make the staging root"):
        fill(tmp_path / "roots/python3.12")


def test_folders_get_the_time_and_files_keep_theirs(tmp_path: Path) -> None:
    fill(tmp_path / "root")
    written = (tmp_path / "root/usr/file").stat().st_mtime

    set_folder_times(tmp_path / "root", 1000)

    assert (tmp_path / "root").stat().st_mtime == (tmp_path / "root/usr").stat().st_mtime == 1000
    assert (tmp_path / "root/usr/file").stat().st_mtime == written


def test_files_are_counted_at_every_depth(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for path in ("x", "a/y", "a/b/z"):
        (tmp_path / path).touch()

    assert count_files(tmp_path) == 3


def test_a_root_in_a_place_of_our_own_is_replaced_whatever_it_looks_like(tmp_path: Path) -> None:
    (tmp_path / "root/opt").mkdir(parents=True)

    with new_root(tmp_path / "root", prefix="/usr", owned=True) as root:
        (root / "usr").mkdir()

    assert [path.name for path in (tmp_path / "root").iterdir()] == ["usr"]
