from __future__ import annotations

from pathlib import Path

import machine
import pytest
from judging import Judge
from workbench import Workbench, installed_command

from pep517_multi.cli.session import finder_of
from pep517_multi.process import LocalRunner

PACKAGES = Path(__file__).parents[1] / "packages"


@pytest.mark.interpreters
@pytest.mark.compiler
@pytest.mark.network
@pytest.mark.parametrize("name", ["pure-flit", "extension-abi3", "lies-version-files"])
def test_the_campaign_finds_no_fault_with_what_the_command_shares(tmp_path: Path, name: str) -> None:
    paths = [*list(machine.cpythons().values())[-2:], *list(machine.pypys().values())[:1]]
    interpreters = finder_of(LocalRunner()).select([str(path) for path in paths])

    found = Judge(Workbench(installed_command(), PACKAGES / name, tmp_path, interpreters)).judge()

    assert {*found.verdicts.values()} <= {"identical", "benign"}, found
    found.unexpected.clear()  # whether other headers give other instructions for the stable ABI is up to the compiler
    assert found.outcome == "ok", found
    assert 1 <= found.minimum <= found.builds <= len(found.impls) == len(interpreters)
