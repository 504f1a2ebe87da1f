"""Text as Markdown."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Return ``text`` so that Markdown takes none of it for markup."""
    return "".join(f"\\{character}" if character in r"\`*_<>[]{}|#$~" else character for character in text)


def code(text: str) -> str:
    """Return ``text`` as code in a line or a table cell."""
    return "`" + text.replace("|", r"\|") + "`"
