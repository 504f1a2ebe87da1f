from __future__ import annotations

import json

from pep517_multi.findings import Finding, QaReport
from pep517_multi.qa.diffing import Compared
from pep517_multi.report import ImplReport, Report, SourceReport
from pep517_multi.reports import differences, text
from pep517_multi.reports.advice import advice

COUNTING = Finding("a.py", "text", None, "a.py differs between x and y", ("--- x", "+++ y", "-1", "+2"))
NOISE = Finding("WHEEL", "metadata", "generator", "WHEEL: Generator differs")
ACCEPTED = Finding("b.py", "file", None, "b.py is in x only", accepted="known")
FOUND = QaReport("differs", (COUNTING, NOISE, ACCEPTED), {"generator": 1, "record": 1})
COMPARED = Compared("x", "y", FOUND, ("qa.accept of file b.py (known) expired",))


def test_what_counts_is_shown_with_its_lines_and_the_verdict_comes_last() -> None:
    assert list(differences.lines(COMPARED, verbose=False)) == [
        "text: a.py differs between x and y",
        "    --- x",
        "    +++ y",
        "    -1",
        "    +2",
        "hidden: generator 1, record 1",
        "differs",
    ]


def test_what_is_explained_is_shown_on_request() -> None:
    shown = list(differences.lines(COMPARED, verbose=True))
    assert {"metadata: WHEEL: Generator differs", "file: b.py is in x only (accepted: known)"} <= set(shown)


def test_programs_get_everything() -> None:
    document = json.loads(differences.render(COMPARED))
    assert (document["schema"], document["one"], document["other"], document["verdict"]) == (1, "x", "y", "differs")
    assert [finding["file"] for finding in document["findings"]] == ["a.py", "WHEEL", "b.py"]
    assert document["remarks"] == ["qa.accept of file b.py (known) expired"]


def test_the_table_of_a_run_has_the_verdicts_and_the_summary_counts_them() -> None:
    impls = tuple(
        ImplReport(f"python3.{minor}", "python", f"3.{minor}", "cpython", "reused", built_by="python3.9", qa=qa)
        for minor, qa in ((10, QaReport("identical")), (11, QaReport("identical")), (12, FOUND), (13, None))
    )
    report = Report(SourceReport(name="sample"), impls, 1.0, 4)
    drawn = text.table(report, verbose=False)
    place = drawn.columns.index("qa")
    assert [row.cells[place] for row in drawn.rows] == ["identical", "identical", "differs", ""]
    (todo,) = map(str, advice(report))
    assert todo.startswith("differs: python3.12: the reused wheel is not what a fresh build gives.")
    assert "(--no-reuse), or accept" in todo
    assert text.summary(report) == "sample: 4 reused; beside fresh builds: 1 differs, 2 identical (1.0 s)"
