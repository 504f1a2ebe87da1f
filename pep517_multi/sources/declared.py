"""Name, version and Requires-Python as a project declares them, without a guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pep517_multi.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_DIRECTIVES = ("attr:", "file:")
_PLAIN_HEADERS = re.compile(r"(?:[!-9;-~]+:[^\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]*\n)*(?:\n|\Z)")
"""Headers that each stand on a line of their own, and end where they should."""


class Declared(NamedTuple):
    """What is declared; ``None`` where nothing is, or where only a build would tell."""

    name: str | None
    version: str | None
    requires_python: str | None = None


def read_declared(tree: Path, pyproject: Mapping[str, Any]) -> Declared:
    """Look into ``[project]``, ``[tool.poetry]``, ``setup.cfg`` and the ``PKG-INFO`` of an sdist, in this order.

    A field that one place leaves open is taken from the next.
    """
    found = [look(tree, pyproject) for look in _PLACES]
    return Declared(
        next((declared.name for declared in found if declared.name), None),
        next((declared.version for declared in found if declared.version), None),
        next((declared.requires_python for declared in found if declared.requires_python), None),
    )


def _project(_tree: Path, pyproject: Mapping[str, Any]) -> Declared:
    return _from_table(pyproject.get("project"))


def _poetry(_tree: Path, pyproject: Mapping[str, Any]) -> Declared:
    tool = pyproject.get("tool")
    declared = _from_table(tool.get("poetry") if isinstance(tool, dict) else None)
    # Poetry's plugins for versions from version control need a placeholder here.
    return declared._replace(version=None) if declared.version in {"0", "0.0.0"} else declared


def _from_table(table: object) -> Declared:
    if not isinstance(table, dict):
        return Declared(None, None)
    return Declared(_text(table.get("name")), _text(table.get("version")), _text(table.get("requires-python")))


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _setup_cfg(tree: Path, _pyproject: Mapping[str, Any]) -> Declared:
    sections = read_setup_cfg(tree) or {}
    metadata = sections.get("metadata", {})
    version = _text(metadata.get("version"))
    version = None if (version or "").startswith(_DIRECTIVES) else version
    required = _text(sections.get("options", {}).get("python_requires"))
    return Declared(_text(metadata.get("name")), version, required)


def _pkg_info(tree: Path, _pyproject: Mapping[str, Any]) -> Declared:
    try:
        text = read_text(tree / "PKG-INFO", errors="replace")
    except OSError:
        return Declared(None, None)
    headers = _headers(text)
    return Declared(*(_text(headers.get(name)) for name in ("name", "version", "requires-python")))


def _headers(text: str) -> Mapping[str, str]:
    """Return the first header of each name, in lower case."""
    if plain := _PLAIN_HEADERS.match(text):  # what reads all others takes as long to import as ten of these modules
        lines = (line.partition(":") for line in plain.group().split("\n") if line)
        return {name.lower(): value.strip() for name, _, value in reversed([*lines])}
    from email.parser import HeaderParser

    headers = HeaderParser().parsestr(text, headersonly=True)
    return {name.lower(): value for name, value in reversed(headers.items())}


_PLACES: tuple[Callable[[Path, Mapping[str, Any]], Declared], ...] = (_project, _poetry, _setup_cfg, _pkg_info)


def read_setup_cfg(tree: Path) -> Mapping[str, Mapping[str, str]] | None:
    """Return the sections of ``setup.cfg``; keys in lower case with ``_`` for ``-``, as setuptools reads them.

    Empty where there is none; ``None`` where it cannot be parsed, which is the backend's to complain about.
    """
    try:
        text = read_text(tree / "setup.cfg")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        return None
    import configparser  # most projects have no such file any more

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {
        section: {key.replace("-", "_"): value for key, value in parser.items(section)} for section in parser.sections()
    }
