from __future__ import annotations

import pytest
import sample_reports

from pep517_multi.reports.html.spans import spans


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param("pure", [(0, (0, 1, 2, 3, 4), 0)], id="one for all"),
        pytest.param("own", [(place, (place,), 0) for place in range(6)], id="side by side in one lane"),
        pytest.param("stable-abi", [(0, (0, 1, 2, 3), 0), (4, (4,), 0)], id="PyPy apart"),
        pytest.param("many", [(0, (*range(8), 11), 0), (8, (8, 9, 10), 1)], id="one inside another"),
        pytest.param("failing", [(None, (0,), 0), (1, (1, 3, 4), 0), (None, (2,), 1)], id="without a wheel"),
        pytest.param("elsewhere", [(None, (0, 1, 2), 0)], id="builder not in the report"),
        pytest.param("unstaged", [(0, (0, 1, 2, 3), 0)], id="builder failed later"),
        pytest.param("empty", [], id="none"),
    ],
)
def test_a_wheel_lies_over_those_whom_it_serves(
    kind: str, expected: list[tuple[int | None, tuple[int, ...], int]]
) -> None:
    laid = spans(sample_reports.KINDS[kind]().impls)
    assert [(span.builder, span.places, span.lane) for span in laid] == expected


@pytest.mark.parametrize("kind", sample_reports.KINDS)
def test_what_shares_a_lane_does_not_overlap(kind: str) -> None:
    lanes: dict[int, list[int]] = {}
    for span in spans(sample_reports.KINDS[kind]().impls):
        lanes.setdefault(span.lane, []).extend(range(span.first, span.last + 1))
    assert all(len(places) == len(set(places)) for places in lanes.values())


def test_the_file_name_of_a_wheel_is_what_stands_after_the_folder() -> None:
    report = sample_reports.own()
    assert {span.wheel for span in spans(report.impls)} == {entry.wheel for entry in report.impls}
