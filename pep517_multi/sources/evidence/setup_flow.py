"""Where a value of ``setup.py`` may get to: into extension modules and the tag alone, or into the rest of the wheel."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import is_literal, walked
from pep517_multi.sources.evidence.setup_names import EXTENSION_CALLS, SETUP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.sources.evidence.setup_bindings import Bindings

_ARGUMENTS = frozenset(
    {
        "define_macros", "depends", "extra_compile_args", "extra_link_args", "extra_objects", "include_dirs",
        "language", "libraries", "library_dirs", "py_limited_api", "runtime_library_dirs", "sources", "undef_macros",
    }
)  # fmt: skip
"""Arguments of ``Extension()`` that say how a module is compiled, and not whether there is one."""
_ADDING = frozenset({"append", "extend"})


class Flow:
    """Follows values through the assignments of one module; whatever it does not understand goes anywhere."""

    def __init__(self, module: ast.Module, bindings: Bindings) -> None:
        self._module = module
        self._bindings = bindings
        self._loads: dict[str, list[ast.Name]] = {}
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in walked(module):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    self._loads.setdefault(name, []).append(node)
                case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                    self._assigned.setdefault(name, []).append(value)
                case _:
                    pass
        self._above = {id(part): node for node in walked(module) for part in ast.iter_child_nodes(node)}

    def above(self, node: ast.AST) -> ast.AST | None:
        """Return the node that ``node`` is a part of."""
        return self._above.get(id(node))

    def ends_in_extensions(self, node: ast.AST) -> bool:
        """Whether the value of the expression ``node`` reaches nothing but compiled modules and the tag."""
        return self._ends(node, frozenset())

    def _ends(self, node: ast.AST, followed: frozenset[str]) -> bool:
        part, above = node, self._above.get(id(node))
        while isinstance(above, ast.expr) and not isinstance(above, _SCOPES):
            part, above = above, self._above.get(id(above))
        match above:
            case ast.keyword(arg=argument, value=value):
                call = self._above.get(id(above))
                return isinstance(call, ast.Call) and self._is_compiled_only(call, argument, value)
            case ast.Assign() | ast.AugAssign() | ast.If() | ast.Expr():
                return self._spent(above, part, followed)
            case _:
                return False

    def _is_compiled_only(self, call: ast.Call, argument: str | None, value: ast.expr) -> bool:
        if (self._bindings.dotted(call.func) or "").rpartition(".")[2] in EXTENSION_CALLS:
            return argument in _ARGUMENTS or (argument is None and self.holds_arguments(value))
        return self._bindings.dotted(call.func) in SETUP and argument == "options" and self.sets_tag_only(value)

    def _spent(self, statement: ast.stmt, part: ast.AST, followed: frozenset[str]) -> bool:
        """Whether a statement only binds names that reach nothing else, ``part`` being the expression in question."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
                return self._name_ends(name, followed)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if (
                method in _ADDING
            ):
                return self._name_ends(name, followed)
            case ast.If(test=test, body=body, orelse=orelse) if part is test:
                return all(
                    self._spent(below, below.test if isinstance(below, ast.If) else below, followed)
                    for below in (*body, *orelse)
                )
            case ast.Pass():
                return True
            case _:
                return False

    def _name_ends(self, name: str, followed: frozenset[str]) -> bool:
        if name in followed:
            return True
        seen = followed | {name}
        loads = self._loads.get(name, ())
        return all(self._is_added_to(load) or self._ends(load, seen) for load in loads)

    def _is_added_to(self, load: ast.Name) -> bool:
        """Whether ``load`` is the list of a statement ``list.append(…)``."""
        method = self._above.get(id(load))
        call = self._above.get(id(method)) if isinstance(method, ast.Attribute) and method.attr in _ADDING else None
        return isinstance(call, ast.Call) and isinstance(self._above.get(id(call)), ast.Expr)

    def holds_arguments(self, node: ast.expr) -> bool:
        """Whether ``**node`` can be nothing but such arguments."""
        values = self._values(node.id) if isinstance(node, ast.Name) else ()
        keys = [ast.literal_eval(value).keys() for value in values if isinstance(value, ast.Dict) and is_literal(value)]
        return len(keys) == len(values) > 0 and all(found <= _ARGUMENTS for found in keys)

    def sets_tag_only(self, node: ast.expr) -> bool:
        """Whether ``node`` gives options that say nothing but the stable ABI of the tag, or none."""
        match node:
            case ast.IfExp(body=one, orelse=other):
                return self.sets_tag_only(one) and self.sets_tag_only(other)
            case ast.Name(id=name):
                values = self._values(name)
                return bool(values) and all(map(self._is_tag_literal, values))
            case _:
                return self._is_tag_literal(node)

    def _values(self, name: str) -> Sequence[ast.expr]:
        """Return all that a name is bound to; nothing where it is bound or changed in another way."""
        found = self._assigned.get(name, ())
        fits = len(found) == self._bindings.times_bound(name) and not self._bindings.is_changed(name)
        return found if fits else ()

    @staticmethod
    def _is_tag_literal(node: ast.expr) -> bool:
        if not is_literal(node):
            return False
        options = ast.literal_eval(node)
        return options == {} or (
            isinstance(options, dict)
            and options.keys() == {"bdist_wheel"}
            and isinstance(options["bdist_wheel"], dict)
            and options["bdist_wheel"].keys() <= {"py_limited_api"}
        )


_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr, ast.Await, ast.Yield)
"""Expressions through which a value is not followed."""
