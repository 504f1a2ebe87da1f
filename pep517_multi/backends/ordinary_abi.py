"""The ordinary ABI on request: how a backend is told not to build for the stable ABI, where it can be told.

What becomes of a wheel: meson-python and scikit-build-core build with the ordinary headers and file names. setuptools
changes the wheel's tag alone, so that it serves its builder only; the extension modules in it still use the limited API
and are still called ``x.abi3.so``. maturin (Cargo features), cffi (its build script) and all others have no switch that
would work for every project, and are left alone.
"""

from __future__ import annotations

import configparser
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pep517_multi import files
from pep517_multi.errors import UsageError
from pep517_multi.sources.buildsystem import read_pyproject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pep517_multi.sources.tree import BuildSystem

_Settings: TypeAlias = "Mapping[str, str | list[str]]"

_FILE = "ordinary-abi.cfg"
_DIST_EXTRA_CONFIG = "DIST_EXTRA_CONFIG"
_MESON_OPTION = "-Dpython.allow_limited_api=false"


@dataclass(frozen=True)
class AbiSwitch:
    """What to build with for the ordinary ABI.

    :param config_settings: all of them, the user's included.
    :param environ: variables to add to the environment of hooks.
    :param because: one clause for the report: what was asked for, or why there was nothing to ask.
    """

    config_settings: Mapping[str, str | list[str]]
    environ: Mapping[str, str]
    because: str


@dataclass(frozen=True)
class _Request:
    """What a switch may look at.

    :param tree: the source, read and not written.
    :param folder: where a switch may write files.
    """

    tree: Path
    build_system: BuildSystem
    config_settings: _Settings
    environ: Mapping[str, str]
    folder: Path

    def switch(
        self, because: str, *, settings: _Settings | None = None, environ: Mapping[str, str] | None = None
    ) -> AbiSwitch:
        """Return a switch that adds ``settings`` to the user's, and ``environ``."""
        return AbiSwitch({**self.config_settings, **(settings or {})}, environ or {}, because)


def ordinary_abi(
    tree: Path,
    build_system: BuildSystem,
    *,
    config_settings: _Settings,
    environ: Mapping[str, str],
    folder: Path,
) -> AbiSwitch:
    """Return how ``tree`` is built for the ordinary ABI.

    :param config_settings: the user's own.
    :param environ: the environment that hooks will get.
    :param folder: an existing folder outside the tree, which stays until the build is over; a file may be put there.
    :raises UsageError: the user's ``DIST_EXTRA_CONFIG`` cannot be read.
    """
    request = _Request(tree, build_system, config_settings, environ, folder)
    for applies, switch in _SWITCHES:
        if applies(build_system):
            return switch(request)
    return request.switch(f"{build_system.backend} has no switch for the ordinary ABI")


def _meson_python(request: _Request) -> AbiSwitch:
    given = request.config_settings.get("setup-args", [])
    arguments = [given] if isinstance(given, str) else given
    settings: _Settings = {"setup-args": [*arguments, _MESON_OPTION]}
    return request.switch(
        f"meson-python was asked for the ordinary ABI with setup-args={_MESON_OPTION}", settings=settings
    )


def _scikit_build_core(request: _Request) -> AbiSwitch:
    """Empty ``wheel.py-api``, but not where it says that a wheel is for every Python (``py3``)."""
    names = {"wheel.py-api", "skbuild.wheel.py-api"} & set(request.config_settings)
    if names:
        return request.switch(f"the config setting {min(names)} was given, and stays")
    if not any(value.startswith("cp") for value in _py_apis(_table(request.tree, "scikit-build"))):
        return request.switch("scikit-build-core was not told to build for the stable ABI")
    settings: _Settings = {"wheel.py-api": ""}
    return request.switch(
        "scikit-build-core was asked for the ordinary ABI with an empty wheel.py-api", settings=settings
    )


def _py_apis(table: Mapping[str, Any]) -> list[str]:
    overrides = table.get("overrides", [])
    tables = [table, *(overrides if isinstance(overrides, list) else [])]
    return [str(_at(one, "wheel", "py-api") or "") for one in tables]


def _setuptools(request: _Request) -> AbiSwitch:
    """Empty ``py_limited_api`` of ``bdist_wheel``, which comes from ``setup.py``, ``setup.cfg`` or ``pyproject.toml``.

    A configuration file from outside is stronger than the first two, an option on the command line than all three; but
    setuptools knows no such option for a build that others wrap.
    """
    path = request.folder / _FILE
    with files.explained("ask setuptools for the ordinary ABI"):
        files.write_whole(path, _extra_config(request).encode("utf-8"))
    environ = {_DIST_EXTRA_CONFIG: str(path.absolute())}
    because = "setuptools was asked for the ordinary ABI with an empty py_limited_api of bdist_wheel"
    options = _at(_table(request.tree, "distutils"), "bdist_wheel")
    if not _is_setuptools(request.build_system) or not isinstance(options, dict):
        return request.switch(because, environ=environ)
    given = request.config_settings.get("--build-option", [])
    more = "--py-limited-api="
    settings: _Settings = {"--build-option": f"{given} {more}" if isinstance(given, str) else [*given, more]}
    return request.switch(because, environ=environ, settings=settings)


def _extra_config(request: _Request) -> str:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[method-assign,assignment] # as setuptools has it
    given = request.environ.get(_DIST_EXTRA_CONFIG)
    if given:
        path = request.tree / given
        try:
            parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            message = f"{_DIST_EXTRA_CONFIG} names {path}, which cannot be read: {str(error).splitlines()[0]}"
            raise UsageError(message) from error
    if not parser.has_section("bdist_wheel"):
        parser.add_section("bdist_wheel")
    parser.remove_option("bdist_wheel", "py-limited-api")
    parser.set("bdist_wheel", "py_limited_api", "")
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _is_setuptools(build_system: BuildSystem) -> bool:
    return build_system.backend.partition(":")[0] == "setuptools.build_meta"


def _uses_setuptools(build_system: BuildSystem) -> bool:
    """Whether setuptools builds, be it behind a backend of the project's own."""
    names = {canonicalize_name(Requirement(requirement).name) for requirement in build_system.requires}
    return _is_setuptools(build_system) or "setuptools" in names


def _named(module: str) -> Callable[[BuildSystem], bool]:
    return lambda build_system: build_system.backend.partition(":")[0] == module


_SWITCHES: tuple[tuple[Callable[[BuildSystem], bool], Callable[[_Request], AbiSwitch]], ...] = (
    (_named("mesonpy"), _meson_python),
    (_named("scikit_build_core.build"), _scikit_build_core),
    (_uses_setuptools, _setuptools),
)


def _table(tree: Path, tool: str) -> Mapping[str, Any]:
    found = _at(read_pyproject(tree), "tool", tool)
    return found if isinstance(found, dict) else {}


def _at(table: object, *keys: str) -> object:
    """Return what stands in nested tables, ``None`` where one of them is not there."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
