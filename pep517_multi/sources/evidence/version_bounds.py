"""Conditions on the version of Python that have one turning point alone, so that no version is singled out by them.

``sys.version_info >= (3, 12)`` sets the versions from 3.12 on apart from those before, and no more. Of what is not
recognised, a version that is spoken of may be compared with ``==``: it may differ from both its neighbours.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BELOW_OR_FROM = (ast.Lt, ast.GtE)
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_TEXTS = (
    re.compile(r"""python(?:_full)?_version\s*(?:<|>=)\s*\\?["']3\.(?P<minor>\d{1,2})\\?["']"""),
    re.compile(r"""version_compare\(\s*["']\s*(?:<|>=)\s*3\.(?P<minor>\d{1,2})["']"""),
    re.compile(r"""VERSION_(?:LESS|GREATER_EQUAL)\s+["']?3\.(?P<minor>\d{1,2})\b(?!\.\d)"""),
)
"""A marker of a requirement, a condition of Meson, one of CMake."""
_SINCE = re.compile(r"""python_version\s*(?:<=|>)\s*\\?["']3\.(?P<before>\d{1,2})\\?["']""")


def without_bounds(text: str, module: ast.Module | None = None) -> tuple[str, frozenset[int]]:
    """Take such conditions out of ``text``, and return their turning points.

    Each is the first minor version of Python 3 on the other side.

    :param module: the syntax tree of ``text``, if it is a module of Python.
    """
    found: set[int] = set()
    lines = text.split("\n")
    for bound, first in _compared(module) if module is not None and "version_info" in text else ():
        if bound.lineno == bound.end_lineno and bound.lineno <= len(lines):
            line = lines[bound.lineno - 1].encode()
            start, end = bound.col_offset, bound.end_col_offset or bound.col_offset
            lines[bound.lineno - 1] = (line[:start] + b" " * (end - start) + line[end:]).decode("utf-8", "replace")
            found.add(first)

    def take(match: re.Match[str]) -> str:
        found.update(int(minor) + (kind == "before") for kind, minor in match.groupdict().items())
        return " "

    rest = "\n".join(lines)
    for pattern in (*_TEXTS, _SINCE):
        rest = pattern.sub(take, rest)
    return rest, frozenset(found)


def _compared(module: ast.Module) -> Iterator[tuple[ast.Tuple, int]]:
    """Yield each bound with which the version is compared, and its turning point."""
    for node in ast.walk(module):
        match node:
            case (
                ast.Compare(left=ast.Tuple() as bound, ops=[operator], comparators=[version])
                | ast.Compare(left=version, ops=[operator], comparators=[ast.Tuple() as bound])
            ) if isinstance(operator, _ORDERED):
                mirrored = bound is node.left
                first = _turning_point(version, operator, bound, mirrored=mirrored)
                if first is not None:
                    yield bound, first
            case _:
                pass


def _turning_point(version: ast.expr, operator: ast.cmpop, bound: ast.Tuple, *, mirrored: bool) -> int | None:
    match bound.elts:
        case [ast.Constant(value=3), ast.Constant(value=int(minor))]:
            pass
        case _:
            return None
    match version:
        case ast.Attribute(attr="version_info"):
            return minor  # five members are never equal to two
        case ast.Subscript(
            value=ast.Attribute(attr="version_info"),
            slice=ast.Slice(lower=None, upper=ast.Constant(value=2), step=None),
        ):
            from_bound = isinstance(operator, (ast.LtE, ast.Gt) if mirrored else _BELOW_OR_FROM)
            return minor if from_bound else minor + 1
        case _:
            return None
