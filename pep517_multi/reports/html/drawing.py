"""What the pictures are drawn with: text that fits, pills, arrows; lengths in pixels."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.reports.html.elements import element, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

SMALL = 12.0
PILL = (64.0, 24.0)
Point: TypeAlias = "tuple[float, float]"
_RADIUS = 6.0
_ADVANCE = 0.61
"""Width of a character of a monospaced font, in its size; no usual one is wider."""


def length(text: str, size: float = SMALL) -> float:
    """Return how wide ``text`` becomes at most in a monospaced font; East Asian characters take two places."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text) * size * _ADVANCE


def fitted(text: str, room: float, size: float = SMALL) -> str:
    """Return ``text``, its middle left out where it is longer than ``room``."""
    text = visible(text)
    if length(text, size) <= room:
        return text
    kept = len(text)
    while kept > 1:
        kept -= 1
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if length(short, size) <= room:
            return short
    return "…"


def lines(name: str, tag: str | None, room: float) -> tuple[str, ...]:
    """Return the best label of a wheel for ``room``: its file name, else its tag in one line or two."""
    if tag is None or length(visible(name)) <= room:
        return (fitted(name, room),)
    if length(visible(tag)) <= room:
        return (tag,)
    python_abi, separator, platform = tag.rpartition("-")
    return (fitted(python_abi + separator, room), fitted(platform, room))


def label(
    text: str, x: float, y: float, *, class_: str, anchor: str | None = None, size: float | None = None
) -> Element:
    """Return text that begins at ``x``, or whose middle stands there (``anchor="middle"``)."""
    style = None if size is None else f"font-size:{size:g}px"
    return element("text", text, x=x, y=y, class_=class_, text_anchor=anchor, style=style)


def pill(x: float, y: float, action: str) -> Element:
    """Return the mark of an implementation around (x, y), which says what became of it."""
    wide, high = PILL
    rect = element("rect", x=x - wide / 2, y=y - high / 2, width=wide, height=high, rx=high / 2)
    return element("g", rect, label(action, x, y + 4, class_="word", anchor="middle"), class_=f"pill {action}")


def dot(x: float, y: float, action: str) -> Element:
    """Return the small mark of an implementation: full where it built, a ring where it reuses, else a cross."""
    ring = element("circle", cx=x, cy=y, r=7)
    cross = element("path", d=path("M", x - 3, y - 3, "l", 6, 6, "m", 0, -6, "l", -6, 6), class_="cross")
    return element("g", ring, cross if action in {"failed", "skipped", "differs"} else None, class_=f"pill {action}")


def arrows(stem: Sequence[Point], turns: Sequence[tuple[Point, Point]]) -> Iterator[Element]:
    """Draw arrows that share their way: along ``stem``, on in a straight line, then each round its corner to its tip.

    :param turns: a corner and a tip each; the corners and the end of the stem lie on one line.
    """
    end = stem[-1]
    whole = {
        *sorted(turn for turn in turns if turn[0] < end)[:1],
        *sorted(turn for turn in turns if turn[0] > end)[-1:],
    }
    for turn in turns:
        # What is drawn twice looks bolder, so the shorter ways begin where they leave the longest.
        start = stem if turn in whole else [_towards(turn[0], end)]
        yield from _arrow([*start, *turn])


def _arrow(points: Sequence[Point]) -> tuple[Element, Element]:
    """Return a line through ``points``, its corners rounded, and its head; each piece is level or upright."""
    (x, y), (tip_x, tip_y) = points[-2:]
    along_x, along_y = _sign(tip_x - x), _sign(tip_y - y)
    end = (tip_x - 5 * along_x, tip_y - 5 * along_y)
    steps: list[float | str] = ["M", *points[0]]
    for before, corner, after in zip(points, points[1:], [*points[2:-1], end], strict=False):
        for neighbour, letter in ((before, "L"), (after, "Q")):
            near = _towards(corner, neighbour)
            steps += [letter, *near] if letter == "L" else [letter, *corner, *near]
    steps += ["L", *end]
    back_x, back_y = tip_x - 7 * along_x, tip_y - 7 * along_y
    wings = (back_x - 4 * along_y, back_y - 4 * along_x, back_x + 4 * along_y, back_y + 4 * along_x)
    head = path("M", tip_x, tip_y, "L", *wings[:2], "L", *wings[2:], "Z")
    return element("path", d=path(*steps), class_="arrow"), element("path", d=head, class_="head")


def path(*steps: float | str) -> str:
    """Return path data."""
    return " ".join(step if isinstance(step, str) else f"{round(step, 2):g}" for step in steps)


def _towards(corner: Point, other: Point) -> Point:
    """Return the point where a rounded corner begins, on the level or upright way to ``other``."""
    away = other[0] - corner[0], other[1] - corner[1]
    radius = min(_RADIUS, max(abs(away[0]), abs(away[1])))
    return corner[0] + radius * _sign(away[0]), corner[1] + radius * _sign(away[1])


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
