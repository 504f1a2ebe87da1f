"""poetry-core: pure unless there is a build script, which then always makes a platform wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pep517_multi.sources.evidence.project import Finding, Project, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = frozenset({"poetry", "poetry-core"})
"""What may stand in ``requires``: poetry-core loads no plugins."""

_LAST_FOR_OLD, _OLD_PYTHON = "1.9.1", "3.8.20"


def judge_poetry(project: Project) -> Iterator[Finding]:
    """Find a build script, and metadata of which each version of poetry-core reads another half."""
    if project.table("project") and project.table("tool", "poetry").get("name") and _may_be_old(project):
        yield unknown("pyproject.toml: poetry-core 1, the last for Python 3.8, reads tool.poetry and not project")
    build = project.table("tool", "poetry").get("build")
    if isinstance(build, str):
        yield unknown(f"pyproject.toml: tool.poetry.build runs {build} for the wheel")
    elif isinstance(build, dict):
        if "script" in build:
            yield unknown(f"pyproject.toml: tool.poetry.build.script runs {build['script']} for the wheel")
        if build.get("generate-setup-file"):
            yield unknown("pyproject.toml: tool.poetry.build.generate-setup-file builds through a setup.py")
    elif build:
        yield unknown("pyproject.toml: tool.poetry.build is not of a form that could be recognised")


def _may_be_old(project: Project) -> bool:
    """Whether Python 3.8 may build, and with poetry-core 1."""
    requires_python = str(project.table("project").get("requires-python", ""))
    requirements = map(Requirement, project.build_system.requires)
    return all(
        requirement.specifier.contains(_LAST_FOR_OLD)
        for requirement in requirements
        if canonicalize_name(requirement.name) == "poetry-core"
    ) and _admits(requires_python, _OLD_PYTHON)


def _admits(specifiers: str, version: str) -> bool:
    try:
        return SpecifierSet(specifiers).contains(version)
    except InvalidSpecifier:
        return True
