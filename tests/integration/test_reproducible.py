"""The same package in surroundings of every other kind, and nothing may differ but times in the report."""

from __future__ import annotations

import sys
from functools import reduce
from typing import TYPE_CHECKING

import pytest
import real_sdists
import surroundings
from command_line import cpython_targets, impls, pypy_targets
from footprints import compare, footprint
from surroundings import VARIATIONS, Surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from footprints import Footprint
    from surroundings import Variation

pytestmark = [pytest.mark.network, pytest.mark.interpreters, pytest.mark.compiler]

POSSIBLE = tuple(variation for variation in VARIATIONS if not variation.lacking)


def left(folder: Path, name: str, variations: Sequence[Variation], *, epoch: bool = True) -> Footprint:
    """Run the whole job for three implementations with all of ``variations`` at once, and take down what it leaves."""
    command = folder / "multibuild"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m pep517_multi "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    around = Surroundings.usual(folder / "here", epoch=epoch)
    around = reduce(lambda so_far, variation: variation.apply(so_far), variations, around)
    chosen = impls(cpython_targets()[0], cpython_targets()[-1], *pypy_targets())
    ran = surroundings.run(command, real_sdists.fetch(name), around, *chosen)
    assert ran.returncode == 0, ran.said
    return footprint(ran.workdir, source=ran.source, times=epoch)


@pytest.mark.parametrize("name", ["attrs", "markupsafe"])
def test_two_runs_in_other_surroundings_leave_the_same_bytes(tmp_path: Path, name: str) -> None:
    assert {"path", "zone", "umask", "jobs", "home", "tree"} <= {variation.name for variation in POSSIBLE}

    one, other = left(tmp_path, name, ()), left(tmp_path, name, POSSIBLE)

    assert [str(difference) for difference in compare(one, other)] == []


def test_without_source_date_epoch_the_number_of_jobs_changes_nothing_but_times(tmp_path: Path) -> None:
    jobs = [variation for variation in VARIATIONS if variation.name == "jobs"]

    one, other = (left(tmp_path, "markupsafe", varied, epoch=False) for varied in ((), jobs))

    assert [str(difference) for difference in compare(one, other)] == []
