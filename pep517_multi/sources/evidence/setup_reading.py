"""Statements that only read files: an error there comes from the files and not from the interpreter."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pep517_multi.sources.evidence.setup_bindings import Bindings

_FUNCTIONS = frozenset({"open", "io.open", "codecs.open", "pathlib.Path", "str", "os.fspath"})
_METHODS = frozenset(
    {"close", "decode", "join", "open", "read", "read_bytes", "read_text", "readlines", "splitlines", "strip"}
)
_MAX_DEPTH = 3


def reads_only(body: Iterable[ast.AST], bindings: Bindings, *, depth: int = _MAX_DEPTH) -> bool:
    """Whether all that is called in ``body`` opens files, reads them or makes their paths."""
    calls = (part for node in body for part in ast.walk(node) if isinstance(part, ast.Call))
    return all(_reads(call.func, bindings, depth) for call in calls)


def _reads(function: ast.expr, bindings: Bindings, depth: int) -> bool:
    dotted = bindings.dotted(function) or ""
    if dotted in _FUNCTIONS or dotted.startswith("os.path."):
        return True
    if isinstance(function, ast.Attribute):
        return function.attr in _METHODS
    if dotted in bindings.functions and depth:
        return reads_only(bindings.bodies_of(dotted), bindings, depth=depth - 1)
    return False
