"""The wrapper of diffoscope, with a stand-in for the tool, so that it is tested where there is none."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import UsageError
from pep517_multi.findings import Finding, QaReport
from pep517_multi.process import LocalRunner
from pep517_multi.qa.details import Details
from pep517_multi.qa.diffoscope import Diffoscope, DiffoscopeError, required_diffoscope
from pep517_multi.wheels.aspects import Aspect
from pep517_multi.wheels.differences import Difference
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from pathlib import Path

WRITES = """
for argument; do
  case $argument in --text=*|--html=*) cat "$one" "$other" > "${argument#*=}";; esac
done
"""


def tool(folder: Path, script: str) -> Diffoscope:
    """Make a stand-in that knows the last two of its arguments as ``one`` and ``other``."""
    path = folder / "diffoscope"
    path.write_text(f"#!/bin/sh\nfor last; do one=$other; other=$last; done\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Diffoscope(path, LocalRunner(), dict(os.environ), hard_seconds=20)


def sides(folder: Path) -> tuple[Path, Path]:
    for name in ("one", "other"):
        (folder / name).write_text(f"{name}\n")
    return folder / "one", folder / "other"


def test_what_is_written_for_a_difference_is_returned(tmp_path: Path) -> None:
    written = tool(tmp_path, f"{WRITES}\nexit 1").compare(*sides(tmp_path), report=tmp_path / "out" / "report")
    assert [path.name for path in written] == ["report.txt", "report.html"]
    assert written[0].read_text() == "one\nother\n"


def test_nothing_is_returned_where_nothing_differs(tmp_path: Path) -> None:
    assert tool(tmp_path, "exit 0").compare(*sides(tmp_path), report=tmp_path / "report") == ()


def test_a_failing_tool_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DiffoscopeError, match="did not compare one: out of luck"):
        tool(tmp_path, "echo first >&2; echo out of luck >&2; exit 2").compare(*sides(tmp_path), report=tmp_path / "r")


def test_a_tool_that_hangs_is_stopped(tmp_path: Path) -> None:
    slow = tool(tmp_path, "sleep 60")
    hanging = Diffoscope(slow.tool, slow.runner, slow.environ, hard_seconds=0.2)
    with pytest.raises(DiffoscopeError, match="was still running"):
        hanging.compare(*sides(tmp_path), report=tmp_path / "r")


def test_who_asks_for_it_where_it_is_not_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(UsageError, match="install it"):
        required_diffoscope({"PATH": str(tmp_path)})
    assert Details.chosen("auto", runner=LocalRunner(), environ={"PATH": ""}, base=tmp_path).diffoscope is None


def module() -> tuple[QaReport, tuple[Difference, ...]]:
    aspect = Aspect("p/m.{stable-abi}", "bytes", nature="stable-abi-extension")
    difference = Difference(aspect, Blob.of(b"1\n"), Blob.of(b"2\n"))
    return QaReport("differs", (Finding(aspect.file, "extension", None, "it differs"),)), (difference,)


def test_modules_for_the_stable_abi_are_compared_and_linked(tmp_path: Path) -> None:
    details = Details(tool(tmp_path, f"{WRITES}\nexit 1"), everything=False, base=tmp_path)
    report = details.add(*module(), folder=tmp_path / "qa", trees=(tmp_path / "x", tmp_path / "y"))
    assert report.findings[0].details == ("qa/diffoscope-0.txt", "qa/diffoscope-0.html")
    assert (tmp_path / "qa" / "diffoscope-0.txt").read_text() == "1\n2\n"
    assert not (tmp_path / "qa" / "modules").exists()


def test_a_failing_tool_leaves_the_findings_and_a_remark(tmp_path: Path) -> None:
    details = Details(tool(tmp_path, "exit 2"), everything=False, base=tmp_path)
    report = details.add(*module(), folder=tmp_path / "qa", trees=(tmp_path / "x", tmp_path / "y"))
    assert report.verdict == "differs"
    assert "diffoscope did not compare" in report.findings[0].message
