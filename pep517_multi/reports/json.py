"""The report as JSON."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pep517_multi.report import Report


def render(report: Report) -> str:
    """Return the report as JSON text, one line per value, ending in a newline.

    Bytes of a path that are no text are written as the escapes of JSON, so that the report itself is always UTF-8.
    """
    text = json.dumps(report.plain(), indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    text = resources.files("pep517_multi.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
