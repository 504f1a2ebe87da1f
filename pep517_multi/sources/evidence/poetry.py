"""poetry-core: pure unless there is a build script, which then always makes a platform wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.project import Finding, Project, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = frozenset({"poetry", "poetry-core"})
"""What may stand in ``requires``: poetry-core loads no plugins."""


def judge_poetry(project: Project) -> Iterator[Finding]:
    """Find a build script."""
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
