"""The changes since the last release: every fragment in a folder, as one list.

    ```{changelog-fragments} changelog.d
    ```

The path is relative to this documentation's folder; its README.md is no fragment.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_DOCS = Path(__file__).parent.parent


def joined(folder: Path) -> str:
    """Return the fragments of ``folder`` as a Markdown list, in the order of their file names."""
    fragments = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    return "".join("- " + indent(path.read_text(encoding="utf-8").strip(), "  ")[2:] + "\n" for path in fragments)


def _write(folder: str) -> str:
    return joined(_DOCS / folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    from generated import directive

    app.add_directive("changelog-fragments", directive(_write))
    return {"parallel_read_safe": True}
