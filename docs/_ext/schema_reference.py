"""The keys of a JSON document, written from its JSON Schema.

    ```{schema-reference} ../pep517_multi/reports/report.schema.json
    ```

The path is relative to this documentation's folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markup import code, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_DOCS = Path(__file__).parent.parent


def table(schema: dict[str, Any]) -> str:
    """Return one row for each key, nested ones with the path to them: ``impls[].seconds``."""
    rows = ["| key | value | |", "|---|---|---|"]
    rows += (
        f"| {code(path)} | {_value(entry)} | {escaped(entry.get('description', ''))} |"
        for path, entry in _entries(schema, "")
    )
    return "\n".join(rows) + "\n"


def _entries(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in schema.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield path, entry
        yield from _entries(entry, f"{path}.")
        yield from _entries(entry.get("items", {}), f"{path}[].")


def _value(entry: dict[str, Any]) -> str:
    if "const" in entry:
        return code(json.dumps(entry["const"]))
    if "enum" in entry:
        return ", ".join(code(json.dumps(value)) for value in entry["enum"])
    kinds = entry.get("type", "any value")
    named = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    items = entry.get("items", {}).get("type")
    return f"{named} of {items}s" if items else named


def _write(path: str) -> str:
    return table(json.loads((_DOCS / path).read_text(encoding="utf-8")))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    from generated import directive

    app.add_directive("schema-reference", directive(_write))
    return {"parallel_read_safe": True}
