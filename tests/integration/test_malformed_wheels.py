"""What must never be installed, through the real command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import machine
import pytest
from command_line import snapshot
from malformed_wheels import CASES, Case
from raw_zip import write

from pep517_multi.cli import commands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_a_malformed_wheel_is_refused_in_one_line_and_nothing_is_written(
    tmp_path: Path, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = write(tmp_path / "dist" / case.name, case.content())
    before = snapshot(tmp_path)
    impl = str(next(iter(machine.cpythons().values())))

    code = commands.run(["install", "--wheel", str(wheel), "--impls", impl, "--roots", str(tmp_path / "roots")])

    told = capsys.readouterr().err
    assert code == case.code, told
    assert re.fullmatch(r"multibuild: error: .*\n", told), told
    assert case.name in told
    assert re.search(case.says, told), told
    assert len(told) < 1000
    assert told.removesuffix("\n").isprintable()
    assert snapshot(tmp_path) == before


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
