"""Options of setuptools' commands, wherever they stand: ``setup.cfg``, ``[tool.distutils]``, ``setup(options=…)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pep517_multi.sources.evidence.project import Finding, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TELLING = {
    "bdist_wheel": frozenset({"plat_name", "py_limited_api"}),
    "build": frozenset({"build_base", "build_lib", "build_platlib", "build_purelib", "compiler", "plat_name"}),
    "build_py": frozenset({"build_lib", "compile", "optimize"}),
    "global": frozenset({"command_packages", "setup_hooks"}),
    "install_lib": frozenset({"compile", "optimize"}),
}
"""Command → options that can make a difference. Those of all other commands cannot, or are not read for a wheel."""


def judge_command(name: str, options: Mapping[str, Any], *, where: str) -> Iterator[Finding]:
    """Find options of the command ``name`` that can make a wheel differ between interpreters."""
    for option in map(str, options):
        plain = option.replace("-", "_").lower()
        if plain in _TELLING.get(name, ()):
            yield unknown(f"{where}: the option {option} of {name}", compiled_only=plain == "py_limited_api")
