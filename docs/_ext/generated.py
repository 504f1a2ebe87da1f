"""A Sphinx directive whose content is Markdown made by a function while the documentation is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Callable

    from docutils import nodes


def directive(write: Callable[[str], str]) -> type[SphinxDirective]:
    """Return a directive with one argument, which gives the argument to ``write`` and parses what that answers."""

    class Generated(SphinxDirective):
        required_arguments: ClassVar[int] = 1
        final_argument_whitespace: ClassVar[bool] = True

        def run(self) -> list[nodes.Node]:
            try:
                markdown = write(self.arguments[0])
            except (ImportError, AttributeError, OSError, ValueError) as error:
                raise self.error(f"cannot write the reference of {self.arguments[0]}: {error}") from error
            return self.parse_text_to_nodes(markdown, allow_section_headings=True)

    return Generated
