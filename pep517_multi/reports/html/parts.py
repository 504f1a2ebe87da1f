"""Small pieces that several sections of the page are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.reports.html.elements import element

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element

    from pep517_multi.report import ImplReport
    from pep517_multi.reports.html.elements import Child


def section(identifier: str, title: str, *content: Child) -> Element:
    """Return a part of the page, which a link can lead to."""
    heading = element("h2", title, id=f"{identifier}-title")
    return element("section", heading, *content, id=identifier, aria_labelledby=f"{identifier}-title")


def badge(text: str, kind: str | None = None) -> Element:
    """Return a word in a coloured box; the colour adds nothing to the word."""
    return element("span", text, class_=f"badge {kind or text}")


def tile(value: str, what: str, class_: str | None = None) -> Element:
    """Return a figure for the head of a page, with what it counts."""
    return element("li", element("strong", value), " ", element("span", what), class_=class_)


def code(text: str) -> Element:
    """Return a name, a path or a command as it is, whichever direction its script has."""
    return element("code", text)


def bullets(items: Iterable[Child], *, class_: str | None = None) -> Element:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items), class_=class_)


def facts(rows: Iterable[tuple[str, Child]]) -> Element | None:
    """Return names with their values; those without a value are left out, and nothing is left of none."""
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in rows if value is not None]
    return element("dl", *pairs) if pairs else None


def table(caption: str, columns: Sequence[Child], rows: Iterable[Element]) -> Element:
    """Return a table with headers, which scrolls by itself where the page is too narrow for it."""
    head = element("thead", element("tr", *(element("th", column, scope="col") for column in columns)))
    whole = element("table", element("caption", caption), head, element("tbody", *rows))
    return element("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def row(header: Child, *cells: Child) -> Element:
    """Return a row of a table."""
    return element("tr", element("th", header, scope="row"), *(element("td", cell) for cell in cells))


def place_of(number: int) -> str:
    """Return the identifier of what the page says of the implementation at place ``number`` of the report."""
    return f"impl-{number + 1}"


def link_to(impls: Sequence[ImplReport], name: str) -> Element:
    """Return the name of an implementation, as a link where the report has it."""
    number = next((number for number, entry in enumerate(impls) if entry.impl == name), None)
    return code(name) if number is None else element("a", code(name), href=f"#{place_of(number)}")
