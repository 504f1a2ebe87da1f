"""The examination of two wheels, with fakes of its ports: second builds and installed trees are values here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from pep517_multi.acceptance import Acceptance
from pep517_multi.findings import Finding
from pep517_multi.qa.examination import Controls, Examination, Pair
from pep517_multi.qa.findings import Sides
from pep517_multi.qa.rulebook import QA
from pep517_multi.qa.verdicts import Policy
from pep517_multi.wheels.trees import Blob, Contents, File

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pep517_multi.findings import QaReport

SIDES = Sides("the wheel of old", "a fresh build for new")
TODAY = dt.date(2026, 11, 21)


def tree(files: Mapping[str, str | bytes]) -> Contents:
    return Contents(
        tuple(
            File(
                path, Blob.of(data.encode() if isinstance(data, str) else data), "script" if "/bin/" in path else "file"
            )
            for path, data in files.items()
        ),
        is_archive=True,
    )


def nothing() -> Contents | None:
    raise AssertionError("no second build is needed here")


def examine(
    served: Mapping[str, str | bytes],
    fresh: Mapping[str, str | bytes],
    *,
    again: Callable[[], Contents | None] = lambda: None,
    served_again: Callable[[], Contents | None] = lambda: None,
    versions: Callable[[], Contents | None] = lambda: None,
    installed: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    accept: tuple[Acceptance, ...] = (),
    causes: tuple[str, ...] = (),
    others: tuple[Finding, ...] = (),
) -> QaReport:
    examination = Examination(QA, Policy(accept, "sample", TODAY), causes)
    report, _ = examination.examine(
        Pair(tree(served), tree(fresh), SIDES),
        installed=lambda: Pair(tree(installed[0]), tree(installed[1]), SIDES),
        controls=Controls(again, served_again, versions),
        others=others,
    )
    return report


def control(files: Mapping[str, str | bytes]) -> Callable[[], Contents | None]:
    return lambda: tree(files)


def test_the_same_files_are_identical_and_need_no_second_build() -> None:
    report = examine({"a.py": "1\n"}, {"a.py": "1\n"}, again=nothing, served_again=nothing)
    assert (report.verdict, report.findings, report.hidden) == ("identical", (), {})


def test_the_order_of_an_archive_is_counted_and_still_identical() -> None:
    report = examine({"a.py": "1\n", "b.py": ""}, {"b.py": "", "a.py": "1\n"}, again=nothing)
    assert (report.verdict, report.hidden) == ("identical", {"archive-order": 1})


def test_what_two_builds_have_in_common_differs_from_another() -> None:
    report = examine({"a.py": "old\n"}, {"a.py": "new\n"}, again=control({"a.py": "new\n"}))
    assert report.verdict == "differs"
    (finding,) = report.findings
    assert (finding.file, finding.kind, finding.rule) == ("a.py", "text", None)
    assert finding.lines[2:] == ("@@ -1 +1 @@", "-old", "+new")


def test_what_differs_between_two_builds_is_no_dependence() -> None:
    report = examine({"a.py": "t = 1\n"}, {"a.py": "t = 2\n"}, again=control({"a.py": "t = 3\n"}), served_again=nothing)
    assert report.verdict == "nondeterministic"
    assert [finding.rule for finding in report.findings] == ["second-build"]


def test_a_dependence_beside_noise_in_one_file_is_found() -> None:
    report = examine(
        {"a.py": "time = 1\nfor_python = '3.10'\n"},
        {"a.py": "time = 2\nfor_python = '3.12'\n"},
        again=control({"a.py": "time = 3\nfor_python = '3.12'\n"}),
    )
    assert report.verdict == "differs"


def test_a_date_that_is_the_same_all_day_is_told_by_the_builder_of_the_reused_wheel() -> None:
    today = {"a.py": "day = '2026-11-21'\n"}
    report = examine({"a.py": "day = '2026-11-20'\n"}, today, again=control(today), served_again=control(today))
    assert report.verdict == "nondeterministic"


def test_lines_in_another_order_are_noise_where_builds_shuffle_them() -> None:
    report = examine({"a": "x\ny\nz\n"}, {"a": "y\nx\nz\n"}, again=control({"a": "z\nx\ny\n"}))
    assert report.verdict == "nondeterministic"


def test_a_path_of_the_build_is_noise_as_a_whole() -> None:
    report = examine(
        {"a.py": "IN = '/w/builds/python3.10/source'\n"},
        {"a.py": "IN = '/w/qa/python3.12/fresh/source'\n"},
        again=control({"a.py": "IN = '/w/qa/python3.12/again/source'\n"}),
    )
    assert report.verdict == "nondeterministic"


def test_files_that_have_another_name_in_every_build_are_noise() -> None:
    report = examine({"cache-1700000001": ""}, {"cache-1700000002": ""}, again=control({"cache-1700000003": ""}))
    assert report.verdict == "nondeterministic"


def test_a_file_that_one_of_them_lacks_is_a_dependence() -> None:
    report = examine({"a.py": "", "compat.py": ""}, {"a.py": ""}, again=control({"a.py": ""}))
    assert report.verdict == "differs"
    assert [finding.message for finding in report.findings] == ["compat.py is in the wheel of old only"]


def test_bytes_that_are_no_text_are_shown_by_size_and_hash() -> None:
    report = examine({"a.bin": b"\0\1"}, {"a.bin": b"\0\1\2"})
    (finding,) = report.findings
    assert finding.kind == "file"
    assert [line.partition(",")[0] for line in finding.lines[3:]] == ["-2 bytes", "+3 bytes"]


def test_what_is_accepted_is_benign_and_needs_no_second_build() -> None:
    accept = (Acceptance("known", package="Sample", file="*.py"),)
    report = examine({"a.py": "1\n"}, {"a.py": "2\n"}, again=nothing, served_again=nothing, accept=accept)
    assert (report.verdict, [finding.accepted for finding in report.findings]) == ("benign", ["known"])


def test_noise_that_is_accepted_is_benign_too() -> None:
    accept = (Acceptance("a clock", file="clock.py"), Acceptance("of another kind", kind="metadata"))
    served, fresh, again = ({"clock.py": f"{time}\n", "a.py": f"{time}\n"} for time in (1, 2, 3))
    assert examine(served, fresh, again=control(again), accept=accept).verdict == "nondeterministic"
    for files in (served, fresh, again):
        del files["a.py"]
    assert examine(served, fresh, again=control(again), accept=accept).verdict == "benign"


def test_what_only_shows_once_installed_is_a_finding_too() -> None:
    info = "sample-1.0.dist-info/entry_points.txt"
    files = {info: "[console_scripts]\na = m:a\n"}, {info: "[console_scripts]\nb = m:b\n"}
    installed = ({"usr/bin/a": ""}, {"usr/bin/b": ""})
    report = examine(*files, again=control(files[1]), installed=installed)
    assert {(finding.kind, finding.file) for finding in report.findings} == {
        ("entry-point", info),
        ("script", "usr/bin/a"),
        ("script", "usr/bin/b"),
    }


def test_a_file_that_differs_in_the_wheel_is_not_told_again_where_it_is_installed() -> None:
    data = "sample-1.0.data/scripts/tool"
    report = examine({data: "1\n"}, {data: "2\n"}, installed=({"usr/bin/tool": "1\n"}, {"usr/bin/tool": "2\n"}))
    assert [finding.file for finding in report.findings] == [data]


@pytest.mark.parametrize(
    ("name", "one", "other", "rule"),
    [
        pytest.param("WHEEL", "Generator: x 1\n", "Generator: x 2\n", "generator", id="generator"),
        pytest.param(
            "METADATA", "Metadata-Version: 2.1\n", "Metadata-Version: 2.4\n", "metadata-version", id="metadata"
        ),
    ],
)
def test_versions_of_the_backend_are_named_as_the_cause(name: str, one: str, other: str, rule: str) -> None:
    path = f"sample-1.0.dist-info/{name}"
    report = examine({path: one}, {path: other}, again=nothing, causes=("x 1 and 2",))
    assert report.verdict == "benign"
    assert report.hidden == {rule: 1}
    (finding,) = report.findings
    assert finding.rule == rule
    assert finding.message.endswith("(built with other versions, which is the likely cause: x 1 and 2)")


def test_findings_of_other_tools_count_unless_they_are_accepted() -> None:
    found = (Finding("m.abi3.so", "abi3", None, "uses what it must not"),)
    assert examine({}, {}, others=found).verdict == "differs"
    assert examine({}, {}, others=found, accept=(Acceptance("known", kind="abi3"),)).verdict == "benign"


METADATA = "sample-1.dist-info/METADATA"
CAUSE = ("backend 1 and 2",)


def test_what_goes_away_with_the_same_versions_of_the_backend_is_of_these_and_benign() -> None:
    served, fresh = {METADATA: "Name: a\nClassifier: x\n"}, {METADATA: "Name: a\n"}
    report = examine(
        served,
        fresh,
        versions=control(fresh),
        again=nothing,
        served_again=nothing,
        causes=CAUSE,
        installed=(served, fresh),
    )
    assert (report.verdict, report.hidden["build-versions"]) == ("benign", 1)
    assert {finding.rule for finding in report.findings} == {"build-versions"}
    assert report.findings[0].message.endswith("(built with other versions, which is the cause: backend 1 and 2)")


def test_what_stays_with_the_same_versions_of_the_backend_differs() -> None:
    served = {METADATA: "Name: a\nClassifier: x\n", "a.py": "old\n"}
    fresh = {METADATA: "Name: a\n", "a.py": "new\n"}
    versions = control({METADATA: "Name: a\n", "a.py": "old\n"})
    report = examine(served, fresh, versions=versions, again=control(fresh), served_again=control(served), causes=CAUSE)
    assert report.verdict == "differs"
    told = {finding.file: (finding.rule, "other versions" in finding.message) for finding in report.findings}
    assert told == {METADATA: ("build-versions", True), "a.py": (None, False)}


def test_where_such_a_build_cannot_be_had_the_versions_stay_a_guess() -> None:
    fresh = {"a.py": "new\n"}
    report = examine({"a.py": "old\n"}, fresh, again=control(fresh), causes=CAUSE)
    assert report.verdict == "differs"
    assert report.findings[0].message.endswith("which may be the cause: backend 1 and 2)")


def test_with_the_same_versions_no_such_build_is_made() -> None:
    fresh = {"a.py": "new\n"}
    assert examine({"a.py": "old\n"}, fresh, again=control(fresh), versions=nothing).verdict == "differs"
