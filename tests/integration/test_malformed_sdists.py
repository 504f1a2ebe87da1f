"""What must never be unpacked, through the real command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import machine
import pytest
from command_line import left_over
from malformed_sdists import CASES, Case
from raw_zip import write

from pep517_multi.cli import commands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_a_malformed_sdist_is_refused_in_one_line_and_nothing_is_left_of_it(
    tmp_path: Path, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    sdist = write(tmp_path / "dist" / case.name, case.content())
    impl, work = str(next(iter(machine.cpythons().values()))), tmp_path / "work"

    code = commands.run(["build", str(sdist), "--impls", impl, "--workdir", str(work), "-q"])

    told = capsys.readouterr().err
    assert code == (3 if case.id == "only-an-empty-folder" else 5), told
    assert re.fullmatch(r"multibuild: error: .*\n", told), told
    assert re.search(case.says, told), told
    assert len(told) < 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "work"]
    assert not list(work.rglob("pyproject.toml"))
    assert not left_over(work)
