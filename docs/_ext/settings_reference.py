"""The table of all settings, written from the table that the program itself reads them with.

```{settings-reference} pep517_multi.settings
```
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from markup import code, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

    from pep517_multi.settings import Setting


def table(settings: Iterable[Setting], defaults: dict[str, Any]) -> str:
    """Return one row for each setting; ``defaults`` has values by attribute."""
    rows = ["| key | takes | default | environment | |", "|---|---|---|---|---|"]
    for setting in settings:
        default = _shown(defaults.get(setting.attribute))
        cells = code(setting.key), code(setting.takes), default, code(setting.variable), escaped(setting.help)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    """Show a default as a user would write it; nothing where there is none, or where the help tells it."""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, tuple):
        return code(",".join(map(str, value))) if value else ""
    return "" if value is None else code(str(value))


def _write(module: str) -> str:
    settings = import_module(module)
    defaults = {item.name: item.default for item in fields(settings.Settings) if item.default is not MISSING}
    return table(settings.SETTINGS, defaults)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    from generated import directive

    app.add_directive("settings-reference", directive(_write))
    return {"parallel_read_safe": True}
