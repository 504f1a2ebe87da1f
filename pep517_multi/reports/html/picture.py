"""What was built and what was reused, as a picture: each wheel lies over the implementations that it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.html.drawing import PILL, arrows, dot, fitted, label, length, lines, pill
from pep517_multi.reports.html.elements import append, element

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.report import ImplReport
    from pep517_multi.reports.html.drawing import Point
    from pep517_multi.reports.html.spans import Span

_WIDTH = 1040.0
_WIDEST = 300.0
_NARROW = 360.0
_MOST_COLUMNS = 12
_GAP = 6.0
_PAD = 14.0
_LINE = 17.0
_BUS = 22.0
_HEAD = 52.0
_ROW = 54.0
_LANE = 44.0
_TEXT = 200.0


def picture(impls: Sequence[ImplReport], laid: Sequence[Span]) -> Element:
    """Return the figure of wheels: implementations as columns where there is room for that, else as rows."""
    narrow = _rows(impls, laid)
    if len(impls) > _MOST_COLUMNS:
        return element("figure", narrow, _caption(laid), class_="picture")
    narrow.set("class", "narrow")
    return element("figure", _columns(impls, laid), narrow, _caption(laid), class_="picture")


def told(impls: Sequence[ImplReport], span: Span) -> str:
    """Say in words what the picture shows of one box."""
    names = [impls[place].impl for place in span.places]
    if span.wheel is None:
        return f"{names[0]}: {span.kind}, no wheel."
    if span.built_by is None:
        return f"{span.wheel}: a ready wheel for {', '.join(names)}."
    reusing = ", ".join(impls[place].impl for place in span.reusing)
    differing = ", ".join(impls[place].impl for place, action in span.marks if action == "differs")
    more = f" A fresh build differs for {differing}." if differing else ""
    return f"{span.wheel}: built by {span.built_by}{', reused for ' if reusing else ''}{reusing}.{more}"


def _caption(laid: Sequence[Span]) -> Element:
    elsewhere = sorted({span.built_by for span in laid if span.wheel and span.built_by and span.builder is None})
    text = "Each box is one wheel, with the implementations that it serves."
    if any(span.reusing for span in laid):
        text += " An arrow leads from the build to whoever reuses its wheel."
    if elsewhere:
        text += f" Built by an implementation that is not part of this report: {', '.join(elsewhere)}."
    return element("figcaption", text)


def _svg(name: str, size: tuple[float, float], impls: Sequence[ImplReport], laid: Sequence[Span]) -> Element:
    title = element("title", "What was built, and which implementations reuse it", id=f"{name}-title")
    words = element("desc", " ".join(told(impls, span) for span in laid), id=f"{name}-words")
    return element(
        "svg",
        title,
        words,
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        width=size[0],
        height=size[1],
        role="img",
        aria_labelledby=f"{name}-title {name}-words",
        class_=name,
    )


def _columns(impls: Sequence[ImplReport], laid: Sequence[Span]) -> Element:
    wide = round(min(_WIDTH / len(impls), _WIDEST), 1)
    labels = [lines(span.wheel or "no wheel", span.tag, _box(span, wide)[1] - 16) for span in laid]
    heights = [_height(span, text) for span, text in zip(laid, labels, strict=True)]
    lanes = range(max(span.lane for span in laid) + 1)
    highest = [max(high for span, high in zip(laid, heights, strict=True) if span.lane == lane) for lane in lanes]
    tops = [_HEAD + sum(highest[:lane]) + 2 * _GAP * lane for lane in lanes]
    size = (wide * len(impls), tops[-1] + highest[-1] + 1)
    svg = _svg("wide", size, impls, laid)
    append(svg, [part for place, entry in enumerate(impls) for part in _heading(entry, place, wide, impls)])
    for span in laid:
        append(svg, [_guide(place, wide, tops[span.lane]) for place in span.places])
    for span, text in zip(laid, labels, strict=True):
        svg.append(_card(span, text, wide=wide, top=tops[span.lane], high=highest[span.lane]))
    return svg


def _box(span: Span, wide: float) -> tuple[float, float]:
    """Return where the box of a wheel begins, and its width."""
    return span.first * wide + _GAP, (span.last - span.first + 1) * wide - 2 * _GAP


def _height(span: Span, text: Sequence[str]) -> float:
    bus = _BUS if span.reusing else 8
    return _PAD + _LINE * len(text) + bus + PILL[1] + _PAD


def _heading(entry: ImplReport, place: int, wide: float, impls: Sequence[ImplReport]) -> tuple[Element, Element]:
    longest = max(length(other.impl, 1) for other in impls)
    size = max(11.0, min(14.0, round((wide - 6) / longest, 1)))
    middle = (place + 0.5) * wide
    name = label(fitted(entry.impl, wide - 6, size), middle, 16, class_="impl", anchor="middle", size=size)
    full = f"{entry.implementation} {entry.version}"
    version = full if length(full, 11) <= wide - 6 else fitted(entry.version, wide - 6, 11)
    return name, label(version, middle, 34, class_="version", anchor="middle")


def _guide(place: int, wide: float, bottom: float) -> Element:
    middle = (place + 0.5) * wide
    return element("line", x1=middle, x2=middle, y1=42, y2=bottom, class_="guide")


def _card(span: Span, text: Sequence[str], *, wide: float, top: float, high: float) -> Element:
    left, width = _box(span, wide)
    group = element("g", element("rect", x=left, y=top, width=width, height=high, rx=10), class_=f"card {span.kind}")
    group.append(element("title", span.wheel or f"no wheel: {span.kind}"))
    y = top + high - _PAD - PILL[1] / 2
    for number, line in enumerate(text):
        at = top + _PAD + _LINE * (number + 0.65)
        group.append(label(line, left + width / 2, at, class_="file", anchor="middle"))
    bus = y - PILL[1] / 2 - _BUS + 7
    start = left if span.builder is None else (span.builder + 0.5) * wide
    stem = [(start, bus)] if span.builder is None else [(start, y - PILL[1] / 2), (start, bus)]
    ways = [(place + 0.5) * wide for place in span.reusing]
    append(group, arrows(stem, [((way, bus), (way, y - PILL[1] / 2 - 1)) for way in ways]))
    for place, action in span.marks:
        group.append(pill((place + 0.5) * wide, y, action))
    return group


def _rows(impls: Sequence[ImplReport], laid: Sequence[Span]) -> Element:
    lanes = max(span.lane for span in laid) + 1
    text_at = lanes * _LANE + 10
    size = (max(_NARROW, text_at + _TEXT), _ROW * len(impls) + 1)
    svg = _svg("rows", size, impls, laid)
    for span in laid:
        svg.append(_upright_card(span, span.lane * _LANE))
        for place in span.places:
            append(svg, _row_text(impls[place], span, at=(text_at, (place + 0.5) * _ROW), room=size[0] - text_at))
    return svg


def _upright_card(span: Span, left: float) -> Element:
    top, bottom = span.first * _ROW + 3, (span.last + 1) * _ROW - 3
    rect = element("rect", x=left + 1, y=top, width=_LANE - 4, height=bottom - top, rx=9)
    group = element("g", rect, class_=f"card {span.kind}")
    x, bus = left + 27, left + 10
    start = top if span.builder is None else (span.builder + 0.5) * _ROW
    stem = [(bus, start)] if span.builder is None else [(x - 7, start), (bus, start)]
    ways = [(place + 0.5) * _ROW for place in span.reusing]
    append(group, arrows(stem, [((bus, way), (x - 8, way)) for way in ways]))
    for place, action in span.marks:
        group.append(dot(x, (place + 0.5) * _ROW, action))
    return group


def _row_text(entry: ImplReport, span: Span, *, at: Point, room: float) -> tuple[Element, Element]:
    what: str = entry.action
    if entry.action == "reused" and entry.built_by:
        what = f"reused from {entry.built_by}"
        if (entry.qa.verdict if entry.qa else None) == "differs":
            what += ", differs"
    elif entry.action == "built" and span.tag:
        what = f"built {span.tag}"
    elif entry.action == "reused":
        what = "ready wheel"
    x, y = at
    name = label(fitted(entry.impl, room, 14), x, y - 3, class_="impl", size=14)
    return name, label(fitted(what, room, 11), x, y + 15, class_="version")
