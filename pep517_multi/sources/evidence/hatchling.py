"""hatchling: pure unless a hook says otherwise. Everything may stand in ``pyproject.toml`` or in ``hatch.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_toml
from pep517_multi.sources.evidence.project import Finding, Project, extension, is_one_of, table, unknown
from pep517_multi.sources.evidence.requirements import EXTENSION_MAKERS, judge_requirements
from pep517_multi.sources.evidence.schemes import judge_schemes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLUGINS = frozenset(
    {
        "hatch-fancy-pypi-readme", "hatch-nodejs-version", "hatch-requirements-txt", "hatch-vcs", "hatchling",
        "setuptools-scm", "vcs-versioning",
    }
)  # fmt: skip
"""What may stand in ``requires`` and cannot look at the interpreter; the last two are what ``hatch-vcs`` works with."""

_BUILD_HOOKS = frozenset({"vcs", "version"})  # both write the version into a file
_METADATA_HOOKS = frozenset({"fancy-pypi-readme", "nodejs", "requirements_txt", "vcs"})
_VERSION_SOURCES = frozenset({"env", "nodejs", "regex", "vcs"})


def judge_hatchling(project: Project) -> Iterator[Finding]:
    """Find hooks and version sources that run code of the project or of unknown plugins."""
    yield from _judge_tables(project.table("tool", "hatch"), "pyproject.toml: tool.hatch.")
    try:
        own = read_toml(project.path / "hatch.toml")
    except SourceError as error:
        yield unknown(f"hatch.toml: it cannot be read ({error.__cause__})")
        return
    yield from _judge_tables(own, "hatch.toml: ")


def _judge_tables(hatch: Mapping[str, Any], where: str) -> Iterator[Finding]:
    yield from _judge_dependencies(hatch, where)
    for keys in (("build", "hooks"), ("build", "targets", "wheel", "hooks")):
        for name, hook in table(hatch, *keys).items():
            if name not in _BUILD_HOOKS:
                yield _build_hook(name, hook, f"{where}{'.'.join(keys)}.{name}")
    for name in table(hatch, "metadata", "hooks").keys() - _METADATA_HOOKS:
        yield unknown(f"{where}metadata.hooks.{name} may compute metadata")
    yield from judge_schemes(table(hatch, "version", "raw-options"), f"{where}version.raw-options")
    source = table(hatch, "version").get("source", "regex")
    if not is_one_of(source, _VERSION_SOURCES):
        yield unknown(f"{where}version.source is {source!r}, which runs code for the version")


def _judge_dependencies(hatch: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """Find build requirements that stand outside ``[build-system]``; each may be a plugin."""
    for keys in (("build",), ("build", "targets", "wheel")):
        place = f"{where}{'.'.join(keys)}"
        settings = table(hatch, *keys)
        hooks = table(settings, "hooks")
        for holder in (settings, *(table(hooks, name) for name in hooks)):
            listed = holder.get("dependencies", [])
            texts = map(str, listed) if isinstance(listed, list) else [str(listed)]
            yield from judge_requirements(texts, harmless=PLUGINS, where=f"{place}.dependencies")
            for key in ("require-runtime-dependencies", "require-runtime-features"):
                if holder.get(key):
                    yield unknown(f"{place}.{key}: what the project requires is there in the build")


def _build_hook(name: str, hook: object, where: str) -> Finding:
    if isinstance(hook, dict) and hook.get("enable-by-default") is False:
        return unknown(f"{where} is a build hook that the environment may switch on")
    if f"hatch-{name}" in EXTENSION_MAKERS or name in EXTENSION_MAKERS:
        return extension(f"{where} builds extension modules")
    return unknown(f"{where} is a build hook, which may do anything")
