"""One Python interpreter, as it describes itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.tags import Tag
    from packaging.version import Version

    from pep517_multi.interpreters.sysroots import Sysroot

PREFIX_PLACEHOLDER = "/@prefix@"
"""Stands for the install prefix in the expanded paths of :attr:`Interpreter.schemes`."""


SUPPORTED_FROM: Mapping[str, tuple[int, int]] = {"cpython": (3, 8), "pypy": (3, 9)}
"""The oldest Python supported, by implementation; of the others, 3.8."""


def oldest_supported(implementation: str) -> tuple[int, int]:
    """Return the oldest version of the language supported for ``implementation``."""
    return SUPPORTED_FROM.get(implementation, (3, 8))


def canonical_name(implementation: str, python: tuple[int, int], *, free_threaded: bool, debug: bool) -> str:
    """Return the one name of an interpreter in directories, reports and messages: ``python3.13t``, ``pypy3.9``."""
    shown = "python" if implementation == "cpython" else implementation
    return f"{shown}{python[0]}.{python[1]}{'t' * free_threaded}{'d' * debug}"


@dataclass(frozen=True)
class Interpreter:
    """What an interpreter says of itself, asked once and never changed.

    Everything here comes from the target; nothing from the Python that runs multibuild.

    :param name: the canonical name, used in directories, reports and messages: ``python3.13t``, ``pypy3.9``.
    :param executable: what is run; a virtual environment's python where its path was given, else the installation's.
    :param implementation: ``sys.implementation.name``: ``cpython``, ``pypy``, ``graalpy``.
    :param version: the full version of the language, as in ``3.12.4`` (``3.9.16`` for PyPy 7.3.11).
    :param free_threaded: built without the global interpreter lock.
    :param debug: built with ``Py_DEBUG``.
    :param cache_tag: as in the names of bytecode files: ``cpython-313``. Not unique: 3.13 and 3.13t share it.
    :param extension_suffixes: file-name endings that the import system takes for extension modules, best first.
    :param tags: every wheel tag it takes, best first (:pep:`425`).
    :param schemes: install scheme → key (``purelib``, ``scripts`` …) → absolute path in which
        :data:`PREFIX_PLACEHOLDER` stands for the prefix, expanded by the target itself.
    :param markers: the :pep:`508` environment markers.
    :param is_virtual: a virtual environment's python.
    :param found: how it was found, for people: ``PATH``, ``pyenv``, ``given``.
    :param sysroot: where the target is, in a cross build; ``executable``, ``version`` and ``markers`` are then of the
        build machine, which runs backends, and all else of the target.
    """

    name: str
    executable: Path
    implementation: str
    version: Version
    free_threaded: bool
    debug: bool
    cache_tag: str
    extension_suffixes: tuple[str, ...]
    platform: str
    tags: tuple[Tag, ...]
    schemes: Mapping[str, Mapping[str, str]]
    markers: Mapping[str, str]
    is_virtual: bool = False
    found: str = field(default="given", compare=False)
    sysroot: Sysroot | None = None

    @property
    def is_cpython(self) -> bool:
        """CPython, with or without the global interpreter lock."""
        return self.implementation == "cpython"

    @property
    def python(self) -> tuple[int, int]:
        """Major and minor version of the language."""
        return self.version.major, self.version.minor

    @property
    def identity(self) -> str:
        """Which interpreter this is, of all that could have its name: two builds by equal ones are builds by one."""
        target = f" {self.sysroot.digest}" if self.sysroot else ""
        return f"{self.executable} {self.version} {''.join(self.extension_suffixes[:1])}{target}"

    @property
    def abi_family(self) -> str:
        """Interpreters that a stable ABI or a shared build habit can join: ``cpython``, ``cpython-t``, ``pypy``."""
        return self.implementation + ("-t" if self.free_threaded else "")

    @property
    def sort_key(self) -> tuple[int, bool, str, tuple[int, ...], bool]:
        """Order of work: CPython oldest to newest, free-threaded ones after the ordinary ones, then the others."""
        return (not self.is_cpython, self.free_threaded, self.implementation, self.version.release, self.debug)

    def rank(self, tags: Iterable[Tag]) -> int | None:
        """Return the place of the best of ``tags`` among the tags taken (0 is best), or ``None`` if none is taken."""
        places = [place for tag in tags if (place := self._places.get(tag)) is not None]
        return min(places, default=None)

    @cached_property
    def _places(self) -> Mapping[Tag, int]:
        return {tag: place for place, tag in reversed(list(enumerate(self.tags)))}
