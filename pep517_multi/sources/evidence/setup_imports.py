"""Modules of the project itself that its ``setup.py`` imports or executes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import assignments, is_literal, module_file, parse, times_bound

if TYPE_CHECKING:
    import ast
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

    def is_literal(self, module: str, name: str) -> bool:
        """Whether ``name`` is bound once in ``module``, to a literal."""
        path = self.file(module)
        tree = parse(path) if path is not None else None
        if tree is None or times_bound(tree, name) != 1:
            return False
        values = [*assignments(tree, name)]
        return len(values) == 1 and is_literal(values[0])

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
