"""The medians of a benchmark as a bar chart, in SVG, without a library."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from peers import OURS, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmark import Work

_COLOURS = {OURS: "#1b7f5c"}
_OTHERS = ("#8a96a8", "#a9b3c1", "#c5ccd6")
_LEFT, _WIDTH, _BAR, _GAP = 170, 560, 13, 16
_STYLE = "text{font:11px sans-serif;fill:#445} .work{font-weight:bold;fill:#112}"


def draw(works: Sequence[Work]) -> str:
    """Return a picture: for each package one bar per tool that compiles all levels, the longest one full width."""
    tools = [tool.name for tool in TOOLS if tool.levels == TOOLS[0].levels]
    colours = {**dict(zip([name for name in tools if name != OURS], _OTHERS, strict=True)), **_COLOURS}
    height = len(works) * (len(tools) * _BAR + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 60} {height}" role="img">',
        "<title>Seconds of wall time for four CPythons and three levels of optimisation</title>",
        f"<style>{_STYLE}</style>",
    ]
    for place, work in enumerate(works):
        top = _GAP + place * (len(tools) * _BAR + _GAP)
        parts += _group(work, tools, colours, top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _group(work: Work, tools: Sequence[str], colours: dict[str, str], top: int) -> Iterator[str]:
    yield f'<text class="work" x="4" y="{top + _BAR - 3}">{escape(work.name)}</text>'
    longest = max(work.median(tool, "wall") for tool in tools)
    for row, tool in enumerate(tools):
        seconds = work.median(tool, "wall")
        y, width = top + row * _BAR, seconds / longest * _WIDTH
        yield f'<text x="{_LEFT - 6}" y="{y + _BAR - 3}" text-anchor="end">{escape(tool)}</text>'
        yield f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{colours[tool]}"/>'
        yield f'<text x="{_LEFT + width + 5:.1f}" y="{y + _BAR - 3}">{seconds:.2f} s</text>'
