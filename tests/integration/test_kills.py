"""A few kills of those that ``qa/kills.py`` does by the hundred: nothing is lost, the next run comes to the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from command_line import cpython_targets, targets
from kill_scenes import Bench, Kill, scenes
from kill_trees import PURE, SPECIFIC, STABLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.compiler
@pytest.mark.interpreters
@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in Linux's /proc")
@pytest.mark.parametrize(
    ("name", "package", "parts"),
    [
        pytest.param("job", STABLE, (0.3, 0.6, 0.9), id="whole-job"),
        pytest.param("again", SPECIFIC, (0.5, 0.8), id="over-an-older-result"),
        pytest.param("merge", PURE, (0.7, 0.95), id="into-an-image"),
    ],
)
def test_a_killed_run_loses_nothing_and_the_next_one_comes_to_the_same(
    tmp_path: Path, name: str, package: str, parts: tuple[float, ...]
) -> None:
    bench = Bench(tmp_path, tuple(targets()[impl] for impl in cpython_targets()[:3]))
    (scene,) = (scene for scene in scenes([package]) if scene.name == name)
    steps = bench.rehearse(scene).steps
    assert steps > 200
    for number, part in enumerate(parts):
        outcome = bench.attempt(scene, Kill(step=int(steps * part), tree=bool(number % 2)))
        assert (outcome.how, outcome.problems) == ("killed", ())
