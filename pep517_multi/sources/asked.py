"""Whether a backend can ask for build requirements beyond the declared ones, as far as it can be told without asking.

To ask takes a process of the target that imports the backend, and for setuptools half a build. Most projects leave
nothing to ask for, and the backends' own sources say when that is so. A doubt is a reason to ask.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_pyproject
from pep517_multi.sources.evidence.literals import imported_roots, parse
from pep517_multi.sources.evidence.project import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pep517_multi.sources.tree import BuildSystem


@dataclass(frozen=True)
class _Known:
    """A backend whose source was read.

    :param versions: of ``distribution``, those for which ``asks_nothing`` holds.
    :param asks_nothing: told the tree and its ``pyproject.toml``.
    """

    distribution: str
    versions: str
    asks_nothing: Callable[[Path, Mapping[str, Any]], bool]


def asks_nothing(tree: Path, build_system: BuildSystem, packages: Mapping[str, str]) -> bool:
    """Whether ``get_requires_for_build_wheel`` is certain to return nothing for ``tree``.

    :param packages: normalised name → version of what is required and installed.
    """
    known = _BACKENDS.get(build_system.backend)
    if known is None or build_system.backend_path:
        return False
    version = packages.get(known.distribution)
    if version is None or not SpecifierSet(known.versions).contains(version, prereleases=True):
        return False
    if not _PLUGINS.issuperset(canonicalize_name(Requirement(text).name) for text in build_system.requires):
        return False
    try:
        return known.asks_nothing(tree, read_pyproject(tree))
    except SourceError:
        return False


def _never(_tree: Path, _pyproject: Mapping[str, Any]) -> bool:
    return True


def _flit(_tree: Path, pyproject: Mapping[str, Any]) -> bool:
    """Where flit_core would import the project, it asks for what the project requires at run time."""
    project = table(pyproject, "project")
    dynamic = project.get("dynamic", [])
    stated = isinstance(dynamic, list) and not {"version", "description"}.intersection(dynamic)
    needs_nothing = not project.get("dependencies") and not project.get("optional-dependencies")
    return "project" in pyproject and (stated or needs_nothing)


_HATCH_KEYS = frozenset({"dependencies", "require-runtime-dependencies", "require-runtime-features", "hooks"})


def _hatchling(tree: Path, pyproject: Mapping[str, Any]) -> bool:
    """Only these keys, and hooks, can ask; a ``hatch.toml`` would have them too."""
    hatch = table(pyproject, "tool", "hatch")
    places = table(hatch, "build"), table(hatch, "build", "targets", "wheel")
    return not (tree / "hatch.toml").exists() and not any(_HATCH_KEYS & place.keys() for place in places)


def _setuptools(tree: Path, _pyproject: Mapping[str, Any]) -> bool:
    """Setuptools asks for ``setup_requires``: not where no file has that word, and no foreign module is in play."""
    if not (tree / "setup.py").exists():
        return not _speaks_of_requirements(tree / "setup.cfg")
    paths = tuple(_files(tree))
    found: dict[str, list[Path]] = {}
    for path in paths:
        if path.suffix == ".py":
            module = path.parent.name if path.stem == "__init__" else path.stem
            found.setdefault(module, []).append(path)
    return _imports_its_own(tree / "setup.py", found, seen=set()) and not any(map(_speaks_of_requirements, paths))


def _files(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names)


def _speaks_of_requirements(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except FileNotFoundError:  # also a link that leads nowhere
        return False
    except OSError:
        return True
    return any(word in text for word in _TELLING_WORDS)


def _imports_its_own(path: Path, found: Mapping[str, Sequence[Path]], *, seen: set[Path]) -> bool:
    """Whether all that the module imports, and what that imports, belongs to Python, to setuptools or to the tree."""
    if path in seen:
        return True
    seen.add(path)
    syntax = parse(path)
    return syntax is not None and all(
        name in _PLAIN_MODULES
        or (name in found and all(_imports_its_own(own, found, seen=seen) for own in found[name]))
        for name in imported_roots(syntax)
    )


_TELLING_WORDS = (b"setup_requires", b"setup-requires", b"fetch_build_eggs", b"utf-7", b"utf_7")
_PLAIN_MODULES = frozenset({*sys.stdlib_module_names, "Cython", "distutils", "setuptools"})
"""What a ``setup.py`` may import without getting requirements from it; the names are much the same in all Pythons."""

_PLUGINS = frozenset(
    """
    cython flit-core hatch-fancy-pypi-readme hatch-vcs hatchling poetry-core setuptools setuptools-scm uv-build wheel
    """.split()  # noqa: SIM905 - the same
)
"""What may be installed for a build and is known to add no requirements; others may hook into setuptools."""

_BACKENDS: Mapping[str, _Known] = {
    "flit_core.buildapi": _Known("flit-core", ">=3.2,<5", _flit),
    "hatchling.build": _Known("hatchling", ">=1.0,<2", _hatchling),
    "poetry.core.masonry.api": _Known("poetry-core", ">=1.0,<3", _never),
    **dict.fromkeys(
        ("setuptools.build_meta", "setuptools.build_meta:__legacy__"),
        _Known("setuptools", ">=70.1,<90", _setuptools),  # older ones ask for wheel
    ),
    "uv_build": _Known("uv-build", ">=0.5,<1", _never),
}
