"""Environment variables that change what a backend, a compiler or ``sysconfig`` answers: dropped, or noted.

A variable that speaks of the Python that runs multibuild, or of a shell that happens to be around it, is dropped
before any hook runs. A variable by which somebody says how to build is legitimate: it stays, and goes into the
provenance of the wheel, so that a wheel built under other flags is not reused. All others pass untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Action: TypeAlias = Literal["keep", "record", "scrub"]


@dataclass(frozen=True)
class Rule:
    """What becomes of the variables whose names match one of ``patterns`` (``*`` is any text, case matters)."""

    patterns: tuple[str, ...]
    action: Action
    why: str


def _rule(action: Action, why: str, *patterns: str) -> Rule:
    return Rule(patterns, action, why)


RULES = (
    # The target and its sysconfig
    _rule("record", "chosen for reproducible builds; changes the order of sets", "PYTHONHASHSEED"),
    _rule(
        "scrub",
        "speaks of the Python that runs multibuild, or of a user's habits",
        "PYTHON*",
        "EPYTHON",
        "__PYVENV_LAUNCHER__",
    ),
    _rule(
        "record",
        "cross builds choose the target's sysconfig with it",
        "_PYTHON_SYSCONFIGDATA_*",
        "_PYTHON_HOST_PLATFORM",
        "_PYTHON_PROJECT_BASE",
    ),
    _rule("scrub", "changes the install scheme that sysconfig answers", "DEB_PYTHON_INSTALL_LAYOUT", "RPM_BUILD_ROOT"),
    _rule("scrub", "names an environment that is not the build environment", "VIRTUAL_ENV*", "CONDA_PREFIX*"),
    _rule("scrub", "as above", "CONDA_DEFAULT_ENV", "CONDA_EXE", "CONDA_PYTHON_EXE", "CONDA_SHLVL"),
    _rule("scrub", "the control channel of pyproject_hooks", "_PYPROJECT_HOOKS_*", "PEP517_BUILD_BACKEND"),
    _rule("scrub", "points version plugins at another repository", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"),
    _rule("scrub", "the encoding and language of files and messages are fixed", "LC_*", "LANG", "LANGUAGE"),
    # Installers, which a hook may call
    _rule(
        "keep",
        "says where packages come from, for a hook that asks pip",
        "PIP_*INDEX*",
        "PIP_FIND_LINKS",
        "PIP_*CERT",
        "PIP_TRUSTED_HOST",
        "PIP_PROXY",
        "PIP_CONFIG_FILE",
        "PIP_CACHE_DIR",
        "PIP_*CONSTRAINT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_RETRIES",
    ),
    _rule("scrub", "says how the user's own pip installs", "PIP_*"),
    # Backends
    _rule("keep", "only says how much runs at a time", "CMAKE_BUILD_PARALLEL_LEVEL", "*_BUILD_JOBS"),
    _rule("keep", "only says whether metadata are verified", "HATCH_METADATA_CLASSIFIERS_NO_VERIFY"),
    _rule("scrub", "switches build hooks on, off or elsewhere", "HATCH_BUILD_*"),
    _rule("record", "how hatchling builds", "HATCH_*"),
    _rule("record", "gives the version", "SETUPTOOLS_SCM_*", "PBR_*", "VERSIONEER_OVERRIDE", "*_PRETEND_VERSION*"),
    _rule("record", "how Rust extensions are built", "SETUPTOOLS_RUST_*", "SETUPTOOLS_DANGEROUSLY_*"),
    _rule("scrub", "chooses another distutils or experimental features", "SETUPTOOLS_*", "DISTUTILS_*"),
    _rule("record", "a setup.cfg from outside", "DIST_EXTRA_CONFIG"),
    _rule("record", "how this backend builds", "SKBUILD*", "MATURIN_*", "PYO3_*", "MESON*", "PDM_BUILD_*", "POETRY_*"),
    _rule("record", "how this code generator works", "CYTHON_*", "MYPYC_*", "CFFI_*", "SIP_*", "PYBIND11_*", "NPY_*"),
    # Whether there are extensions
    _rule("record", "turns a failing compiler into a failing build", "CIBUILDWHEEL"),
    _rule(
        "record",
        "whether a project builds its extensions",
        "*_NO_EXTENSION*",
        "*_EXTENSION",
        "*_EXTENSIONS",
        "*_SPEEDUPS",
        "*PUREPYTHON*",
        "*PURE_PYTHON*",
        "*_USE_MYPYC",
        "*_USE_CYTHON",
        "PYYAML_FORCE_*",
        "DISABLE_*_EXT",
    ),
    # Compilers and what they find
    _rule("record", "the platform built for", "MACOSX_DEPLOYMENT_TARGET", "ARCHFLAGS", "SDKROOT", "DEVELOPER_DIR"),
    _rule("record", "the build tools", "CC", "CXX", "CPP", "FC", "F77", "F90", "AR", "AS", "LD", "NM", "RANLIB"),
    _rule("record", "the build tools", "STRIP", "OBJCOPY", "LDSHARED", "LDCXXSHARED", "ARFLAGS", "LIBTOOL"),
    _rule("record", "flags of the compiler and linker", "*CFLAGS", "*CXXFLAGS", "*CPPFLAGS", "*FFLAGS", "*LDFLAGS"),
    _rule("record", "flags of the compiler and linker", "*_CFLAGS_*", "*_LDFLAGS_*", "FCFLAGS", "OPT", "LIBS", "CL"),
    _rule("record", "flags given by the packaging host", "RPM_OPT_FLAGS", "RPM_LD_FLAGS", "DEB_BUILD_MAINT_OPTIONS"),
    _rule("record", "the machine built for", "RPM_ARCH", "DEB_HOST_*", "CHOST", "CTARGET", "CROSS_COMPILE"),
    _rule("record", "where headers and libraries are found", "CPATH", "*_INCLUDE_PATH", "LIBRARY_PATH", "LD_RUN_PATH"),
    _rule("record", "libraries loaded into the build", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_*"),
    _rule("record", "where headers and libraries are found", "PKG_CONFIG*", "PKGCONF*", "CMAKE_*", "*SYSROOT*"),
    _rule(
        "record", "how Rust is compiled", "RUSTFLAGS", "RUSTC*", "CARGO_BUILD_*", "CARGO_PROFILE_*", "CARGO_TARGET_*"
    ),
    _rule("record", "how Rust is compiled", "CARGO_ENCODED_RUSTFLAGS", "RUSTUP_TOOLCHAIN"),
    _rule("record", "how Go is compiled", "CGO_*", "GOFLAGS", "GOARCH", "GOOS"),
    _rule("record", "the time written into archives", "SOURCE_DATE_EPOCH"),
)
"""First match wins; a name that matches no rule is kept and not noted."""


@cache
def action(name: str) -> Action:
    """Return what becomes of the variable ``name``."""
    return next((rule.action for rule in RULES if any(fits(name, pattern) for pattern in rule.patterns)), "keep")


def fits(name: str, pattern: str) -> bool:
    """Whether ``name`` is what ``pattern`` says, as :func:`fnmatch.fnmatchcase` has it where only ``*`` is special.

    Regular expressions for all patterns would take longer to make.
    """
    start, star, rest = pattern.partition("*")
    if not name.startswith(start):
        return False
    if not star:
        return name == start
    tail = name[len(start) :]
    if "*" not in rest:
        return tail.endswith(rest)
    place = tail.find(rest.partition("*")[0])
    return place >= 0 and fits(tail[place:], rest)


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without the variables that must not reach a hook."""
    return {name: value for name, value in environ.items() if action(name) != "scrub"}


def recorded(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ``environ`` that shape a wheel legitimately, sorted, for its provenance."""
    return {name: value for name, value in sorted(environ.items()) if action(name) == "record"}


def for_installers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` for pip and uv themselves: scrubbed, but with all that says how to install."""
    return {name: value for name, value in environ.items() if name.startswith("PIP_") or action(name) != "scrub"}


SETTLED = {
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC0",
    "GIT_OPTIONAL_LOCKS": "0",
}
"""What every hook gets: no user site-packages, text is UTF-8 wherever a tool asks the locale, times are those of no
place, and git only reads: the private copy of an added work tree or a submodule shares the repository of the user.
No import leaves bytecode in the source, for a project that takes all files of a folder would ship it."""


def for_hooks(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of hooks: scrubbed, settled, and with sets in one order unless the user chose another."""
    return {"PYTHONHASHSEED": "0", **scrubbed(environ), **SETTLED}
