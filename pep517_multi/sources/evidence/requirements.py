"""Build requirements as evidence: which of them can change what a backend builds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pep517_multi.interpreters.interpreter import SUPPORTED_FROM
from pep517_multi.sources.evidence.project import Finding, extension, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.markers import Marker

EXTENSION_MAKERS = frozenset(
    {
        "cffi", "cmake", "cppy", "cython", "cython-setuptools", "extension-helpers", "hatch-cython", "hatch-mypyc",
        "maturin", "meson", "meson-python", "mypy", "nanobind", "numpy", "oldest-supported-numpy", "pybind11",
        "pybind11-global", "pythran", "scikit-build", "scikit-build-core", "setuptools-golang", "setuptools-rust",
        "sip", "swig", "torch", "ziglang",
    }
)  # fmt: skip
"""Requirements that a project has in order to compile extension modules."""

_PYTHONS = tuple(f"3.{minor}" for minor in range(min(SUPPORTED_FROM.values())[1], 100))
_LOOKS_AT_PYTHON = re.compile(r"python_(?:full_)?version|implementation")
_HELPERS = frozenset({"importlib-metadata", "importlib-resources", "tomli", "toml", "typing-extensions"})
"""Libraries that stand in for what newer Pythons have themselves, so that only some of them need one."""

LIBRARIES = frozenset({"packaging", "setuptools", "toml", "tomli", "typing-extensions", "wheel"})
"""Requirements that no backend loads by itself."""

SETUPTOOLS_PLUGINS = frozenset(
    {"coherent-licensed", "pytest-runner", "setuptools-scm", "setuptools-scm-git-archive", "vcs-versioning"}
)
"""Plugins of setuptools that set the version, the licence, the list of files or a command that no wheel build runs."""


def judge_requirements(requirements: Iterable[str], *, harmless: frozenset[str], where: str) -> Iterator[Finding]:
    """Find what ``requirements`` hold besides ``harmless`` (normalised names) and :data:`LIBRARIES`."""
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield unknown(f"{where}: {text!r} is no requirement that could be recognised")
            continue
        name = canonicalize_name(requirement.name)
        yield from _judge_marker(requirement, name, where)
        if requirement.url is not None:
            yield unknown(f"{where}: requires {name} from a place of its own, which may be anything")
        if name in harmless or name in LIBRARIES:
            continue
        if name in EXTENSION_MAKERS:
            yield extension(f"{where}: requires {name}, which serves to build extension modules")
        else:
            yield unknown(f"{where}: requires {name}, which may change what is built")


def judge_markers(requirements: Iterable[str], *, where: str) -> Iterator[Finding]:
    """Find requirements that only some implementations have, and with them perhaps another version of the backend.

    :param requirements: valid ones, as those of ``[build-system]`` are once they have been read.
    """
    for requirement in map(Requirement, requirements):
        yield from _judge_marker(requirement, canonicalize_name(requirement.name), where)


def _judge_marker(requirement: Requirement, name: str, where: str) -> Iterator[Finding]:
    if name in _HELPERS or requirement.marker is None or not _LOOKS_AT_PYTHON.search(str(requirement.marker)):
        return
    if "full" not in str(requirement.marker) and _is_settled(requirement.marker):
        return
    because = f"{where}: what is built with depends on the interpreter ({requirement})"
    yield unknown(because, compiled_only=name in EXTENSION_MAKERS)


def _is_settled(marker: Marker) -> bool:
    """Whether a marker that asks for ``python_version`` alone is the same for every supported Python."""
    if "implementation" in str(marker):
        return False
    return len({marker.evaluate({"python_version": version}) for version in _PYTHONS}) == 1
