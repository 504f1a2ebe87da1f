from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from wheel_maker import make_wheel

from pep517_multi.acceptance import Acceptance
from pep517_multi.qa.diffing import compare_paths
from pep517_multi.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, Path]:
    one, other = (make_wheel(tmp_path / name / "out", "sample", {"a.py": name}) for name in ("old", "new"))
    return one, other


def test_the_two_are_called_by_what_tells_them_apart(wheels: tuple[Path, Path]) -> None:
    compared = compare_paths(*wheels, Settings())
    assert compared.one == str(wheels[0])
    assert [finding.message for finding in compared.report.findings] == ["a.py differs between old and new"]


def test_a_path_inside_the_other_is_given_in_full(tmp_path: Path) -> None:
    for name in ("a.py", "inner/b.py"):
        (tmp_path / "tree" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "tree" / name).touch()
    one, other = tmp_path / "tree", tmp_path / "tree" / "inner"
    assert f"is in {one} only" in compare_paths(one, other, Settings()).report.findings[0].message


def test_accepted_differences_that_are_expired_or_of_no_use_are_told(wheels: tuple[Path, Path]) -> None:
    accepted = (
        Acceptance("looked at", file="a.py", expires=dt.date(2001, 1, 1)),
        Acceptance("gone", file="b.py"),
        Acceptance("for others", package="other", file="c.py"),
        Acceptance("for everybody", package="*", file="d.py"),
    )
    compared = compare_paths(*wheels, Settings(qa_accept=accepted))
    assert compared.report.verdict == "differs"
    assert compared.remarks == (
        "qa.accept of file a.py (looked at) expired on 2001-01-01; look again, or remove it",
        "qa.accept of file b.py (gone) accepts nothing; remove it",
    )
