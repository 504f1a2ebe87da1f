"""A page: its head, its navigation, its sections; complete in itself, without scripts."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.reports.html.elements import element, markup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

Section: TypeAlias = "tuple[str, str, Element | None]"
"""Identifier, name in the navigation, content; a section without content is left out."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing. A name that got past the escaping could still do no harm."""


def page(title: str, *, header: Element, sections: Iterable[Section], footer: str) -> str:
    """Return the markup of a whole page."""
    shown = [(identifier, name, content) for identifier, name, content in sections if content is not None]
    links = [element("li", element("a", name, href=f"#{identifier}")) for identifier, name, _ in shown]
    nav = element("nav", element("ul", *links), aria_label="Sections") if links else None
    main = element("main", *(content for _, _, content in shown))
    body = element("body", header, nav, main, element("footer", footer))
    return markup(element("html", _head(title), body, lang="en"))


def _head(title: str) -> Element:
    style = resources.files("pep517_multi.reports.html").joinpath("style.css").read_text(encoding="utf-8")
    policy = element("meta", content=_POLICY)
    policy.set("http-equiv", "Content-Security-Policy")
    return element(
        "head",
        element("meta", charset="utf-8"),
        policy,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
