"""What must never be installed, through the real command line."""

from __future__ import annotations

import base64
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


_BACKEND = """
import base64, pathlib

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    content = base64.b64decode({content!r})
    pathlib.Path(wheel_directory, {name!r}).write_bytes(content)
    return {name!r}
"""


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("id_", ["parent", "hidden-member", "wrong-hash", "link", "script-leads-up", "appended"])
def test_a_malformed_wheel_of_a_backend_is_refused_in_the_same_way(
    tmp_path: Path, id_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (case,) = (case for case in CASES if case.id == id_)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "backend.py").write_text(
        _BACKEND.format(content=base64.b64encode(case.content()).decode(), name=case.name), encoding="utf-8"
    )
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "sample"\nversion = "1.0"\n',
        encoding="utf-8",
    )
    impl, work = str(next(iter(machine.cpythons().values()))), tmp_path / "work"

    code = commands.run([str(tree), "--impls", impl, "--workdir", str(work), "--no-isolation"])

    told = capsys.readouterr().err
    assert code == 5, told
    assert re.search(case.says, told), told
    assert "Traceback" not in told
    assert not list(work.rglob("*.whl")) or not list((work / "wheels").glob("*.whl"))
    assert not (work / "roots").exists() or not list((work / "roots").iterdir())
