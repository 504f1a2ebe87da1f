"""What the metadata in a root say and the files do not bear out: licences, pure wheels, requirements."""

from __future__ import annotations

import csv
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pep517_multi.backends.requirements import Package, Packages, unmet
from pep517_multi.qa.check_table import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from packaging.metadata import RawMetadata

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem

_LICENCE = re.compile(r"(^|/)(licenses|license_files)/|(^|/)(UN)?(LICEN[CS]E|COPYING)[^/]*$", re.IGNORECASE)
_REQUIRED = re.compile(r"[A-Za-z0-9._-]+")
_ELF = b"\x7fELF"


@dataclass(frozen=True)
class Distribution:
    """A ``.dist-info`` folder in a root.

    :param folder: its path once installed.
    :param files: the paths of what is in it.
    """

    root: StagedRoot
    folder: str
    files: tuple[str, ...]

    @cached_property
    def metadata(self) -> RawMetadata:
        """What METADATA says; what cannot be read is not in it."""
        return parse_email(self._text("METADATA"))[0]

    @property
    def name(self) -> str:
        """The normalised name of the project."""
        return str(canonicalize_name(self.metadata.get("name", "")))

    @property
    def requires(self) -> tuple[str, ...]:
        """The lines of Requires-Dist."""
        return tuple(self.metadata.get("requires_dist", ()))

    @property
    def required_names(self) -> frozenset[str]:
        """The normalised names of what is required under any circumstances."""
        names = (_REQUIRED.match(text) for text in self.requires)
        return frozenset(str(canonicalize_name(name[0])) for name in names if name)

    @property
    def is_pure(self) -> bool:
        """What WHEEL says."""
        return bool(re.search(r"^Root-Is-Purelib:\s*true\s*$", self._text("WHEEL"), re.IGNORECASE | re.MULTILINE))

    def recorded(self) -> Iterator[str]:
        """Yield the paths in RECORD, once installed."""
        for row in csv.reader(self._text("RECORD").splitlines()):
            if row:
                yield posixpath.normpath(posixpath.join(posixpath.dirname(self.folder), row[0]))

    def _text(self, name: str) -> str:
        path = self.root.staged(f"{self.folder}/{name}")
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def distributions(root: StagedRoot, entries: Sequence[Entry]) -> tuple[Distribution, ...]:
    """Return what is staged, sorted."""
    folders = [
        entry.name
        for entry in entries
        if entry.is_folder and entry.name.endswith(".dist-info") and posixpath.dirname(entry.name) in root.libraries
    ]
    files = [entry.name for entry in entries if not entry.is_folder]
    inside = {folder: [name for name in files if name.startswith(f"{folder}/")] for folder in folders}
    found = (Distribution(root, folder, tuple(inside[folder])) for folder in sorted(folders))
    return tuple(each for each in found if each.name)


def check_licences(staged: Distribution, names: Iterable[str]) -> Iterator[Problem]:
    """Yield which licences are not there (:pep:`639`).

    :param names: the files of the root.
    """
    inside = {name[len(staged.folder) + 1 :] for name in staged.files}
    if staged.root.license_dir is not None:
        folder = staged.root.license_dir.format(name=staged.name, impl=staged.root.interpreter.name).strip("/")
        inside |= {f"licenses/{name[len(folder) + 2 :]}" for name in names if name.startswith(f"/{folder}/")}
    shown = staged.root.shown(staged.folder)
    named = staged.metadata.get("license_files", [])
    for file in named:
        if not {file, f"licenses/{file}", f"license_files/{file}", posixpath.basename(file)} & inside:
            yield problem("licence", shown, f"METADATA names the licence {file}, which is not installed")
    if not named and not any(_LICENCE.search(name) for name in inside):
        yield problem("licence", shown, f"{staged.name} brings no licence")


def check_purity(staged: Distribution, unrecorded: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield compiled code in a wheel that goes where files are shared between machines.

    :param unrecorded: paths of more files that can only be of this project.
    """
    if staged.is_pure:
        for name in sorted({*staged.recorded(), *unrecorded}):
            if staged.root.library_of(name) and _is_elf(staged.root.staged(name)):
                message = f"{staged.name} says that it is pure (Root-Is-Purelib), but this is compiled code"
                yield problem("purelib-extension", staged.root.shown(name), message)


def check_requirements(root: StagedRoot, staged: Sequence[Distribution], installed: Packages) -> Iterator[Problem]:
    """Yield what the staged projects require, and neither ``installed`` nor the root has."""
    beside = [Package(each.name, each.metadata.get("version", ""), each.requires) for each in staged]
    packages = Packages({**installed.by_name, **Packages.of(beside).by_name})
    for each in staged:
        shown = root.shown(each.folder)
        for text, reason in _invalid(each.requires):
            message = f"{each.name} requires {text!r}, which is not valid: {reason}"
            yield problem("requirement-invalid", shown, message)
        for lacking in unmet(root.interpreter, [each.name], packages):
            yield problem("requirement", shown, f"unmet requirement: {lacking}")


def _invalid(requires: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in requires:
        try:
            Requirement(text)
        except InvalidRequirement as error:  # noqa: PERF203 - each of them is told
            yield text, str(error).splitlines()[0]


def _is_elf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_ELF)) == _ELF
