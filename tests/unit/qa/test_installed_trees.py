from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.files import FileError
from pep517_multi.qa.installed import read_tree

if TYPE_CHECKING:
    from pathlib import Path


def test_a_tree_is_read_with_modes_links_and_natures(tmp_path: Path) -> None:
    for name in (
        "usr/bin/tool",
        "usr/lib/p/m.abi3.so",
        "usr/lib/p/n.cpython-312-x86_64-linux-gnu.so",
        "usr/lib/p/a.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "usr/bin/tool").chmod(0o755)
    (tmp_path / "usr/lib/p/link").symlink_to("a.py")
    (tmp_path / "usr/lib/folder").symlink_to("p", target_is_directory=True)
    files = {file.path: file for file in read_tree(tmp_path).files}
    assert {path: file.nature for path, file in files.items()} == {
        "usr/bin/tool": "script",
        "usr/lib/folder": "file",
        "usr/lib/p/a.py": "file",
        "usr/lib/p/link": "file",
        "usr/lib/p/m.abi3.so": "stable-abi-extension",
        "usr/lib/p/n.cpython-312-x86_64-linux-gnu.so": "extension",
    }
    assert [path for path, file in files.items() if file.executable] == ["usr/bin/tool"]
    assert files["usr/lib/p/link"].blob.read() == b"a link to a.py"


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read"):
        read_tree(tmp_path / "none")
