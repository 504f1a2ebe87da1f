from __future__ import annotations

import json

from pep517_multi.qa.check_report import CheckReport, ImplChecks
from pep517_multi.qa.check_table import Problem, problem
from pep517_multi.reports import checks

FAILS = problem("import-fails", "sample.py", "importing sample raises KeyError: 1", lines=["a hint"])
TESTS = problem("top-level-name", "tests", "any project could have a top-level package 'tests'")
KNOWN = problem("import-hangs", "gui.py", "importing gui takes too long", accepted="needs a screen")


def report(*problems: tuple[Problem, ...], unused: tuple[str, ...] = (), strict: bool = False) -> CheckReport:
    impls = [
        ImplChecks(f"python3.{place}", f"/roots/python3.{place}", files=4, modules=2, problems=found)
        for place, found in enumerate(problems)
    ]
    return CheckReport(tuple(impls), unused, seconds=1.25, strict=strict)


def test_each_finding_is_one_line_however_many_implementations_have_it_errors_first() -> None:
    assert list(checks.lines(report((TESTS, FAILS), (TESTS,)), verbose=False)) == [
        "python3.0: error: sample.py: importing sample raises KeyError: 1 [import-fails]",
        "python3.0, python3.1: warning: tests: any project could have a top-level package 'tests' [top-level-name]",
    ]


def test_the_verbose_see_details_and_what_was_accepted() -> None:
    assert list(checks.lines(report((FAILS, KNOWN)), verbose=True)) == [
        "python3.0: error: sample.py: importing sample raises KeyError: 1 [import-fails]",
        "    | a hint",
        "python3.0: accepted: gui.py: importing gui takes too long (accepted: needs a screen) [import-hangs]",
    ]


def test_entries_of_the_allow_list_that_were_not_needed_are_told() -> None:
    assert list(checks.lines(report((), unused=("the entry was not needed",)), verbose=False)) == [
        "multibuild: warning: the entry was not needed"
    ]


def test_the_summary_counts() -> None:
    assert checks.summary(report((FAILS, TESTS, KNOWN), (TESTS,))) == (
        "1 error and 2 warnings, 1 accepted in 2 roots (8 files, 4 imports) in 1.2 s"
    )
    assert checks.summary(report(())) == "no findings in 1 root (4 files, 2 imports) in 1.2 s"


def test_the_table_has_one_row_for_each_finding() -> None:
    table = checks.table(report((FAILS,), (FAILS, KNOWN)), verbose=False)
    assert [row.cells for row in table.rows] == [
        ("python3.0, python3.1", "error", "import-fails", "sample.py", "importing sample raises KeyError: 1")
    ]
    assert [row.notes for row in checks.table(report((FAILS,)), verbose=True).rows] == [("a hint",)]


def test_the_exit_code_is_1_for_errors_and_4_for_warnings_that_count() -> None:
    assert report((TESTS, KNOWN)).exit == 0
    assert report((TESTS,), strict=True).exit == 4
    assert report((KNOWN,), strict=True).exit == 0
    assert report((FAILS, TESTS), strict=True).exit == 1


def test_the_json_has_everything() -> None:
    document = json.loads(checks.render(report((FAILS, KNOWN), (TESTS,), unused=("one",))))
    assert (document["errors"], document["warnings"], document["exit"]) == (1, 1, 1)
    assert document["unused_allows"] == ["one"]
    first, second = document["impls"]
    assert (first["impl"], first["root"], first["files"], first["modules"]) == ("python3.0", "/roots/python3.0", 4, 2)
    assert [finding["check"] for finding in first["findings"]] == ["import-fails", "import-hangs"]
    assert first["findings"][1]["accepted"] == "needs a screen"
    assert second["findings"][0]["severity"] == "warning"
