from __future__ import annotations

import json

import pytest
from judging import Judgement
from pins import Package
from results import Result, Totals, baseline, changes, details, row, summary, to_json

IMPLS = ("python3.10", "python3.12")
PACKAGE = Package("sample", "pure", "sample-1.0.tar.gz", "0" * 64, "flit_core.buildapi", "independent")


def result(*, builds: int = 1, minimum: int = 1, verdict: str = "independent", lost: str = "") -> Result:
    found = Judgement(IMPLS, verdict, ("so it is",), builds, minimum)
    if lost:
        found.lost["python3.12"] = (lost,)
    return Result(PACKAGE, found)


def test_totals_add_up_what_was_judged() -> None:
    totals = Totals.of([result(), result(builds=3, minimum=1), Result(PACKAGE, None, "no network")])

    assert (totals.packages, totals.builds, totals.minimum, totals.fresh) == (2, 4, 2, 4)
    assert totals.ratio == 2.0
    assert "ratio 2.000" in summary(totals)


def test_without_packages_nothing_is_too_much() -> None:
    assert Totals.of([]).ratio == 1.0


def test_the_row_of_a_package_has_its_counts() -> None:
    cells = row(result(builds=3, minimum=2, lost="pkg/speed")).split()

    assert cells[:8] == ["sample", "independent", "2", "3", "2", "1.50", "0", "1"]
    assert cells[-2:] == ["lost", "extension"]


def test_the_row_of_a_package_that_could_not_be_judged_says_why() -> None:
    assert row(Result(PACKAGE, None, "no network")).endswith("error: no network")


def test_more_builds_than_needed_are_explained_by_the_evidence() -> None:
    assert "1 more builds than needed, because so it is" in list(details(result(builds=2)))


def test_other_evidence_than_the_corpus_expects_is_told() -> None:
    assert "the corpus expects independent" in list(details(result(verdict="unknown")))


@pytest.mark.parametrize(
    ("found", "is_bad"),
    [
        pytest.param(result(), False, id="ok"),
        pytest.param(result(builds=3), False, id="slow-but-right"),
        pytest.param(result(lost="pkg/speed"), True, id="lost"),
        pytest.param(Result(PACKAGE, None, "no network"), True, id="error"),
    ],
)
def test_only_what_is_wrong_is_bad(found: Result, *, is_bad: bool) -> None:
    assert found.is_bad is is_bad


def test_all_results_go_to_json() -> None:
    document = json.loads(to_json([result(), Result(PACKAGE, None, "no network")], IMPLS))

    assert document["impls"] == list(IMPLS)
    assert document["packages"]["sample"]["error"] == "no network"


def test_the_baseline_names_what_changed() -> None:
    before = baseline([result(builds=3, verdict="unknown")], IMPLS)

    assert list(changes(before, baseline([result()], IMPLS))) == [
        "sample: builds was 3, is 1",
        "sample: evidence was unknown, is independent",
    ]


def test_the_same_results_are_no_change() -> None:
    assert list(changes(baseline([result()], IMPLS), baseline([result()], IMPLS))) == []


def test_a_package_that_the_baseline_lacks_is_new() -> None:
    assert list(changes(baseline([], IMPLS), baseline([result()], IMPLS))) == ["sample is new"]


def test_a_baseline_of_other_implementations_says_nothing() -> None:
    before = baseline([result()], ["pypy3.9"])

    assert list(changes(before, baseline([result()], IMPLS))) == [
        "the baseline is for pypy3.9, so it says nothing of this run"
    ]
