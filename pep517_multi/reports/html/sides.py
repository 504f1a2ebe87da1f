"""The two sides of a difference beside each other, made from the lines of a unified diff."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.reports.html.elements import element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.reports.html.elements import Child

_PLACE = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_PART = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.3
"""Which share of a line both sides must have in common at its ends for the rest to be marked as what differs."""


@dataclass(frozen=True)
class Line:
    """One line of one side: where it stands, with its sign in front."""

    number: int
    text: str


@dataclass(frozen=True)
class Pair:
    """Lines that stand beside each other; ``None`` where one side has none, twice the same where nothing differs."""

    one: Line | None
    other: Line | None

    @property
    def is_context(self) -> bool:
        """Whether both sides have the line."""
        return self.one is not None and self.one.text.startswith(" ")


def is_unified(lines: Sequence[str]) -> bool:
    """Whether lines are those of a unified diff, as :mod:`difflib` makes them."""
    return len(lines) > 2 and lines[0][:4] == "--- " and lines[1][:4] == "+++ " and bool(_PLACE.match(lines[2]))  # noqa: PLR2004


def pairs(lines: Sequence[str]) -> Iterator[Pair | str]:
    """Pair what a unified diff removes with what it adds in its place; the places of its hunks stay texts."""
    one = other = 0
    removed: list[Line] = []
    added: list[Line] = []
    for line in lines:
        place = _PLACE.match(line)
        if place or line[:1] not in {"-", "+"}:
            yield from _beside(removed, added)
            removed, added = [], []
        if place:
            one, other = map(int, place.groups())
            yield line
        elif line.startswith("-"):
            removed.append(Line(one, line))
            one += 1
        elif line.startswith("+"):
            added.append(Line(other, line))
            other += 1
        else:
            yield Pair(Line(one, line), Line(other, line))
            one, other = one + 1, other + 1
    yield from _beside(removed, added)


def _beside(removed: Iterable[Line], added: Iterable[Line]) -> Iterator[Pair]:
    return (Pair(one, other) for one, other in itertools.zip_longest(removed, added))


def sides(lines: Sequence[str], caption: str) -> Element:
    """Return a table with one side on the left and one on the right; where the page is narrow, one below the other."""
    heads = [element("th", line, scope="col", colspan=2) for line in lines[:2]]
    rows = [_hunk(pair) if isinstance(pair, str) else _row(pair) for pair in pairs(lines[2:])]
    return element(
        "table",
        element("caption", f"{caption}, both sides"),
        element("colgroup", *(element("col", class_=class_) for class_ in ("number", None) * 2)),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="sides",
    )


def _hunk(place: str) -> Element:
    return element("tr", element("td", place, colspan=4), class_="hunk")


def _row(pair: Pair) -> Element:
    if pair.is_context:
        return element("tr", *_cells(pair.one), *_cells(pair.other, class_="again"), class_="context")
    ends = _common_ends(pair.one.text[1:], pair.other.text[1:]) if pair.one and pair.other else (0, 0)
    one = _cells(pair.one, "del", ends) if pair.one else _nothing()
    other = _cells(pair.other, "ins", ends) if pair.other else _nothing()
    return element("tr", *one, *other)


def _cells(line: Line | None, tag: str = "span", ends: tuple[int, int] = (0, 0), class_: str = "") -> list[Element]:
    if line is None:
        return _nothing()
    number = element("td", str(line.number), class_=f"number {class_}".strip())
    text = element(tag, *_marked(line.text, ends))
    return [number, element("td", text, class_=f"{'' if tag == 'span' else tag} {class_}".strip() or None)]


def _nothing() -> list[Element]:
    return [element("td", class_="number none"), element("td", class_="none")]


def _marked(text: str, ends: tuple[int, int]) -> Iterator[Child]:
    """Mark what is between the ends of a line, which both sides have in common."""
    before, after = ends
    if not before and not after:
        yield text
        return
    end = len(text) - after
    yield text[: 1 + before]
    yield element("mark", text[1 + before : end]) if text[1 + before : end] else None
    yield text[end:]


def _common_ends(one: str, other: str) -> tuple[int, int]:
    """Return how many characters are the same at the beginning and at the end; 0 where these are few."""
    parts, others = _PART.findall(one), _PART.findall(other)
    before = _same(parts, others)
    after = _same(parts[before:][::-1], others[before:][::-1])
    lengths = sum(map(len, parts[:before])), sum(map(len, parts[len(parts) - after :]))
    return lengths if sum(lengths) >= _ALIKE * max(len(one), len(other)) else (0, 0)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    pairs_of_parts = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs_of_parts if left != right), min(len(one), len(other)))
