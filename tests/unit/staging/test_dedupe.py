from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from member_trees import member

from pep517_multi.staging.dedupe import dedupe
from pep517_multi.staging.merging import merge

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.staging.entries import Member


def linked(members: list[Member], *, mode: str = "hard") -> dict[str, str]:
    entries = dedupe(merge(members, policy="suffix").entries, members, mode=mode)
    found = {entry.path: entry.same_as or entry.target for entry in entries}
    return {path.rpartition("/")[2]: target.rpartition("/")[2] for path, target in found.items() if target}


def test_levels_of_bytecode_that_do_not_differ_are_linked(tmp_path: Path) -> None:
    cache = "{lib}/__pycache__"
    files = {
        f"{cache}/foo.cpython-312.pyc": "a",
        f"{cache}/foo.cpython-312.opt-1.pyc": "a",
        f"{cache}/foo.cpython-312.opt-2.pyc": "b",
        f"{cache}/bar.cpython-312.pyc": "a",
    }

    assert linked([member(tmp_path, 12, files)]) == {"foo.cpython-312.pyc": "foo.cpython-312.opt-1.pyc"}


OTHERS = [
    pytest.param({"{lib}/a.py": "", "{lib}/b.py": ""}, {"{lib}/c.py": ""}, id="empty"),
    pytest.param({"{lib}/a.txt": ""}, {"{lib}/a.txt": ""}, id="no-module"),
    pytest.param({"/usr/bin/x.py": ""}, {"/opt/x.py": ""}, id="elsewhere"),
    pytest.param({"{lib}/a.py": "1"}, {"{lib}/a.py": "2"}, id="other-bytes"),
]


@pytest.mark.parametrize(("older", "newer"), OTHERS)
def test_other_files_are_left_as_they_are(tmp_path: Path, older: dict[str, str], newer: dict[str, str]) -> None:
    assert linked([member(tmp_path, 11, older), member(tmp_path, 12, newer)]) == {}


def test_the_same_module_twice_in_one_implementation_is_one_file_but_no_symbolic_link(tmp_path: Path) -> None:
    alone = member(tmp_path, 12, {"{lib}/one/_version.py": "v = 1\n", "{lib}/other/_same.py": "v = 1\n"})

    assert linked([alone]) == {"_same.py": "_version.py"}
    assert linked([alone], mode="symlink") == {}


def test_modules_of_different_times_are_not_linked_since_bytecode_would_be_stale(tmp_path: Path) -> None:
    files = {"{lib}/a.py": ""}

    assert linked([member(tmp_path, 11, files), member(tmp_path, 12, files, moment=1_000)]) == {}
