"""Code of the project that a backend runs because a text names it: version schemes, and entry points of setuptools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pep517_multi.sources.evidence.project import Finding, Project, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TABLES = ("setuptools_scm", "setuptools-scm", "vcs-versioning", "vcs_versioning")
_SCHEMES = frozenset({"version_scheme", "local_scheme", "parse", "version_cls"})
_COMMANDS = frozenset({"describe_command", "git_describe_command"})
_CODE = re.compile(r"\s*[\w.]+\s*:\s*[\w.]+\s*")
_HOOKS = re.compile(
    r"(?m)^\s*\[?\s*(?:distutils\.(?:commands|setup_keywords)|egg_info\.writers|setuptools(?:_scm)?\.\w+)\s*(?:\]|$)"
)


def names_hook(text: str) -> bool:
    """Whether ``text`` is, or has as the head of a section, a group of entry points that setuptools itself loads."""
    return _HOOKS.search(text) is not None


def names_code(text: object) -> bool:
    """Whether ``text`` has the form ``module:function``."""
    return isinstance(text, str) and _CODE.fullmatch(text) is not None


def judge_scm(project: Project) -> Iterator[Finding]:
    """Find schemes in ``pyproject.toml`` that run code of the project."""
    for name in _TABLES:
        yield from judge_schemes(project.table("tool", name), f"pyproject.toml: tool.{name}")


def judge_schemes(options: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """Find schemes among ``options`` that run code of the project."""
    for key, value in options.items():
        texts = value if isinstance(value, list) else [value]
        if isinstance(value, dict):
            yield from judge_schemes(value, f"{where}.{key}")
        if key in _COMMANDS and (value.split() if isinstance(value, str) else texts)[:1] != ["git"]:
            yield unknown(f"{where}.{key} runs a program for the version")
        if key.replace("-", "_") in _SCHEMES and any(map(names_code, texts)):
            yield unknown(f"{where}.{key} runs code for the version")
