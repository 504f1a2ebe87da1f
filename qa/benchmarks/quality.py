"""What QA costs: everyone who reuses a wheel builds after all and is compared, beside a build for each."""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING

from environments import benchmark_environ
from measuring import Measure, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

GOAL = 1.0
"""The share of the time of builds without reuse that QA may take, be it of wall time or of the processors."""

_RUN = """
set -- ; for impl in $IMPLS; do set -- "$@" "$TOOLS/$impl/bin/python"; done
cd "$SOURCE"
exec "$TOOLS/multibuild/bin/multibuild" {command} --workdir "$WORK" --no-isolation --quiet {options} --impls "$@"
"""
_BUILD = _RUN.format(command="build", options="")
_BUILD_EACH = _RUN.format(command="build", options="--no-reuse")
_QA = _RUN.format(command="qa", options="--qa fail")


def quality(
    sources: Mapping[str, Path], folder: Path, *, rounds: int, tools: Path, interpreters: Sequence[Interpreter]
) -> tuple[str, bool]:
    """Return a table of ratios, and whether QA of each project costs as little as it should.

    :param sources: pure projects by name; QA must find nothing in them.
    :raises BuildError: a build fails, or QA finds something.
    """
    lines = ["| work | builds without reuse: CPU s | QA: CPU s | CPU ratio | wall ratio |", "|---|---:|---:|---:|---:|"]
    is_met = True
    for name, source in sources.items():
        pairs = list(_rounds(source, folder, rounds, tools=tools, interpreters=interpreters))
        cpu, wall = (
            statistics.median(getattr(ours, figure) / getattr(each, figure) for each, ours in pairs)
            for figure in ("cpu", "wall")
        )
        each, ours = (statistics.median(one.cpu for one in side) for side in zip(*pairs, strict=True))
        is_met &= max(cpu, wall) <= GOAL
        lines.append(f"| {name} | {each:.2f} | {ours:.2f} | {_judged(cpu)} | {_judged(wall)} |")
    return "\n".join([*lines, ""]), is_met


def _rounds(
    source: Path, folder: Path, rounds: int, *, tools: Path, interpreters: Sequence[Interpreter]
) -> Iterator[tuple[Measure, Measure]]:
    """Measure both in turn; what ran once before is measured warm."""
    for number in range(rounds + 1):
        each = _measured([_BUILD_EACH], source, folder, tools=tools, interpreters=interpreters)
        ours = _measured([_BUILD, _QA], source, folder, tools=tools, interpreters=interpreters)
        if number:
            yield each, ours


def _measured(
    scripts: Sequence[str], source: Path, folder: Path, *, tools: Path, interpreters: Sequence[Interpreter]
) -> Measure:
    """Run scripts one after the other on one work directory, and measure the last."""
    place = folder / "quality"
    shutil.copytree(source, place / "source", symlinks=True)
    environ = {
        **benchmark_environ(tools),
        "SOURCE": str(place / "source"),
        "WORK": str(place / "work"),
        "TOOLS": str(tools),
        "IMPLS": " ".join(one.name for one in interpreters),
    }
    try:
        return [measure(script, environ=environ, log=folder / "log") for script in scripts][-1]
    finally:
        shutil.rmtree(place)


def _judged(ratio: float) -> str:
    return f"{ratio:.2f} ({'at most' if ratio <= GOAL else '**more than**'} {GOAL:.2f})"
