from __future__ import annotations

import pytest

from pep517_multi.reports.html.drawing import arrows, fitted, length, lines

NAME = "markupsafe-3.0-cp312-cp312-manylinux_2_17_x86_64.whl"
TAG = "cp312-cp312-manylinux_2_17_x86_64"


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        pytest.param(400, (NAME,), id="all of it"),
        pytest.param(260, (TAG,), id="its tag"),
        pytest.param(160, ("cp312-cp312-", "manylinux_2_17_x86_64"), id="its tag in two lines"),
        pytest.param(70, ("cp31…312-", "many…6_64"), id="parts of its tag"),
        pytest.param(1, ("…", "…"), id="no room"),
    ],
)
def test_the_label_of_a_wheel_is_the_most_that_fits(room: float, expected: tuple[str, ...]) -> None:
    assert lines(NAME, TAG, room) == expected


def test_a_name_without_a_tag_is_shortened_itself() -> None:
    assert lines("no wheel", None, 40) == ("no…el",)


@pytest.mark.parametrize("text", ["abcdefghijklmnopqrstuvwxyz", "日本語日本語日本語", "\x00\x01\x02\x03"])
@pytest.mark.parametrize("room", [30, 60, 90])
def test_shortened_text_fits_its_room(text: str, room: float) -> None:
    assert length(fitted(text, room)) <= room


def test_arrows_share_one_way_and_each_reaches_its_tip() -> None:
    turns = [((100.0, 0.0), (100.0, 20.0)), ((200.0, 0.0), (200.0, 20.0)), ((-50.0, 0.0), (-50.0, 20.0))]
    drawn = list(arrows([(0.0, 20.0), (0.0, 0.0)], turns))
    starts = [part.get("d", "").split(" ")[1:3] for part in drawn if part.get("class") == "arrow"]
    heads = [part.get("d", "").split(" ")[1:3] for part in drawn if part.get("class") == "head"]
    assert starts == [["94", "0"], ["0", "20"], ["0", "20"]]
    assert heads == [["100", "20"], ["200", "20"], ["-50", "20"]]
