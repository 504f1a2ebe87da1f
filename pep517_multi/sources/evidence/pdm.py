"""pdm-backend: pure unless there is a hook, a run of setuptools or another plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.project import Finding, Project, extension, is_one_of, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = frozenset({"pdm-backend"})
"""What may stand in ``requires``: anything else may register hooks by an entry point."""

_DEFAULT_HOOK = "pdm_build.py"
_VERSION_SOURCES = frozenset({"file", "scm"})


def judge_pdm(project: Project) -> Iterator[Finding]:
    """Find hooks of the project and settings that make the wheel a platform wheel."""
    build = project.table("tool", "pdm", "build")
    if "custom-hook" in build:
        yield unknown(f"pyproject.toml: tool.pdm.build.custom-hook runs {build['custom-hook']}")
    elif (project.path / _DEFAULT_HOOK).exists():
        yield unknown(f"{_DEFAULT_HOOK}: pdm-backend runs it as its hook")
    if build.get("run-setuptools"):
        yield extension("pyproject.toml: tool.pdm.build.run-setuptools serves to build extension modules")
    if build.get("is-purelib") is False:
        yield unknown("pyproject.toml: tool.pdm.build.is-purelib is false, so the tag is the builder's")
    version = project.table("tool", "pdm", "version")
    if version and not is_one_of(version.get("source", "file"), _VERSION_SOURCES):
        yield unknown(
            f"pyproject.toml: tool.pdm.version.source is {version['source']!r}, which runs code for the version"
        )
    if "version_format" in version:
        yield unknown("pyproject.toml: tool.pdm.version.version_format runs code for the version")
