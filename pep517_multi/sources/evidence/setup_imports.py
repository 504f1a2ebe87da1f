"""Modules of the project itself that its ``setup.py`` imports or executes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import assignments, is_literal, module_file, parse, times_bound
from pep517_multi.sources.evidence.setup_effects import Running, has_effect
from pep517_multi.sources.evidence.setup_names import LOADED_AT_START, QUIET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class LocalModules:
    """Judges modules below ``tree``.

    :param judge: given the name of a file below ``tree`` and its syntax tree, says what first is not harmless in it.
    """

    tree: Path
    judge: Callable[[str, ast.Module], str | None]
    _known: dict[str, str | None] = field(default_factory=dict)

    def file(self, module: str) -> Path | None:
        """Return the file of ``module``, ``None`` where it is no module of the project."""
        return module_file((self.tree, self.tree / "src"), module)

    def is_ambiguous(self, module: str) -> bool:
        """Whether the project has several files that may be ``module``, by the folder from which it is imported."""
        own = module.replace(".", "/")
        found = (path for ending in (f"{own}.py", f"{own}/__init__.py") for path in self.tree.rglob(ending))
        return len([*islice(found, 2)]) > 1

    def is_literal(self, module: str, name: str) -> bool:
        """Whether ``name`` is bound once in ``module``, to a literal."""
        path = self.file(module)
        tree = parse(path) if path is not None else None
        if tree is None or times_bound(tree, name) != 1:
            return False
        values = [*assignments(tree, name)]
        return len(values) == 1 and is_literal(values[0])

    def is_quiet(self, module: str) -> bool:
        """Whether an import of ``module``, with all that it imports, does nothing besides making values."""
        running, entered = Running(), set[str]()
        return self._enters(module, running, entered) and all(
            self._is_quiet(node, package, running, entered) for node, package in running
        )

    def _enters(self, module: str, running: Running, entered: set[str]) -> bool:
        """Let ``module`` and the packages above it run, too; false where it cannot be told what that would do."""
        parts = module.split(".")
        for name in (".".join(parts[:end]) for end in range(1, len(parts) + 1)):
            if name in entered:
                continue
            entered.add(name)
            path = self.file(name)
            tree = parse(path) if path is not None else None
            if path is None and name != module:
                continue  # a namespace package
            if path is None or tree is None:
                return False
            running.add(tree, name if path.name == "__init__.py" else name.rpartition(".")[0])
        return True

    def _is_quiet(self, node: ast.AST, package: str, running: Running, entered: set[str]) -> bool:
        match node:
            case ast.ImportFrom(module=module, names=aliases, level=level):
                kept = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                origin = ".".join((*kept, *filter(None, [module])))
                found = [f"{origin}.{alias.name}" for alias in aliases if self.file(f"{origin}.{alias.name}")]
                return all(self._imports_quietly(name, running, entered) for name in (origin, *found))
            case ast.Import(names=aliases):
                return all(self._imports_quietly(alias.name, running, entered) for alias in aliases)
            case _:
                return not has_effect(node)

    def _imports_quietly(self, module: str, running: Running, entered: set[str]) -> bool:
        root = module.partition(".")[0]
        if self.file(root) is not None and root not in LOADED_AT_START:
            return self._enters(module, running, entered)
        return root in QUIET and root not in {"distutils", "setuptools", "pkg_resources"}

    def problem(self, module: str) -> str | None:
        """Return what first is not harmless in ``module`` and the packages above it, which are imported with it."""
        if module not in self._known:
            parts = module.split(".")
            files = [self.file(".".join(parts[:end])) for end in range(1, len(parts) + 1)]
            problems = (self.problem_of_file(path) for path in files if path is not None)
            self._known[module] = next(filter(None, problems), None)
        return self._known[module]

    def problem_of_name(self, module: str, name: str) -> str | None:
        """Return what first is not harmless where ``name``, perhaps a module itself, is imported from ``module``."""
        submodule = f"{module}.{name}"
        return self.problem(module if self.file(submodule) is None else submodule)

    def problem_of_file(self, path: Path) -> str | None:
        """Return what first is not harmless in a file of the project, ``None`` where all is."""
        filename = path.relative_to(self.tree).as_posix()
        module = parse(path)
        return f"{filename} cannot be parsed" if module is None else self.judge(filename, module)
