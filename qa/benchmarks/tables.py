"""The figures of a benchmark as a Markdown table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers import OURS, OURS_AT_LOWEST, REPEAT, REUSE, TOOLS, UV

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark import Work

_MIB = 1 << 20


def table(works: Sequence[Work]) -> str:
    """Return one table of medians, and one of ratios with their goals."""
    lines = ["| work | tool | wall s | CPU s | memory MiB | processes |", "|---|---|---:|---:|---:|---:|"]
    for work in works:
        for tool in TOOLS:
            wall, cpu, memory = (work.median(tool.name, figure) for figure in ("wall", "cpu", "memory"))
            processes = work.processes[tool.name]
            lines.append(
                f"| {work.name} | {tool.name} | {wall:.2f} | {cpu:.2f} | {memory / _MIB:.0f} | {processes or '?'} |"
            )
    lines += [
        "",
        f"| work | / {REUSE} | / {REPEAT} | / {UV} | CPU / {REUSE} | / limit |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for work in works:
        limit = work.median(OURS, "wall") / work.limit.wall if work.limit else float("nan")
        lines.append(
            f"| {work.name} | {_judged(work.ratio(REUSE), work.pin['reuse'])} "
            f"| {_judged(work.ratio(REPEAT), work.pin['repeat'])} "
            f"| {_judged(work.ratio(UV, ours=OURS_AT_LOWEST), 1.0)} | {work.ratio(REUSE, 'cpu'):.2f} | {limit:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _judged(ratio: float, goal: float) -> str:
    return f"{ratio:.2f} ({'at most' if ratio <= goal else '**more than**'} {goal:.2f})"
