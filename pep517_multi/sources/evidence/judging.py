"""From a project to its :class:`Evidence`: a table of backend families, and what is asked of each alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from pep517_multi.sources.evidence import fixed, hatchling, native, pdm, poetry, setuptools
from pep517_multi.sources.evidence.evidence import Evidence, Verdict
from pep517_multi.sources.evidence.literals import parse
from pep517_multi.sources.evidence.project import SPARE_FOLDERS, Finding, Project, extension, unknown
from pep517_multi.sources.evidence.requirements import SETUPTOOLS_PLUGINS, judge_markers, judge_requirements
from pep517_multi.sources.evidence.setup_reach import reaching_lines
from pep517_multi.sources.evidence.turning_points import turning_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pep517_multi.sources.tree import BuildSystem

_SETUP_PY_LINE = re.compile(r"setup\.py:(\d+): ")
_BINARIES = (".so", ".pyd", ".dylib")


@dataclass(frozen=True)
class Family:
    """How projects of one backend are judged.

    :param rule: finds what may make a wheel depend on the interpreter; nothing found means that nothing does.
    :param pure: the reason to give then.
    :param plugins: what ``requires`` may hold, normalised; ``None`` where the backend loads nothing at all.
    """

    rule: Callable[[Project], Iterator[Finding]]
    pure: str
    plugins: frozenset[str] | None


_FLIT = Family(fixed.judge_flit, "flit_core always makes the same pure wheel", None)
_SETUPTOOLS = Family(
    setuptools.judge_setuptools,
    "setuptools has no extension modules, commands or plugins here that could make a difference",
    SETUPTOOLS_PLUGINS,
)

FAMILIES: Mapping[str, Family] = {
    "flit_core.buildapi": _FLIT,
    "flit.buildapi": _FLIT,
    "uv_build": Family(fixed.judge_uv, "uv_build always makes the same pure wheel", None),
    "hatchling.build": Family(
        hatchling.judge_hatchling,
        "hatchling has no hook or plugin here that could make a difference",
        hatchling.PLUGINS,
    ),
    "poetry.core.masonry.api": Family(
        poetry.judge_poetry, "poetry-core makes a pure wheel where there is no build script", poetry.PLUGINS
    ),
    "pdm.backend": Family(
        pdm.judge_pdm, "pdm-backend has no hook or plugin here that could make a difference", pdm.PLUGINS
    ),
    "setuptools.build_meta": _SETUPTOOLS,
    "setuptools.build_meta:__legacy__": _SETUPTOOLS,
    "mesonpy": Family(
        native.judge_meson, "meson-python installs nothing that could make a difference", native.MESON_PLUGINS
    ),
    "scikit_build_core.build": Family(
        native.judge_scikit_build,
        "the wheel is not built by CMake, or is promised to be the same for every Python 3",
        native.SCIKIT_BUILD_PLUGINS,
    ),
    "maturin": Family(native.judge_maturin, "maturin builds no extension module", native.MATURIN_PLUGINS),
}

OWN_BACKENDS: Mapping[str, tuple[str, str]] = {
    "flit-core": ("flit_core.buildapi", "flit_core.buildapi"),
    "hatchling": ("hatchling.ouroboros", "hatchling.build"),
    "pdm-backend": ("pdm.backend.intree", "pdm.backend"),
    "poetry-core": ("poetry.core.masonry.api", "poetry.core.masonry.api"),
}
"""Backends that build themselves out of their own source: project → in-tree backend, and which of the known it is."""


def judge(path: Path, build_system: BuildSystem, pyproject: Mapping[str, Any]) -> Evidence:
    """Say how a wheel of the project at ``path`` depends on the interpreter that builds it, running nothing.

    What is not recognised as harmless is unknown: a false ``independent`` would be the worst error of all.
    """
    project = Project(path, build_system, pyproject)
    findings = [*dict.fromkeys(_findings(project))]
    made = tuple(finding.because for finding in findings if finding.verdict is Verdict.EXTENSION)
    open_ = [finding for finding in findings if finding.verdict is Verdict.UNKNOWN]
    stops_below = max((finding.stops_below for finding in findings), default=0)
    change_at = cache(partial(turning_points, project))
    if made:
        doubts = tuple(_doubts(project, open_))
        tag_doubts = tuple(finding.because for finding in open_ if finding.because not in doubts)
        return Evidence(Verdict.EXTENSION, made, doubts, tag_doubts, change_at, stops_below)
    if open_:
        because = tuple(finding.because for finding in open_)
        return Evidence(Verdict.UNKNOWN, because, turning_points=change_at, stops_below=stops_below)
    pure = FAMILIES[_own_backend(project) or build_system.backend].pure
    return Evidence(Verdict.INDEPENDENT, (pure,), stops_below=stops_below)


def _doubts(project: Project, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield what may make more than compiled modules differ between builders of the one family with a stable ABI."""
    reaching = reaching_lines(project.text("setup.py"), parse(project.path / "setup.py"))
    for finding in findings:
        line = _SETUP_PY_LINE.match(finding.because)
        reaches = line is None or reaching is None or int(line[1]) in reaching
        if reaches and not finding.compiled_only and not finding.by_family:
            yield finding.because


def _own_backend(project: Project) -> str | None:
    """Return the known backend that the project itself is, where it builds itself with it."""
    system = project.build_system
    name = canonicalize_name(str(project.table("project").get("name", "")))
    in_tree, known = OWN_BACKENDS.get(name, (None, None))
    return known if system.backend_path and system.backend == in_tree else None


def _findings(project: Project) -> Iterator[Finding]:
    system = project.build_system
    own = _own_backend(project)
    if system.backend_path and own is None:
        yield unknown(f"pyproject.toml: backend-path makes {system.backend} a part of the project")
    family = FAMILIES.get(own or system.backend)
    if family is None:
        yield unknown(f"pyproject.toml: nothing is known of the backend {system.backend}")
        yield from _native(project)
        return
    if family.plugins is None:
        yield from judge_markers(system.requires, where="pyproject.toml")
    else:
        yield from judge_requirements(system.requires, harmless=family.plugins, where="pyproject.toml")
    yield from family.rule(project)
    for name in project.files:
        if name.endswith(_BINARIES) and not name.startswith(SPARE_FOLDERS):
            yield unknown(f"{name}: a compiled file that lies in the source and may get into the wheel")


def _native(project: Project) -> Iterator[Finding]:
    """Find signs of extension modules where the backend is not known, as with one of the project itself."""
    for finding in judge_requirements(project.build_system.requires, harmless=frozenset(), where="pyproject.toml"):
        if finding.verdict is Verdict.EXTENSION:
            yield finding
    for name in project.files:
        if name.endswith((".pyx", "Cargo.toml")) and not name.startswith(SPARE_FOLDERS):
            yield extension(f"{name}: source of an extension module")
