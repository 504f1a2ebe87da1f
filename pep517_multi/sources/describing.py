"""From a source, and how it is built, to all that is known of it without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pep517_multi.sources.contents import Contents
from pep517_multi.sources.declared import read_declared
from pep517_multi.sources.digest import digest, links_out
from pep517_multi.sources.evidence import judge
from pep517_multi.sources.stable_abi import expects_stable_abi
from pep517_multi.sources.tree import SourceTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from pep517_multi.sources.tree import BuildSystem


def describe(
    path: Path, *, given: Path, build_system: BuildSystem, pyproject: Mapping[str, Any], outputs: Iterable[Path]
) -> SourceTree:
    """Describe the source tree at ``path``.

    :param given: what the user named.
    :param outputs: places that multibuild writes to and that may lie inside the source, such as staging roots.
    :raises SourceError: something in it cannot be read.
    """
    declared = read_declared(path, pyproject)
    contents = Contents.of(path, build_system, outputs=outputs)
    return SourceTree(
        path=path,
        given=given,
        name=declared.name,
        version=declared.version,
        digest=digest(contents),
        build_system=build_system,
        evidence=judge(path, build_system, pyproject),
        requires_python=_specifiers(declared.requires_python),
        stable_abi_expected=expects_stable_abi(path),
        links_out=links_out(contents),
    )


def _specifiers(declared: str | None) -> SpecifierSet | None:
    """Read Requires-Python; what cannot be read is left to the backend, which complains better."""
    try:
        return SpecifierSet(declared) if declared else None
    except InvalidSpecifier:
        return None
