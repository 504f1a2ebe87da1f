from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pep517_multi import files, temporaries

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import pathlib, sys, time
from pep517_multi import temporaries
with temporaries.new_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "half").write_text("made")
    print(folder, flush=True)
    time.sleep(1000)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_is_hidden_beside_its_result_and_nobody_elses(tmp_path: Path) -> None:
    with temporaries.new_folder(tmp_path / "deep" / "root") as folder:
        assert (folder.parent, folder.name[:6]) == (tmp_path / "deep", ".root.")
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert names(tmp_path / "deep") == []


def test_a_new_folder_that_has_become_the_result_stays(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with temporaries.new_folder(tmp_path / "root") as folder:
            (folder / "file").write_text(content)
            files.replace_tree(folder, tmp_path / "root")
    assert names(tmp_path) == ["root"]
    assert (tmp_path / "root" / "file").read_text() == "new"


def test_what_a_process_holds_is_not_swept_before_the_process_has_died(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "root"], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        name = os.path.basename(holder.stdout.readline().strip())  # noqa: PTH119 - a name is wanted
        temporaries.sweep(tmp_path)
        assert names(tmp_path) == [name]

        holder.send_signal(signal.SIGKILL)
    temporaries.sweep(tmp_path)
    assert names(tmp_path) == []


def test_only_what_has_a_name_of_ours_is_swept(tmp_path: Path) -> None:
    mine = [".root.0123abcd.tmp", ".file.0123abcd.tmp"]
    others = [".other.0123abcd.tmp", ".root.tmp", "root.0123abcd.tmp", ".root.0123ABCD.tmp", ".root.0123abcd.tmp~"]
    for name in (*mine, *others):
        (tmp_path / name).touch()
    (tmp_path / ".root.99999999.tmp").symlink_to(tmp_path / "elsewhere")

    temporaries.sweep(tmp_path, of={"root", "file"})

    assert names(tmp_path) == sorted([*others, ".root.99999999.tmp"])


def test_where_there_is_no_folder_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    temporaries.sweep(tmp_path / "none")
    (tmp_path / "file").touch()
    temporaries.sweep(tmp_path / "file")


@pytest.mark.parametrize(("there", "content"), [(False, "old"), (True, "new")], ids=["absent", "replaced"])
def test_what_was_set_aside_is_put_back_only_where_nothing_took_its_place(
    tmp_path: Path, *, there: bool, content: str
) -> None:
    old = files.beside(tmp_path / "root", old=True)
    old.mkdir()
    (old / "file").write_text("old")
    if there:
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "file").write_text("new")

    temporaries.sweep(tmp_path)

    assert names(tmp_path) == ["root"]
    assert (tmp_path / "root" / "file").read_text() == content


def test_a_scratch_folder_is_gone_at_the_end_also_if_it_cannot_be_entered(tmp_path: Path) -> None:
    with temporaries.scratch("sample", top=tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "closed" / "inner").mkdir(parents=True)
        (folder / "closed").chmod(0)
    assert names(tmp_path) == []


def test_a_scratch_folder_of_a_killed_process_goes_with_the_next_one_of_its_purpose(tmp_path: Path) -> None:
    left = tmp_path / ".multibuild-sample.0123abcd.tmp"
    for path in (left, tmp_path / ".multibuild-other.0123abcd.tmp", tmp_path / ".root.0123abcd.tmp"):
        path.mkdir()
    with (
        temporaries.scratch("sample", top=tmp_path) as held,
        temporaries.scratch("sample", top=tmp_path) as other,
    ):
        assert held.is_dir()
        assert other != held
        assert not left.exists()
    assert names(tmp_path) == [".multibuild-other.0123abcd.tmp", ".root.0123abcd.tmp"]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user, which takes root")
def test_a_scratch_folder_of_another_user_is_left_alone(tmp_path: Path) -> None:
    left = tmp_path / ".multibuild-sample.0123abcd.tmp"
    left.mkdir()
    os.chown(left, 65534, 65534)
    with temporaries.scratch("sample", top=tmp_path):
        assert left.is_dir()
