"""Which lines of ``setup.py`` can reach what a wheel holds besides its extension modules.

A stable ABI settles what compiled modules depend on; what else of the interpreter a ``setup.py`` looks at matters only
where it can reach other files or the metadata that installers act on. Names are followed through assignments, calls on
them, functions and the conditions around; what is not followed is not reached, so this may only narrow doubts.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.sources.evidence.literals import walked
from pep517_multi.sources.evidence.setup_names import EXTENSION_CALLS
from pep517_multi.sources.evidence.version_signs import ASKS_FOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPILED = frozenset({"include_dirs", "libraries"})
"""Arguments of ``setup()`` that concern nothing but how modules are compiled. Which modules there are concerns more."""
_TAG = "options"
_PROSE = frozenset({"long_description", "long_description_content_type"})
"""What an index shows and nothing acts upon. A docstring is the one text that depends on the version unasked."""
_SAID_OF_MODULES = frozenset({"name", "optional"})
"""Arguments of an extension module that say more than how it is compiled."""


def reaching_lines(text: str, tree: ast.Module | None) -> frozenset[int] | None:
    """Return the numbers of the lines that can reach the contents; ``None`` where no call of ``setup()`` is found.

    :param tree: the syntax tree of ``text``, ``None`` where it is no Python.
    """
    if tree is None:
        return None
    reach = _Reach(tree, text)
    calls = {node for node in walked(tree) if isinstance(node, ast.Call) and _called(node) == "setup"}
    if not calls:
        return None
    for statement, _, scope in _statements(tree.body, (), ""):
        for call in (node for node in _own_nodes(statement) if node in calls):
            for keyword in call.keywords:
                reach.follow_argument(keyword, scope)
    return frozenset(reach.lines)


_Change: TypeAlias = "tuple[ast.stmt, tuple[ast.expr, ...]]"


class _Reach:
    """Follows names backwards from the arguments of ``setup()``; a scope is the name of a function, or empty."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self._text = text.splitlines()
        self.lines: set[int] = set()
        self._seen: set[tuple[str, str]] = set()
        self._imported: set[str] = set()
        self._changes: dict[tuple[str, str], list[_Change]] = defaultdict(list)
        named = (getattr(node, "id", getattr(node, "attr", "")) for node in walked(tree))
        self._has_docstrings = "__doc__" in named
        for statement, conditions, scope in _statements(tree.body, (), ""):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._imported |= {(name.asname or name.name).partition(".")[0] for name in statement.names}
            for name in _changed(statement):
                self._changes[scope, name].append((statement, conditions))

    def follow_argument(self, keyword: ast.keyword, scope: str) -> None:
        if keyword.arg is None:
            self._follow_arguments(keyword.value, scope)
        elif keyword.arg == _TAG:
            self._look_at(keyword.value, scope)
        elif keyword.arg in _PROSE and not self._has_docstrings:
            self._follow_prose(keyword.value, scope)
        elif keyword.arg not in COMPILED:
            self._follow(keyword.value, scope)

    def _follow_prose(self, value: ast.expr, scope: str) -> None:
        """Reach what prose is made of only if that asks for the version."""
        lines, seen = set(self.lines), set(self._seen)
        self._follow(value, scope)
        if not any(
            ASKS_FOR_VERSION.search(self._text[line - 1]) for line in self.lines - lines if line <= len(self._text)
        ):
            self.lines, self._seen = lines, seen

    def _look_at(self, value: ast.expr, scope: str) -> None:
        """Reach what is written there and where a name gets its value, but not what that depends on."""
        self._reach(value)
        if isinstance(value, ast.Name):
            for _, (statement, _) in self._changes_of(value.id, scope):
                self._reach(statement)

    def _follow_arguments(self, value: ast.expr, scope: str) -> None:
        """Follow a mapping of arguments: of a literal only what is more than compiled."""
        if isinstance(value, ast.Call):
            for keyword in value.keywords:
                self.follow_argument(keyword, scope)
            for argument in value.args:
                self._follow_arguments(argument, scope)
        elif isinstance(value, ast.Dict):
            for key, item in zip(value.keys, value.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
                self.follow_argument(ast.keyword(arg=name, value=item), scope)
        elif isinstance(value, ast.Name):
            for where, (statement, conditions) in self._changes_of(value.id, scope):
                self._follow_conditions(conditions, where)
                self._follow_change(statement, where)
        else:
            self._follow(value, scope)

    def _follow_change(self, statement: ast.stmt, scope: str) -> None:
        """Follow a statement that changes a mapping of arguments."""
        content = getattr(statement, "value", None)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Subscript) and isinstance(content, ast.expr):
            key = target.slice
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "?"
            self.follow_argument(ast.keyword(arg=name, value=content), scope)
        elif isinstance(content, ast.expr):
            self._follow_arguments(content, scope)

    def _follow(self, node: ast.AST, scope: str) -> None:
        inside = node.name if isinstance(node, ast.FunctionDef) else scope
        for name in sorted(self._reach(node)):
            for where, (statement, conditions) in self._changes_of(name, inside):
                self._follow_conditions(conditions, where)
                self._follow(statement, where)

    def _reach(self, node: ast.AST) -> set[str]:
        """Reach the lines of ``node``, but for how extension modules are compiled; return the names in it."""
        names: set[str] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if hasattr(one, "lineno"):
                self.lines.add(one.lineno)
            if isinstance(one, ast.Name):
                names.add(one.id)
            if isinstance(one, ast.Call) and _called(one) in EXTENSION_CALLS:
                said = (keyword for keyword in one.keywords if keyword.arg in _SAID_OF_MODULES)
                waiting += [one.func, *one.args[:1], *said]
            else:
                waiting += ast.iter_child_nodes(one)
        return names

    def _follow_conditions(self, conditions: tuple[ast.expr, ...], scope: str) -> None:
        for condition in conditions:
            names = {inner.id for inner in ast.walk(condition) if isinstance(inner, ast.Name)}
            asks = any(isinstance(inner, ast.Call | ast.Attribute) for inner in ast.walk(condition))
            if asks or not names <= self._imported:  # whether setuptools is there is no question
                self._follow(condition, scope)

    def _changes_of(self, name: str, scope: str) -> list[tuple[str, _Change]]:
        """Return where ``name`` gets its value, once, and in which scope; what is imported comes from elsewhere."""
        where = scope if self._changes[scope, name] else ""
        if (where, name) in self._seen or name in self._imported:
            return []
        self._seen.add((where, name))
        return [(where, change) for change in self._changes[where, name]]


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement, without those of statements inside it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.ExceptHandler)
        ]


def _statements(
    body: list[ast.stmt], conditions: tuple[ast.expr, ...], scope: str
) -> Iterator[tuple[ast.stmt, tuple[ast.expr, ...], str]]:
    """Yield each statement with the conditions under which it is run, and the function that it stands in."""
    for statement in body:
        yield statement, conditions, scope
        test = getattr(statement, "test", None) or getattr(statement, "iter", None)
        inner = (*conditions, test) if test is not None else conditions
        where = statement.name if isinstance(statement, ast.FunctionDef) else scope
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, part, []), inner, where)
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body, inner, where)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives a value to, or calls a method of."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.For):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            yield function.value.id


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
