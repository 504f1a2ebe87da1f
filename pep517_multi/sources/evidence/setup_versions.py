"""Comparisons with the version of Python that come out the same for every Python that is supported.

Many a ``setup.py`` still asks whether this is Python 2; the answer makes no wheel differ.
"""

from __future__ import annotations

import ast
import operator
from itertools import product
from typing import TYPE_CHECKING, Any

from pep517_multi.interpreters.interpreter import SUPPORTED_FROM
from pep517_multi.sources.evidence.literals import is_literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pep517_multi.sources.evidence.setup_bindings import Bindings

_OLDEST = min(SUPPORTED_FROM.values())
_VERSIONS = tuple(product((3,), range(_OLDEST[1], 100), (0, 99), ("alpha", "final"), (0, 99)))
"""The extremes of every ``sys.version_info`` that can be met."""

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def decided(node: ast.expr, bindings: Bindings) -> bool | None:
    """Return what the condition ``node`` is for every supported Python, ``None`` where that cannot be said."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            known = decided(operand, bindings)
            return None if known is None else not known
        case ast.Compare(left=left, ops=[compared], comparators=[right]) if type(compared) in _OPERATORS:
            values = _values(left, bindings), _values(right, bindings)
            if values.count(None) == 1:
                return _outcome(_OPERATORS[type(compared)], *_sides(left, right, values))
            return None
        case _:
            return None


def spares_newer(node: ast.expr, bindings: Bindings) -> bool:
    """Whether ``node`` is a lower bound: true from some version of Python on, whatever else the interpreter is."""
    return _is_bound(node, bindings, above=True)


def spares_older(node: ast.expr, bindings: Bindings) -> bool:
    """Whether ``node`` is true for no version but those below some, whatever else the interpreter is."""
    return _is_bound(node, bindings, above=False)


def stops_below(node: ast.expr, bindings: Bindings) -> int:
    """Return the first minor version of Python 3 from which on ``node`` is certainly false; 0 where it always is."""
    minors = range(_VERSIONS[-1][1], _OLDEST[1] - 1, -1)
    return next((minor + 1 for minor in minors if _may_hold(node, bindings, minor)), 0)


def _may_hold(node: ast.expr, bindings: Bindings, minor: int) -> bool:
    """Whether ``node``, a bound on versions, may be true for a Python of this minor version."""
    outcomes = _outcomes(node, bindings, minor, depth=5)
    return outcomes is None or True in outcomes


def _outcomes(node: ast.expr, bindings: Bindings, minor: int, *, depth: int) -> set[bool] | None:
    """Return what ``node`` is for the versions of this minor version, ``None`` where that cannot be said."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            known = _outcomes(operand, bindings, minor, depth=depth)
            return None if known is None else {not outcome for outcome in known}
        case ast.Name() if depth and (value := bindings.only_value(node.id)) is not None:
            return _outcomes(value, bindings, minor, depth=depth - 1)
        case ast.Compare(left=left, ops=[compared], comparators=[right]) if type(compared) in _OPERATORS:
            left, right = _followed(left, bindings), _followed(right, bindings)
            values = _values(left, bindings), _values(right, bindings)
            if values.count(None) != 1:
                return None
            pairs = [*zip(*_sides(left, right, values), strict=False)]
            chosen = [pair for pair, version in zip(pairs, _VERSIONS, strict=False) if version[1] == minor]
            try:
                return {_OPERATORS[type(compared)](*pair) for pair in chosen}
            except TypeError:  # it would fail for everyone
                return None
        case _:
            return None


def _is_bound(node: ast.expr, bindings: Bindings, *, above: bool, depth: int = 5) -> bool:
    if decided(node, bindings) is not None:
        return True
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_bound(operand, bindings, above=not above, depth=depth)
        case ast.BoolOp(values=parts):
            return all(_is_bound(part, bindings, above=above, depth=depth) for part in parts)
        case ast.Name() if depth and (value := bindings.only_value(node.id)) is not None:
            return _is_bound(value, bindings, above=above, depth=depth - 1)
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE()], comparators=[right]):
            older, newer = left, right
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE()], comparators=[right]):
            older, newer = right, left
        case _:
            return False
    version, bound = (newer, older) if above else (older, newer)
    return _grows(_followed(version, bindings), bindings) and is_literal(_followed(bound, bindings))


def _followed(node: ast.expr, bindings: Bindings) -> ast.expr:
    """Return what a name that is bound only once stands for."""
    value = bindings.only_value(node.id) if isinstance(node, ast.Name) else None
    return node if value is None else value


def _grows(node: ast.expr, bindings: Bindings) -> bool:
    """Whether a newer Python never gives a smaller value; there is only one major version."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=1)) | ast.Attribute(value=value, attr="minor"):
            return _is_version(value, bindings)
        case ast.Attribute() if bindings.dotted(node) == "sys.hexversion":
            return True
        case _:
            return _values(node, bindings) is not None


def _sides(
    left: ast.expr, right: ast.expr, values: tuple[list[Any] | None, list[Any] | None]
) -> tuple[list[Any], list[Any]]:
    """Give a literal beside versions as often as there are versions; an empty side where it is none."""
    one, other = values
    if one is None:
        return [ast.literal_eval(left)] * len(other or ()) if is_literal(left) else [], other or []
    return one, [ast.literal_eval(right)] * len(one) if is_literal(right) else []


def _outcome(compare: Callable[[Any, Any], bool], one: list[Any], other: list[Any]) -> bool | None:
    try:
        outcomes = {compare(*pair) for pair in zip(one, other, strict=False)}
    except TypeError:  # it would fail for everyone
        return None
    return outcomes.pop() if len(outcomes) == 1 else None


def _values(node: ast.expr, bindings: Bindings) -> list[Any] | None:
    """Return what an expression made of ``sys.version_info`` is for each version, ``None`` for any other."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=0)) if _is_version(value, bindings):
            return [version[0] for version in _VERSIONS]
        case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=ast.Constant(value=int(end)), step=None)) if (
            _is_version(value, bindings)
        ):
            return [version[:end] for version in _VERSIONS]
        case ast.Attribute(value=value, attr="major") if _is_version(value, bindings):
            return [version[0] for version in _VERSIONS]
        case _ if _is_version(node, bindings):
            return [*_VERSIONS]
        case _:
            return None


def _is_version(node: ast.expr, bindings: Bindings) -> bool:
    """Whether ``node`` is ``sys.version_info`` itself, by a name that stands for nothing else."""
    if bindings.dotted(node) != "sys.version_info":
        return False
    roots = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return all(root in bindings.imported and root not in bindings.assigned for root in roots)
