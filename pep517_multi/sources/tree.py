"""A source tree, described once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from pep517_multi.sources.evidence import Evidence


@dataclass(frozen=True)
class BuildSystem:
    """The ``[build-system]`` table (:pep:`518`), defaults filled in as :pep:`517` has them.

    :param backend: as declared: ``flit_core.buildapi``, ``setuptools.build_meta:__legacy__``.
    :param backend_path: folders of an in-tree backend, relative to the tree, as declared.
    :param declared: whether the project named a backend at all.
    """

    backend: str
    requires: tuple[str, ...]
    backend_path: tuple[str, ...] = ()
    declared: bool = True


@dataclass(frozen=True)
class SourceTree:
    """A directory that can be built, and what is known of it without running anything of it.

    :param path: absolute path of the directory (the unpacked one, where an sdist was given).
    :param given: what the user named: the directory or the archive.
    :param name: the declared name, ``None`` where it cannot be told.
    :param version: the declared version, ``None`` where it is dynamic.
    :param requires_python: the declared ``Requires-Python``, ``None`` where there is none or it cannot be told yet.
    :param stable_abi_expected: something in the build files speaks of the stable ABI, so that one build with extension
        modules may serve a whole ABI family. Only a hint for the order of builds, never a ground for reuse.
    :param links_out: links that lead out of the tree, by their paths in it, sorted.
    :param digest: ``sha256:…`` over names, modes, bytes and the state of version control; the work directory does not
        count.
    """

    path: Path
    given: Path
    name: str | None
    version: str | None
    digest: str
    build_system: BuildSystem
    evidence: Evidence
    requires_python: SpecifierSet | None = None
    stable_abi_expected: bool = False
    links_out: tuple[str, ...] = ()
