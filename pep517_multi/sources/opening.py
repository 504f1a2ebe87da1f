"""From what the user named to a :class:`SourceTree`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_build_system, read_pyproject
from pep517_multi.sources.contents import Contents
from pep517_multi.sources.declared import read_declared
from pep517_multi.sources.digest import digest, links_out
from pep517_multi.sources.evidence import judge
from pep517_multi.sources.stable_abi import expects_stable_abi
from pep517_multi.sources.tree import SourceTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pep517_multi.archives.limits import Limits
    from pep517_multi.sources.tree import BuildSystem


def open_source(
    given: Path,
    *,
    unpack_to: Path,
    work_directory: Path | None,
    outputs: Iterable[Path] = (),
    begun: Callable[[BuildSystem], None] = lambda _: None,
    limits: Limits | None = None,
) -> SourceTree:
    """Describe the source at ``given``, a directory or an sdist, running nothing of it.

    :param unpack_to: where an sdist is unpacked; whatever is there is replaced.
    :param work_directory: multibuild's own, which may lie inside the source and is no part of it.
    :param outputs: other places that multibuild writes to and that may lie inside the source, such as staging roots.
    :param begun: told of the build system as soon as it is known.
    :param limits: how much an sdist may unpack to.
    :raises SourceError: it is not there, or no project that can be built.
    :raises IntegrityError: the sdist is damaged or unsafe.
    """
    if not given.exists():
        raise SourceError(f"there is no source at {given}; give a directory or an sdist")
    if not given.is_dir() and not given.is_file():
        raise SourceError(f"{given} is neither a directory nor a file; give a directory or an sdist")
    if given.name.endswith(".whl"):
        raise SourceError(f'{given} is a wheel, not a source; "multibuild install --wheel" installs ready wheels')
    path = (given if given.is_dir() else _unpacked(given, unpack_to, limits)).absolute().resolve()
    pyproject = read_pyproject(path)
    build_system = read_build_system(path, pyproject)
    begun(build_system)
    declared = read_declared(path, pyproject)
    written = [*outputs] if work_directory is None else [work_directory, *outputs]
    contents = Contents.of(path, build_system, outputs=written)
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


def _unpacked(given: Path, target: Path, limits: Limits | None) -> Path:
    from pep517_multi.sources.archive import unpack

    return unpack(given, target, limits=limits)


def _specifiers(declared: str | None) -> SpecifierSet | None:
    """Read Requires-Python; what cannot be read is left to the backend, which complains better."""
    try:
        return SpecifierSet(declared) if declared else None
    except InvalidSpecifier:
        return None
