from __future__ import annotations

import ast
import json
import subprocess
from typing import TYPE_CHECKING

import machine
import pytest

from pep517_multi.pipeline import testing

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = testing._COMMANDS


def test_the_script_is_written_for_python_3_8() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", machine.interpreters())
def test_commands_are_listed_and_what_is_broken_is_passed_over(tmp_path: Path, name: str) -> None:
    for info, text in {
        "foo-1.dist-info": "[console_scripts]\nfoo = foo.cli:main [extra]\n[gui_scripts]\nwindow = foo:w\n",
        "broken-1.dist-info": "\udcff",
    }.items():
        (tmp_path / info).mkdir()
        (tmp_path / info / "entry_points.txt").write_bytes(text.encode(errors="surrogateescape"))

    environ = {"PYTHONPATH": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command: list[str | Path] = [machine.interpreters()[name], "-s", "-B", SCRIPT]
    done = subprocess.run(command, env=environ, capture_output=True, check=True)

    listed = json.loads(done.stdout.split(b"\x1e")[1])
    assert ["foo", "foo.cli:main [extra]"] in listed
    assert "window" not in [one for one, _ in listed]
