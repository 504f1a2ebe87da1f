"""Literal values in Python modules, read from their syntax trees as the backends themselves do it."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from pep517_multi.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def parse(path: Path) -> ast.Module | None:
    """Return the syntax tree of a file, or ``None`` where there is none, as with the grammar of Python 2.

    It is not to be changed: whoever asks for a file with the same content gets the same tree.
    """
    try:
        return _parsed(read_file(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=16)
def _parsed(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as invalid escapes: the project's affair
        return ast.parse(source)


def statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield all statements, and what holds some; expressions, of which most nodes are, hold none."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, field, ())
            waiting += inner if isinstance(inner, list) else ()  # the body of a lambda is an expression


def imported_roots(module: ast.Module) -> Iterator[str]:
    """Yield the top-level name of each module that is imported; what is imported relatively lies beside it anyway."""
    for node in statements(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def assignments(module: ast.Module, name: str) -> Iterator[ast.expr]:
    """Yield each value that a top-level statement ``name = value`` has."""
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
                yield statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield from (
                [statement.value] if isinstance(statement.target, ast.Name) and statement.target.id == name else []
            )


def is_literal(node: ast.expr) -> bool:
    """Whether :func:`ast.literal_eval` can evaluate ``node``."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def is_empty_literal(node: ast.expr) -> bool:
    """Whether ``node`` is a literal without content, as ``[]`` and ``None`` are."""
    return is_literal(node) and not ast.literal_eval(node)


@lru_cache(maxsize=16)
def walked(module: ast.Module) -> tuple[ast.AST, ...]:
    """Return all nodes of ``module`` in the order of :func:`ast.walk`, which is done once, however often asked for."""
    return tuple(ast.walk(module))


def times_bound(module: ast.Module, name: str) -> int:
    """Count the places anywhere in ``module`` that bind ``name``; an import of everything may bind it too."""
    bound = _bound(module)
    return bound[name] + bound["*"]


@lru_cache(maxsize=16)
def _bound(module: ast.Module) -> Counter[str]:
    """Count the places that bind each name, and as ``*`` those that import everything."""
    found: Counter[str] = Counter()
    for node in walked(module):
        match node:
            case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) | ast.arg(arg=bound):
                found[bound] += 1
            case ast.FunctionDef(name=bound) | ast.ClassDef(name=bound) | ast.ExceptHandler(name=str(bound)):
                found[bound] += 1
            case ast.alias(name=imported, asname=bound):
                found[bound or imported.partition(".")[0]] += 1
            case _:
                pass
    return found


def module_file(roots: Iterable[Path], module: str) -> Path | None:
    """Return the file of a module or package below the first of ``roots`` that has it."""
    parts = module.split(".")
    for root in roots:
        for path in (root.joinpath(*parts, "__init__.py"), root.joinpath(*parts[:-1], f"{parts[-1]}.py")):
            if path.is_file():
                return path
    return None
