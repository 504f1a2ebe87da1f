"""What the names of a module stand for."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import times_bound, walked
from pep517_multi.sources.evidence.setup_names import (
    COMMAND_MODULES,
    EXTENSION_CALLS,
    HARMLESS,
    IMPORTABLE,
    RISKY_BUILTINS,
    SETUP,
)

if TYPE_CHECKING:
    from typing import TypeGuard

_CANNOT_RUN_SETUP = frozenset(
    {"os", "sys", "io", "platform", "shutil", "subprocess", "textwrap", "time", "warnings", "webbrowser"}
)


class Bindings:
    """The names that a module binds anywhere, in whatever scope."""

    def __init__(self, module: ast.Module) -> None:
        self._module = module
        self.imported: dict[str, str] = {}
        """Name → the dotted name that it stands for."""
        self.plain: set[str] = set()
        """Names bound by assignments, loops, parameters, function definitions: to values that the module makes."""
        self.functions: set[str] = set()
        self.classes: set[str] = set()
        self.local: set[str] = set()
        """Names imported from modules of the project, which are judged where that is done."""
        for node in walked(module):
            self._bind(node)
        self.assigned = frozenset(self.plain)
        """Names bound otherwise than by an import or a class."""
        self.plain -= self.classes | set(self.imported) | RISKY_BUILTINS

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    name = alias.asname or alias.name.partition(".")[0]
                    self._bind_import(name, alias.name if alias.asname else name)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                for alias in aliases:
                    self._bind_from(alias, module or "", level)
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                self.plain.add(name)
            case ast.FunctionDef(name=name):
                self.plain.add(name)
                self.functions.add(name)
            case ast.ClassDef(name=name):
                self.classes.add(name)
            case _:
                pass

    def _bind_from(self, alias: ast.alias, module: str, level: int) -> None:
        name = alias.asname or alias.name
        if level == 0 and self._is_known(module, alias.name):
            self._bind_import(name, f"{module}.{alias.name}")
        else:
            self.plain.add(name)
            self.local.add(name)

    def _bind_import(self, name: str, dotted: str) -> None:
        """Let ``name`` stand for ``dotted``; where it may stand for something of another kind too, for neither."""
        known = self.imported.setdefault(name, dotted)
        if known != dotted and (_kind(known) is None or _kind(known) != _kind(dotted)):
            self.imported[name] = f"{name} (imported from several places)"

    @staticmethod
    def _is_known(module: str, name: str) -> bool:
        root = module.partition(".")[0]
        return root in {"setuptools", "distutils", "wheel"} or module in IMPORTABLE or f"{module}.{name}" in IMPORTABLE

    @cached_property
    def catches_calls(self) -> bool:
        """Whether a function of the module is called where an exception of it might be caught."""
        return any(
            isinstance(part, ast.Name) and part.id in self.functions | self.local
            for node in walked(self._module)
            if isinstance(node, ast.Try) and catches(node)
            for statement in node.body
            for part in ast.walk(statement)
        )

    def bodies_of(self, function: str) -> list[ast.stmt]:
        """Return the statements of every function of this name."""
        found = (node for node in walked(self._module) if isinstance(node, ast.FunctionDef) and node.name == function)
        return [statement for node in found for statement in node.body]

    def is_callable(self, name: str) -> bool:
        """Whether calling ``name`` runs nothing but what is judged elsewhere in the module."""
        return name in self.functions | self.local or isinstance(self.only_value(name), ast.Lambda)

    def dotted(self, node: ast.expr) -> str | None:
        """Return the full dotted name that ``node`` stands for, if it is a name or a chain of attributes of one."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                owner = self.dotted(value)
                return None if owner is None else f"{owner}.{attribute}"
            case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(module))]):
                return module
            case _:
                return None

    def value_at(self, name: ast.Name) -> ast.expr | None:
        """Return the value that ``name`` certainly has where it stands: bound by a ``with`` around it, or only once."""
        for node in walked(self._module):
            if isinstance(node, ast.With) and any(part is name for part in ast.walk(node)):
                values = [item.context_expr for item in node.items if _is_name(item.optional_vars, name.id)]
                stores = sum(_is_name(part, name.id) and isinstance(part.ctx, ast.Store) for part in ast.walk(node))
                if len(values) == stores == 1:
                    return values[0]
        return self.only_value(name.id)

    def only_value(self, name: str) -> ast.expr | None:
        """Return the value of a name that is bound exactly once, by ``name = value`` or ``with value as name``."""
        values: list[ast.expr] = []
        for node in walked(self._module):
            match node:
                case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                    values.append(value)
                case ast.withitem(context_expr=value, optional_vars=ast.Name(id=bound)) if bound == name:
                    values.append(value)
                case _:
                    pass
        return values[0] if len(values) == 1 and self.times_bound(name) == 1 else None

    def times_bound(self, name: str) -> int:
        """Count the places in the module that bind ``name``."""
        return times_bound(self._module, name)

    def is_changed(self, name: str) -> bool:
        """Whether what ``name`` stands for may be changed where it is: a method is called, an item set."""
        return name in self._used_in_part

    @cached_property
    def _used_in_part(self) -> frozenset[str]:
        """The names of which an attribute or an item is spoken of."""
        parts = (node.value for node in walked(self._module) if isinstance(node, (ast.Attribute, ast.Subscript)))
        return frozenset(part.id for part in parts if isinstance(part, ast.Name))

    def cannot_run_setup(self, node: ast.AST) -> bool:
        """Whether ``node``, apart from its parts, can certainly not lead to a call of ``setup()``."""
        modules: list[str] = []
        match node:
            case ast.Name(id=name):
                modules = [self.imported[name]] if name in self.imported else []
                return not self._runs_code(name) and _are_inert(modules)
            case ast.Call(func=ast.Name(id=name)):
                return name not in self.plain
            case ast.Call(func=function):
                return isinstance(function, ast.Attribute)
            case ast.Import(names=aliases):
                modules = [alias.name for alias in aliases]
            case ast.ImportFrom(module=module):
                modules = [module or ""]
            case _:
                pass
        return _are_inert(modules)

    def _runs_code(self, name: str) -> bool:
        return name in self.functions | self.local | self.classes | RISKY_BUILTINS


def catches(node: ast.Try) -> bool:
    """Whether an exception may end here: a handler takes it, or the way out of ``finally`` drops it."""
    leaves = (ast.Return, ast.Break, ast.Continue)
    return bool(node.handlers) or any(isinstance(part, leaves) for last in node.finalbody for part in ast.walk(last))


def _kind(dotted: str) -> str | None:
    """Return why whatever has this dotted name is as good as another of its kind, ``None`` where it is not."""
    kinds = {
        "setup": dotted in SETUP,
        "harmless": dotted in HARMLESS,
        "command": f"{dotted}.".startswith(COMMAND_MODULES),
        "extension": dotted.rpartition(".")[2] in EXTENSION_CALLS,
    }
    return next((kind for kind, fits in kinds.items() if fits), None)


def _is_name(node: ast.AST | None, name: str) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and node.id == name


def _are_inert(modules: list[str]) -> bool:
    return all(module.partition(".")[0] in _CANNOT_RUN_SETUP for module in modules)
