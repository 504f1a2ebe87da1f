"""Sets in ``setup.py``: in which order one gives its members depends on the interpreter, so nobody may see the order.

``PYTHONHASHSEED`` settles the order for one version; CPython 3.11 hashes strings in another way than 3.10, and PyPy
keeps the order in which members were added. What ``path.rglob()`` finds comes in another order in CPython 3.12, and
again in 3.13.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import walked

if TYPE_CHECKING:
    from pep517_multi.sources.evidence.setup_bindings import Bindings
    from pep517_multi.sources.evidence.setup_flow import Flow

_MAKERS = frozenset({"frozenset", "set"})
_INDIFFERENT = frozenset({"all", "any", "bool", "frozenset", "len", "max", "min", "set", "sorted"})
_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
_GIVING_SETS = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
_WRITING = frozenset({"join", "write", "writelines"})
_KEEPING_ORDER_HIDDEN = frozenset(
    {"add", "clear", "difference_update", "discard", "isdisjoint", "issubset", "issuperset", "remove", "update"}
)


class Orders:
    """Follows sets through the expressions and names of one module."""

    def __init__(self, module: ast.Module, bindings: Bindings, flow: Flow) -> None:
        self._module = module
        self._bindings = bindings
        self._flow = flow

    def shows(self, node: ast.expr) -> bool:
        """Whether ``node`` makes a set, and something may come to depend on the order of its members."""
        return self._is_set(node) and self._is_seen(node, frozenset())

    def shows_walk(self, node: ast.expr) -> bool:
        """Whether ``node`` walks through folders, and a text may come to depend on the order of what it finds.

        A list of files is the same to setuptools in any order.
        """
        return self._writes_texts and self._is_walk(node) and self._is_seen(node, frozenset())

    def _is_walk(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(attr="rglob")):
                return True
            case ast.Call(func=ast.Attribute(attr="glob") as function, args=[ast.Constant(value=str(pattern))]):
                return "**" in pattern and self._bindings.dotted(function) != "glob.glob"
            case _:
                return False

    @cached_property
    def _writes_texts(self) -> bool:
        """Whether the module may put texts together."""
        return any(
            (isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Add))
            or (
                isinstance(part, ast.Attribute)
                and part.attr in _WRITING
                and self._bindings.dotted(part) != "os.path.join"
            )
            for part in walked(self._module)
        )

    def _is_set(self, node: ast.expr) -> bool:  # noqa: PLR0911 - one for each form
        match node:
            case ast.Set(elts=elements):
                return len(elements) > 1 or any(isinstance(element, ast.Starred) for element in elements)
            case ast.SetComp():
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=kind), attr=method)) if kind in _MAKERS:
                return method in _GIVING_SETS  # set.union(one, other)
            case ast.Call(func=function):  # an empty one may be filled later
                return self._bindings.dotted(function) in _MAKERS
            case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, _OPERATORS):
                if isinstance(operator, ast.Sub):
                    return self._is_view(left) or self._is_view(right)
                return not (self._is_number(left) and self._is_number(right))
            case _:
                return False

    def _is_view(self, node: ast.expr) -> bool:
        """Whether ``node`` gives the keys of a mapping, which can be reckoned with as a set can."""
        value = self._bindings.only_value(node.id) if isinstance(node, ast.Name) else node
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "keys"

    def _is_number(self, node: ast.expr) -> bool:
        """Whether ``node`` is certainly a number or a flag, of which ``|`` makes another."""
        match node:
            case ast.Constant(value=int()):
                return True
            case ast.BinOp(left=left, right=right):
                return self._is_number(left) and self._is_number(right)
            case _:
                return (self._bindings.dotted(node) or "").startswith("re.")

    def _is_seen(self, node: ast.AST, followed: frozenset[str]) -> bool:  # noqa: PLR0911 - one for each place
        above = self._flow.above(node)
        match above:
            case ast.BinOp(op=operator) if isinstance(operator, _OPERATORS):
                return self._is_seen(above, followed)
            case ast.Attribute(attr=method) if isinstance(call := self._flow.above(above), ast.Call):
                return method not in _KEEPING_ORDER_HIDDEN and (
                    method not in _GIVING_SETS or self._is_seen(call, followed)
                )
            case ast.Call(func=ast.Attribute(attr=method)):
                return method not in _KEEPING_ORDER_HIDDEN | _GIVING_SETS
            case ast.Call(func=function):
                return self._bindings.dotted(function) not in _INDIFFERENT
            case ast.comprehension(iter=walked_through) if walked_through is node:
                made = self._flow.above(above)
                return isinstance(made, ast.DictComp) or (made is not None and self._is_seen(made, followed))
            case ast.Compare():
                return False
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if test is node:
                return False
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
                return self._name_shows(name, followed)
            case _:
                return True

    def _name_shows(self, name: str, followed: frozenset[str]) -> bool:
        if name in followed:
            return False
        loads = (
            part
            for part in ast.walk(self._module)
            if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)
        )
        return any(self._is_seen(load, followed | {name}) for load in loads)
