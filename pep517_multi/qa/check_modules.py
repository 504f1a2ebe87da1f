"""Which modules a staging root has, by the names that they are imported under."""

from __future__ import annotations

import mmap
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi.interpreters import machines
from pep517_multi.qa.check_table import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem

_COMPILED = (".so", ".pyd")
_FOREIGN = re.compile(r"^(?P<stem>[^.]+)\.(cpython-\d|cp\d|abi3|pypy\d|graalpy\d)[^/]*\.(so|pyd)$")
_EXPORTS = re.compile(rb"Py(Init|InitU|ModExport)_\w")


@dataclass
class Module:
    """A module to import, and the modules in it that are imported after it.

    :param name: dotted.
    :param file: its path once installed.
    """

    name: str
    file: str
    below: list[Module] = field(default_factory=list)

    def each(self) -> Iterator[Module]:
        """Yield this module and all below it."""
        yield self
        for inner in self.below:
            yield from inner.each()


@dataclass(frozen=True)
class Found:
    """The modules of a root.

    :param tops: what to import: top-level modules and packages, and those at the top of namespace packages, sorted.
    :param problems: extension modules that cannot be imported because of their names, or of their machine.
    """

    tops: tuple[Module, ...]
    problems: tuple[Problem, ...]
    has_extensions: bool = False

    @property
    def count(self) -> int:
        """How many modules are imported."""
        return sum(1 for top in self.tops for _ in top.each())


def find_modules(root: StagedRoot, entries: Sequence[Entry], *, all_modules: bool) -> Found:
    """Find what there is to import: extension modules and top-level ones, or all.

    ``__main__`` is never one: it is there to be run.
    """
    finder = _Finder(root)
    for entry in entries:
        library = root.library_of(entry.name)
        if library is not None and entry.is_file:
            finder.take(entry, entry.name[len(library) + 1 :])
    return finder.found(all_modules=all_modules)


class _Finder:
    def __init__(self, root: StagedRoot) -> None:
        self._root = root
        self._suffixes = sorted(root.interpreter.extension_suffixes, key=len, reverse=True)
        self._modules: dict[str, str] = {}
        self._packages: set[str] = set()
        self._extensions: set[str] = set()
        self._unusable: dict[str, str] = {}
        self._foreign: dict[str, tuple[str, str]] = {}

    def take(self, entry: Entry, inside: str) -> None:
        folder, file = posixpath.split(inside)
        parents = folder.split("/") if folder else []
        if not all(part.isidentifier() for part in parents):
            return
        if file.endswith(".py"):
            stem: str | None = file.removesuffix(".py")
        else:
            stem = self._extension(entry, file, parents)
        if stem is None or stem == "__main__" or not stem.isidentifier():
            return
        name = ".".join(parents if stem == "__init__" else [*parents, stem])
        if stem == "__init__":
            self._packages.add(name)
        if name:
            self._modules.setdefault(name, entry.name)

    def _extension(self, entry: Entry, file: str, parents: list[str]) -> str | None:
        """Return the last part of the name of an extension module; ``None`` where the target imports no such file."""
        if not file.endswith(_COMPILED):
            return None
        suffix = next((suffix for suffix in self._suffixes if file.endswith(suffix)), None)
        foreign = _FOREIGN.match(file)
        stem = file.removesuffix(suffix or posixpath.splitext(file)[1])
        if not foreign and not _exports_module(entry.path):
            return None
        name = ".".join([*parents, foreign["stem"] if foreign else stem])
        if suffix is None or "." in stem:
            self._unusable.setdefault(name, entry.name)
            return None
        if self._root.interpreter.sysroot is not None:
            self._look_at_machine(name, entry)
        self._extensions.add(name)
        return stem

    def _look_at_machine(self, name: str, entry: Entry) -> None:
        platform = self._root.interpreter.platform
        with entry.path.open("rb") as stream:
            begin = stream.read(machines.HEADER)
        if machines.is_foreign(begin, platform):
            self._foreign[name] = entry.name, machines.machine_in(begin)

    def found(self, *, all_modules: bool) -> Found:
        tops: dict[str, Module] = {}
        placed: dict[str, Module] = {}
        for name in sorted(self._modules):
            module = Module(name, self._modules[name])
            above = [before for before in _above(name) if before in self._packages]
            if not above:
                tops[name] = placed[name] = module
            elif all_modules or name in self._extensions:
                placed[next(before for before in reversed(above) if before in placed)].below.append(module)
                placed[name] = module
        return Found(tuple(tops.values()), tuple(self._problems()), bool(self._extensions))

    def _problems(self) -> Iterable[Problem]:
        takes = ", ".join(self._root.interpreter.extension_suffixes)
        for name, file in sorted(self._unusable.items()):
            if name not in self._modules:
                message = f"{name} is an extension module whose file name is not imported (what is: {takes})"
                yield problem("extension-suffix", self._root.shown(file), message)
        for name, (file, machine) in sorted(self._foreign.items()):
            message = f"{name} is compiled for {machine}, not for {self._root.interpreter.platform}"
            yield problem("extension-machine", self._root.shown(file), message)


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _exports_module(path: Path) -> bool:
    with path.open("rb") as stream:
        if not stream.read(1):
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _EXPORTS.search(data) is not None
