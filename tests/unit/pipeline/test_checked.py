from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sample_reports

from pep517_multi import reports
from pep517_multi.events import ignore
from pep517_multi.pipeline.checked import read_report, with_checks
from pep517_multi.pipeline.run import Run
from pep517_multi.pipeline.workdir import WorkDirectory
from pep517_multi.process import LocalRunner
from pep517_multi.qa.check_report import CheckReport, ImplChecks
from pep517_multi.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.report import Report


def written(folder: Path, report: Report) -> Path:
    path = folder / "report.json"
    path.write_text(reports.json.render(report), encoding="utf-8")
    return path


def run_in(folder: Path, *, holds_work: bool = True) -> Run:
    work = WorkDirectory(folder)
    return Run(Settings(), (), work, LocalRunner(), {}, ignore, holds_work=holds_work)


@pytest.mark.parametrize("kind", [kind for kind in sample_reports.KINDS if kind != "hostile"])
def test_a_report_is_read_as_it_was_written(tmp_path: Path, kind: str) -> None:
    report = sample_reports.KINDS[kind]()
    read = read_report(written(tmp_path, report))
    assert read is not None
    assert read.plain() == report.plain()
    assert replace(read, impls=()) == replace(report, impls=())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 1, "multibuild": "0"}', '{"schema": 1'],
    ids=["empty", "no object", "no keys", "another version", "cut off"],
)
def test_what_is_no_report_of_ours_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    assert read_report(tmp_path / "report.json") is None
    assert read_report(tmp_path / "none.json") is None


def test_checks_are_added_to_the_last_report_and_count_with_earlier_ones(tmp_path: Path) -> None:
    earlier = sample_reports.checked()
    written(tmp_path, earlier)
    again = ImplChecks("python3.8", "/roots/python3.8", 12, 3, problems=(sample_reports.PROBLEMS[1],))
    report = with_checks(run_in(tmp_path), CheckReport((again,), ("not needed",), 0.5))
    assert [entry.checks for entry in report.impls] == [again, *(entry.checks for entry in earlier.impls[1:])]
    assert report.impls[0].root == "/roots/python3.8"
    assert report.checks is not None
    assert (report.checks.errors, report.checks.warnings, report.checks.unused_allows) == (0, 2, ("not needed",))
    assert (report.exit, report.source) == (0, earlier.source)
    json.dumps(report.plain())
