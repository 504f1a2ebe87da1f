from __future__ import annotations

import difflib

import pytest

from pep517_multi.reports.html.elements import markup
from pep517_multi.reports.html.sides import Line, Pair, is_unified, pairs, sides

ONE = ["same", "old = 1", "gone", "same", "x", "y", "z", "last"]
OTHER = ["same", "old = 2", "same", "x", "y", "z", "new", "last"]
LINES = list(difflib.unified_diff(ONE, OTHER, "one", "other", n=1, lineterm=""))


def test_what_was_removed_stands_beside_what_was_added_in_its_place() -> None:
    assert list(pairs(LINES[2:])) == [
        "@@ -1,4 +1,3 @@",
        Pair(Line(1, " same"), Line(1, " same")),
        Pair(Line(2, "-old = 1"), Line(2, "+old = 2")),
        Pair(Line(3, "-gone"), None),
        Pair(Line(4, " same"), Line(3, " same")),
        "@@ -7,2 +6,3 @@",
        Pair(Line(7, " z"), Line(6, " z")),
        Pair(None, Line(7, "+new")),
        Pair(Line(8, " last"), Line(8, " last")),
    ]


def test_only_what_differs_in_a_line_is_marked() -> None:
    page = markup(sides(LINES, "a file"))
    assert "<del>-old = <mark>1</mark></del>" in page
    assert "<ins>+old = <mark>2</mark></ins>" in page


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    found = list(difflib.unified_diff(["import os"], ["raise SystemExit"], "a", "b", lineterm=""))
    assert "<mark>" not in markup(sides(found, "a file"))


@pytest.mark.parametrize(
    ("one", "other", "marked"),
    [
        pytest.param("call(a, a)", "call(a, a, a)", ["", ", a"], id="repeated"),
        pytest.param("value", "value", [], id="only the blanks at the end"),
        pytest.param("x = 3.10", "x = 3.12", ["10", "12"], id="whole words"),
    ],
)
def test_marks_never_overlap(one: str, other: str, marked: list[str]) -> None:
    page = markup(sides(["--- a", "+++ b", "@@ -1 +1 @@", f"-{one}", f"+{other}"], "a file"))
    assert [f"<mark>{text}</mark>" in page for text in marked if text] == [True for text in marked if text]
    assert page.count("<mark>") == len([text for text in marked if text])


@pytest.mark.parametrize(
    "lines",
    [(), ("line 3: /build",), ("--- a", "+++ b"), ("--- a", "+++ b", " text"), ("+yyy",)],
)
def test_other_lines_are_no_difference(lines: tuple[str, ...]) -> None:
    assert not is_unified(lines)
    assert is_unified(LINES)
