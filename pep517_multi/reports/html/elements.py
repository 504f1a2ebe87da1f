"""HTML as trees of the standard library, which escapes whatever is text; nothing here is ever pasted into markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from collections.abc import Iterable

Child: TypeAlias = "Element | str | None"
Value: TypeAlias = "str | int | float | None"

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, or they turn the direction of text around
    "\ud800-\udfff\ufffe\uffff]"  # no characters at all: undecodable bytes of a path
)
_UNDECODED = range(0xDC80, 0xDD00)  # how Python keeps such a byte, :pep:`383`


def element(tag: str, /, *children: Child, **attributes: Value) -> Element:
    """Return an element; ``None`` among ``children`` and ``attributes`` is left out.

    :param attributes: ``class_`` and ``aria_label`` become ``class`` and ``aria-label``.
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), visible(_shown(value)))
    append(made, children)
    return made


def append(parent: Element, children: Iterable[Child]) -> None:
    """Add ``children`` at the end of ``parent``."""
    for child in children:
        if isinstance(child, str):
            _append_text(parent, visible(child))
        elif child is not None:
            parent.append(child)


def visible(text: str) -> str:
    r"""Write out as ``\x1b``, ``\u202e`` what would hide in text, or change how other text looks."""
    return _UNSEEN.sub(_written_out, text)


def markup(root: Element) -> str:
    """Return the markup of a whole page."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in _UNDECODED:
        code -= 0xDC00
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - what two digits can say
