"""Backends that make the same wheel whatever runs them: flit_core and uv_build."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import assignments, module_file, parse, times_bound
from pep517_multi.sources.evidence.project import Finding, Project, unknown
from pep517_multi.sources.evidence.setup_imports import LocalModules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MEDDLING = frozenset({"exec", "globals", "locals", "setattr", "vars"})
"""Functions by which a module may bind a name that is nowhere to be seen."""


def judge_uv(_project: Project) -> Iterator[Finding]:
    """Find nothing: uv_build is a program that runs no Python at all."""
    yield from ()


def judge_flit(project: Project) -> Iterator[Finding]:
    """Find out whether flit_core imports the module for its docstring or version, which it does if it reads none."""
    wanted = _wanted(project)
    if not wanted:
        return
    name = project.table("tool", "flit", "module").get("name")
    name = name or project.table("tool", "flit", "metadata").get("module") or project.table("project").get("name")
    module = str(name).replace("-", "_")
    path = module_file((project.path, project.path / "src"), module)
    tree = parse(path) if path is not None else None
    if path is None or tree is None:
        yield unknown(f"pyproject.toml: flit_core imports {name} for its {' and '.join(sorted(wanted))}")
        return
    where = path.relative_to(project.path).as_posix()
    stated = _states_version(tree, *_version_modules(path))
    if "version" in wanted and not (stated or (_imports_version(tree, path) and _is_quiet(project, module))):
        yield unknown(f"{where}: flit_core imports it for __version__, which is no string there")
    if "description" in wanted and not ast.get_docstring(tree):
        yield unknown(f"{where}: flit_core imports it for its docstring")
    elif "description" in wanted and not stated and times_bound(tree, "__doc__"):
        yield unknown(f"{where}: flit_core imports it for __version__, and takes the docstring that it makes of itself")


def _is_quiet(project: Project, module: str) -> bool:
    return LocalModules(project.path, lambda _name, _module: None).is_quiet(module)


def _wanted(project: Project) -> frozenset[str]:
    if "project" in project.pyproject:
        dynamic = project.table("project").get("dynamic", ())
        return frozenset(
            field for field in ("version", "description") if isinstance(dynamic, list) and field in dynamic
        )
    return frozenset({"version", "description"})  # [tool.flit.metadata] always takes both from the module


def _states_version(*modules: ast.Module) -> bool:
    """Whether one of ``modules`` has the version as a string, and none has anything else that flit_core might take."""
    values = [value for module in modules for value in assignments(module, "__version__")]
    stated = [value.value for value in values if isinstance(value, ast.Constant)]
    return bool(stated) and all(isinstance(value, str) and value for value in stated)


def _imports_version(module: ast.Module, path: Path) -> bool:
    """Whether the one ``__version__`` of a package is that of a module of its own, which states it once, as a string.

    flit_core then imports the package, which gives the same version whoever does it.
    """
    origins = [
        statement.module
        for statement in module.body
        if isinstance(statement, ast.ImportFrom)
        and statement.level == 1
        and any("__version__" == name.name == (name.asname or name.name) for name in statement.names)
    ]
    names = {part.id for part in ast.walk(module) if isinstance(part, ast.Name)}
    if path.name != "__init__.py" or len(origins) != 1 or times_bound(module, "__version__") != 1 or names & _MEDDLING:
        return False
    origin = module_file((path.parent,), origins[0] or "__init__")
    stating = parse(origin) if origin is not None else None
    return stating is not None and times_bound(stating, "__version__") == 1 and _states_version(stating)


def _version_modules(path: Path) -> Iterator[ast.Module]:
    """Yield the other places in which flit_core looks for the version of a package."""
    for name in ("version.py", "_version.py", "__version__.py"):
        module = parse(path.with_name(name)) if path.name == "__init__.py" else None
        if module is not None:
            yield module
