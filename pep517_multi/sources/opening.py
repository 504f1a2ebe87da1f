"""From what the user named to a :class:`SourceTree`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.errors import SourceError
from pep517_multi.sources.buildsystem import read_build_system, read_pyproject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pep517_multi.archives.limits import Limits
    from pep517_multi.sources.tree import BuildSystem, SourceTree


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
    build_system = read_build_system(path, pyproject, begun=begun)
    from pep517_multi.sources.describing import describe  # this takes its time, which begun() need not wait for

    written = [*outputs] if work_directory is None else [work_directory, *outputs]
    return describe(path, given=given, build_system=build_system, pyproject=pyproject, outputs=written)


def _unpacked(given: Path, target: Path, limits: Limits | None) -> Path:
    from pep517_multi.sources.archive import unpack

    return unpack(given, target, limits=limits)
