"""Which backend builds a tree: ``pyproject.toml`` read and its ``[build-system]`` validated.

:class:`build.ProjectBuilder` validates the table too, but tells neither the backend nor the backend path in public,
loses the order of the requirements and looks at neither their grammar nor where the backend path leads.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from pep517_multi.errors import SourceError
from pep517_multi.files import read_file
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

if sys.version_info >= (3, 11):  # noqa: TID251 - which TOML parser the driver itself has
    import tomllib
else:
    import tomli as tomllib

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)
_KEYS = ("requires", "build-backend", "backend-path")
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_BACKEND = re.compile(rf"{_DOTTED}(?::{_DOTTED})?")


def read_pyproject(tree: Path) -> Mapping[str, Any]:
    """Return the content of the tree's ``pyproject.toml``, empty where there is none.

    :raises SourceError: it cannot be read, or it is no TOML (with line and column).
    """
    return read_toml(tree / "pyproject.toml")


def read_toml(path: Path) -> Mapping[str, Any]:
    """Return the content of a TOML file of the source, empty where there is none.

    :raises SourceError: it cannot be read, or it is no TOML (with line and column).
    """
    try:
        return tomllib.loads(read_file(path).decode("utf-8").replace("\r\n", "\n"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8, as TOML must be: byte {error.start} is {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path} is no valid TOML: {error}") from error
    except RecursionError as error:
        raise SourceError(f"{path} is no usable TOML: it is nested too deeply") from error


def read_build_system(
    tree: Path, pyproject: Mapping[str, Any], *, begun: Callable[[BuildSystem], None] = lambda _: None
) -> BuildSystem:
    """Validate ``[build-system]`` (:pep:`517`, :pep:`518`) and fill in what it leaves open.

    :param pyproject: what :func:`read_pyproject` returned for ``tree``.
    :param begun: told of it as soon as the backend is certain: what a requirement is takes longer to find out.
    :raises SourceError: the table is wrong, or ``tree`` is no project at all.
    """
    system = _read_table(tree, pyproject)
    begun(system)
    _check_requirements(system.requires, tree / "pyproject.toml")
    return system


def _read_table(tree: Path, pyproject: Mapping[str, Any]) -> BuildSystem:
    file = tree / "pyproject.toml"
    if not file.is_file() and not (tree / "setup.py").is_file():
        raise SourceError(f"{tree} is no Python project: it has neither a pyproject.toml nor a setup.py")
    if "build-system" not in pyproject:
        if near := _near("build-system", pyproject):
            raise SourceError(f"{file} has a table [{near}] and no [build-system]; did you mean [build-system]?")
        return BuildSystem(LEGACY_BACKEND, LEGACY_REQUIRES, declared=False)
    table = pyproject["build-system"]
    if not isinstance(table, dict):
        raise SourceError(f"[build-system] in {file} must be a table")
    _check_keys(table, file)
    requires = _strings(table, "requires", file)
    backend = table.get("build-backend", LEGACY_BACKEND)
    if not isinstance(backend, str) or not _BACKEND.fullmatch(backend):
        raise SourceError(f'build-backend in {file} must name a module as in "package.module" or "module:object"')
    backend_path = _strings(table, "backend-path", file)
    for folder in backend_path:
        _check_backend_path(tree, folder)
    return BuildSystem(backend, requires, backend_path, declared="build-backend" in table)


def _check_keys(table: Mapping[str, Any], file: Path) -> None:
    for key in sorted(table.keys() - set(_KEYS)):
        near = _near(key, _KEYS)
        hint = f"; did you mean {near}?" if near else f"; it may hold {', '.join(_KEYS)}"
        raise SourceError(f"[build-system] in {file} has an unknown key {key}{hint}")
    if "requires" not in table:
        raise SourceError(f"[build-system] in {file} lacks requires, the list of what the build needs")


def _strings(table: Mapping[str, Any], key: str, file: Path) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SourceError(f"{key} of [build-system] in {file} must be a list of strings")
    return tuple(values)


def _check_requirements(requires: Iterable[str], file: Path) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    text = ""
    try:
        for text in requires:
            Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{file} requires {text!r} for the build, which is no requirement: {reason}") from error


def _check_backend_path(tree: Path, folder: str) -> None:
    root = tree.resolve()
    path = (tree / folder).resolve()
    if not path.is_relative_to(root):
        raise SourceError(f"backend-path in {tree / 'pyproject.toml'} leads out of the source: {folder!r}")
    if not path.is_dir():
        raise SourceError(f"backend-path in {tree / 'pyproject.toml'} names {folder!r}, which is no folder there")


def _near(name: str, known: Iterable[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), 1, cutoff=0.8)), None)
