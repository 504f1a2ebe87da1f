from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from pep517_multi.report import EvidenceReport, ImplReport, Report, SourceReport
from pep517_multi.reports import json as as_json
from pep517_multi.reports import text

BUILT = ImplReport(
    impl="python3.11",
    executable="/usr/bin/python3.11",
    version="3.11.2",
    implementation="cpython",
    action="built",
    wheel="sample-1.0-py3-none-any.whl",
    wheel_sha256="0" * 64,
    built_by="python3.11",
    tag="py3-none-any",
    because=("no wheel is there yet",),
    root="/build/roots/python3.11",
    seconds={"build": 1.23456},
)
REUSED = replace(
    BUILT,
    impl="pypy3.9",
    action="reused",
    implementation="pypy",
    because=("always the same",),
    root="/build/roots/pypy3.9",
)
FAILED = replace(
    BUILT, impl="python3.13", action="failed", wheel=None, wheel_sha256=None, error="it broke", tag=None, root=None
)
SOURCE = SourceReport(
    path=".",
    name="sample",
    version="1.0",
    digest="sha256:" + "0" * 64,
    backend="flit_core.buildapi",
    evidence=EvidenceReport("independent", ("flit_core always makes the same wheel",)),
)


@pytest.mark.parametrize("source", [SOURCE, SourceReport()], ids=["a source", "ready wheels"])
def test_the_report_is_as_its_schema_says(source: SourceReport) -> None:
    report = Report(source, (BUILT, REUSED, FAILED), 2.0, 1)
    document = json.loads(as_json.render(report))
    jsonschema.Draft202012Validator(as_json.schema()).validate(document)
    assert document["schema"] == 1
    assert document["impls"][0]["seconds"] == {"env": 0, "build": 1.2346, "install": 0, "bytecode": 0, "qa": 0}


def test_a_path_that_is_no_text_can_be_reported() -> None:
    report = Report(replace(SOURCE, path="/\udcff/ü"), (), 2.0, 0)
    document = as_json.render(report).encode()
    assert json.loads(document)["source"]["path"] == "/\udcff/ü"


def test_the_table_names_who_built_and_the_summary_counts() -> None:
    report = Report(SOURCE, (BUILT, REUSED, FAILED), 2.0, 1)
    rows = text.table(report, verbose=False).rows
    assert [row.cells[1] for row in rows] == ["built", "reused from python3.11", "failed"]
    assert {row.notes for row in rows} == {()}
    assert text.table(report, verbose=True).rows[2].notes[0] == "it broke"
    assert text.summary(report) == "sample 1.0: 1 built, 1 reused, 1 failed (2.0 s); staged in /build/roots"


def test_a_wheel_of_an_earlier_run_is_told_from_one_that_was_built_just_now() -> None:
    report = Report(SOURCE, (BUILT, replace(BUILT, impl="python3.12", seconds={}, root=None)), 2.0, 0)
    assert [row.cells[1] for row in text.table(report, verbose=False).rows] == ["built", "built earlier"]
    assert text.summary(report).startswith("sample 1.0: 1 built, 1 built earlier (2.0 s)")


def test_an_image_of_all_implementations_is_named_itself() -> None:
    report = Report(SOURCE, (replace(BUILT, root="/image"), replace(REUSED, root="/image")), 2.0, 0)
    assert text.summary(report).endswith("; staged in /image")


def test_where_nothing_was_staged_no_place_is_named() -> None:
    assert text.summary(Report(SOURCE, (replace(BUILT, root=None),), 2.0, 0)) == "sample 1.0: 1 built (2.0 s)"


def test_reasons_are_told_on_request_and_empty_columns_are_left_out() -> None:
    report = Report(SOURCE, (replace(REUSED, tag=None),), 2.0, 0)
    table = text.table(report, verbose=True)
    assert table.rows[0].notes == ("because always the same",)
    assert "tag" not in table.columns
