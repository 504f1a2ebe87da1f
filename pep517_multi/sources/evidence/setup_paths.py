"""Which file of the project an ``exec()`` runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.sources.evidence.setup_bindings import Bindings

_OPEN = frozenset({"open", "io.open", "codecs.open"})
_SAME_PATH = frozenset({"pathlib.Path", "os.path.abspath", "os.path.realpath", "os.path.normpath", "str", "os.fspath"})
_MAX_DEPTH = 10
"""A path is followed through at most so many names."""


def executed_file(bindings: Bindings, call: ast.Call, tree: Path) -> Path | None:
    """Return the file below ``tree`` that ``exec(…)`` runs, or ``None`` where that cannot be told for certain."""
    if not call.args:
        return None
    parts = _Paths(bindings).of_content(call.args[0], _MAX_DEPTH)
    if not parts:
        return None
    path = tree.joinpath(*parts)
    return path if path.is_file() and path.resolve().is_relative_to(tree.resolve()) else None


def is_project_folder(bindings: Bindings, node: ast.expr) -> bool:
    """Whether ``node`` is certainly the path of the folder of ``setup.py``."""
    return _Paths(bindings).of_path(node, _MAX_DEPTH) in ([], ["."], [""])


class _Paths:
    """Evaluates expressions for paths; the folder of ``setup.py``, which is the current one, is the empty path."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings

    def of_content(self, node: ast.expr | None, depth: int) -> list[str] | None:
        """Return the path of the file whose content ``node`` is."""
        match node:
            case ast.Call(func=ast.Name(id="compile"), args=[source, *_]):
                return self.of_content(source, depth)
            case ast.Call(func=ast.Attribute(value=stream, attr="read"), args=[]):
                return self._of_stream(stream, depth)
            case ast.Call(func=ast.Attribute(value=path, attr="read_text" | "read_bytes")):
                return self.of_path(path, depth)
            case ast.Name() if depth:
                return self.of_content(self.bindings.value_at(node), depth - 1)
            case _:
                return None

    def _of_stream(self, node: ast.expr | None, depth: int) -> list[str] | None:
        match node:
            case ast.Name() if depth:
                return self._of_stream(self.bindings.value_at(node), depth - 1)
            case ast.Call(func=function, args=[path, *_]) if self.bindings.dotted(function) in _OPEN:
                return self.of_path(path, depth)
            case ast.Call(func=ast.Attribute(value=path, attr="open")):
                return self.of_path(path, depth)
            case _:
                return None

    def of_path(self, node: ast.expr | None, depth: int) -> list[str] | None:  # noqa: PLR0911 - one for each form
        """Return the path that ``node`` is."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Name(id="__file__"):
                return ["setup.py"]
            case ast.Name() if depth:
                return self.of_path(self.bindings.value_at(node), depth - 1)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], depth)
            case ast.Attribute(value=value, attr="parent"):
                return self._parent(value, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="resolve" | "absolute"), args=[]):
                return self.of_path(value, depth)
            case ast.Call(func=function, args=arguments):
                return self._of_call(self.bindings.dotted(function), arguments, depth)
            case _:
                return None

    def _of_call(self, function: str | None, arguments: list[ast.expr], depth: int) -> list[str] | None:
        if function == "os.path.join":
            return self._joined(arguments, depth)
        if function == "os.path.dirname" and len(arguments) == 1:
            return self._parent(arguments[0], depth)
        if function in _SAME_PATH and len(arguments) == 1:
            return self.of_path(arguments[0], depth)
        return None

    def _joined(self, nodes: list[ast.expr], depth: int) -> list[str] | None:
        joined: list[str] = []
        for node in nodes:
            parts = self.of_path(node, depth)
            if parts is None:
                return None
            joined += parts
        return joined

    def _parent(self, node: ast.expr, depth: int) -> list[str] | None:
        return [] if self.of_path(node, depth) == ["setup.py"] else None
