"""What an import of a module runs, and whether that could do more than make values.

What such values are does not matter where only a literal of the module is used. Files that are written, programs that
are run and modules that nobody knows do.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.setup_bindings import Bindings
from pep517_multi.sources.evidence.setup_versions import decided

if TYPE_CHECKING:
    from collections.abc import Iterator

EFFECTS = frozenset(
    {
        "NamedTemporaryFile", "Popen", "call", "check_call", "check_output", "chmod", "compile", "copy2", "copyfile",
        "copytree", "dump", "eval", "exec", "exec_module", "link", "makedirs", "mkdir", "mkstemp", "move", "open",
        "popen", "rename", "rmtree", "run", "setup", "symlink", "symlink_to", "system", "touch", "unlink",
        "write_bytes", "write_text",
    }
)  # fmt: skip
"""Names of functions and methods that do something, be it by running a text; whoever writes has opened before."""


def running(module: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that an import may run: of functions, only those whose name such code mentions."""
    bindings = Bindings(module)
    waiting: list[ast.AST] = [*module.body]
    functions: dict[str, list[ast.stmt]] = {}
    mentioned: set[str] = set()
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case ast.If(test=test, body=body, orelse=orelse) if (known := _known(test, bindings)) is not None:
                waiting += body if known else orelse
            case ast.FunctionDef(name=name, body=body, args=arguments, decorator_list=decorators):
                waiting += [arguments, *decorators]
                functions.setdefault(name, []).extend(body)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                mentioned.add(name)
                waiting += ast.iter_child_nodes(node)
            case _:
                waiting += ast.iter_child_nodes(node)
        for name in [*functions]:
            if name in mentioned or (name.startswith("__") and name.endswith("__")):
                waiting += functions.pop(name)


def _known(test: ast.expr, bindings: Bindings) -> bool | None:
    value = bindings.only_value(test.id) if isinstance(test, ast.Name) else None
    return decided(test if value is None else value, bindings)


def has_effect(node: ast.AST) -> bool:
    """Whether ``node`` names something that does more than make a value."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in EFFECTS
        case _:
            return False
