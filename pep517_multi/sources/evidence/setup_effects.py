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
    from collections.abc import Iterable, Iterator
    from typing import TypeGuard

EFFECTS = frozenset(
    {
        "NamedTemporaryFile", "Popen", "call", "check_call", "check_output", "chmod", "copy2", "copyfile",
        "copytree", "dump", "eval", "exec", "exec_module", "link", "makedirs", "mkdir", "mkstemp", "move", "open",
        "popen", "rename", "rmtree", "run", "setup", "symlink", "symlink_to", "system", "touch", "unlink",
        "write_bytes", "write_text",
    }
)  # fmt: skip
"""Names of functions and methods that do something, be it by running a text; whoever writes has opened before."""


class Running:
    """Gives the nodes that imports may run: of functions only those whose name such code mentions, in any module.

    Modules may be added while it is gone through. A mere second name for something counts once it is mentioned itself.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[ast.AST, str, Bindings]] = []
        self._idle: dict[str, list[tuple[ast.AST, str, Bindings]]] = {}
        self._mentioned: set[str] = set()

    def add(self, module: ast.Module, package: str) -> None:
        """Add a module that is imported, whose relative imports start at ``package``."""
        bindings = Bindings(module)
        self._waiting += [(node, package, bindings) for node in module.body]

    def __iter__(self) -> Iterator[tuple[ast.AST, str]]:
        while self._waiting:
            node, package, bindings = self._waiting.pop()
            yield node, package
            parts: Iterable[ast.AST] = ast.iter_child_nodes(node)
            match node:
                case ast.If(test=test, body=body, orelse=orelse) if (known := _known(test, bindings)) is not None:
                    parts = body if known else orelse
                case ast.FunctionDef(name=name, body=body, args=arguments, decorator_list=decorators):
                    self._put_aside(name, [(part, package, bindings) for part in body])
                    parts = [arguments, *decorators]
                case ast.Assign(targets=targets, value=ast.Name() | ast.Attribute() as value) if _are_names(targets):
                    for target in targets:
                        self._put_aside(target.id, [(value, package, bindings)])
                    parts = []
                case ast.ImportFrom(names=aliases):
                    for alias in aliases:
                        if alias.asname:
                            self._put_aside(alias.asname, [(ast.Name(alias.name, ast.Load()), package, bindings)])
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    self._mentioned.add(name)
                    self._waiting += self._idle.pop(name, [])
                case _:
                    pass
            self._waiting += [(part, package, bindings) for part in parts]

    def _put_aside(self, name: str, parts: list[tuple[ast.AST, str, Bindings]]) -> None:
        """Let ``parts`` wait until ``name`` is mentioned."""
        if name in self._mentioned or (name.startswith("__") and name.endswith("__")):
            self._waiting += parts
        else:
            self._idle.setdefault(name, []).extend(parts)


def _are_names(targets: list[ast.expr]) -> TypeGuard[list[ast.Name]]:
    return all(isinstance(target, ast.Name) for target in targets)


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
