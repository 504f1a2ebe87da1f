"""What a package of one implementation holds, described for the host that packs it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from pep517_multi.staging import licenses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pep517_multi.staging.entries import Entry, Member

_DIST_INFO = ".dist-info"
_LANGUAGE = r"(?P<lang>[a-z]{2,3}(?:_[A-Z][a-z]{3})?(?:_(?:[A-Z]{2}|\d{3}))?(?:@[A-Za-z]+)?)"
"""Language, script, region, variant: ``zh_Hant_TW``, ``es_419``, ``sr@latin``."""
_TRANSLATION = re.compile(rf"/{_LANGUAGE}/LC_MESSAGES/[^/]+\Z")
_MANUAL = re.compile(rf"/man/(?:{_LANGUAGE}(?:\.[^/]+)?/)?man\w+/[^/]+\Z")


@dataclass(frozen=True)
class Listed:
    """One path of a package.

    :param path: as installed.
    :param owned: of a directory: it is the package's; others are of the system or of Python.
    :param bytecode: path of the module that it is the bytecode of, or nothing.
    :param lang: the language of a translation, or nothing.
    :param target: of a symbolic link.
    """

    path: str
    kind: Literal["file", "link", "directory"]
    owned: bool = True
    license: bool = False
    man: bool = False
    bytecode: str = ""
    lang: str = ""
    target: str = ""


def describe(entries: Iterable[Entry], members: Sequence[Member], metadata: Mapping[str, bytes]) -> tuple[Listed, ...]:
    """Describe ``entries``, in the order of their paths.

    A directory is owned if it is in site-packages, but for a ``__pycache__`` at its top, or if it is named after the
    project or one of its top-level modules, or if it is in one that is owned.

    :param members: whose entries they are.
    :param metadata: path of each METADATA among ``entries`` → its bytes.
    """
    ordered = sorted(entries, key=lambda entry: entry.path)
    libraries = tuple(sorted({library for member in members for library in member.libraries}))
    names = _names(ordered, libraries)
    declared = {posixpath.dirname(path): licenses.declared(data) for path, data in metadata.items()}
    owned: set[str] = set()
    listed = []
    for entry in ordered:
        if entry.kind == "directory" and _is_owned(entry.path, libraries, names, owned):
            owned.add(entry.path)
        listed.append(_listed(entry, owned=entry.kind != "directory" or entry.path in owned, declared=declared))
    return tuple(listed)


def _names(entries: Iterable[Entry], libraries: Sequence[str]) -> frozenset[str]:
    """Return the normalised names of projects and of top-level modules."""
    tops = {parts[0] for entry in entries if (parts := _below(entry.path, libraries))}
    projects = {top.removesuffix(_DIST_INFO).rpartition("-")[0] for top in tops if top.endswith(_DIST_INFO)}
    modules = {top.partition(".")[0] for top in tops if not top.endswith((_DIST_INFO, ".pth"))} - {"__pycache__"}
    return frozenset(canonicalize_name(name) for name in projects | modules)


def _below(path: str, libraries: Iterable[str]) -> Sequence[str]:
    for library in libraries:
        if path.startswith(library + "/"):
            return path[len(library) + 1 :].split("/")
    return ()


def _is_owned(path: str, libraries: Sequence[str], names: frozenset[str], owned: set[str]) -> bool:
    if parts := _below(path, libraries):
        return parts != ["__pycache__"]
    above, name = posixpath.split(path)
    return above in owned or canonicalize_name(name) in names


def _listed(entry: Entry, *, owned: bool, declared: Mapping[str, frozenset[str]]) -> Listed:
    if entry.kind == "directory":
        return Listed(entry.path, entry.kind, owned=owned)
    match = _TRANSLATION.search(entry.path) or _MANUAL.search(entry.path)
    return Listed(
        path=entry.path,
        kind=entry.kind,
        license=_is_license(entry.path, declared),
        man=_MANUAL.search(entry.path) is not None,
        bytecode=_module_of(entry.path),
        lang=(match["lang"] or "") if match else "",
        target=entry.target,
    )


def _is_license(path: str, declared: Mapping[str, frozenset[str]]) -> bool:
    for folder, entries in declared.items():
        if path.startswith(folder + "/"):
            return licenses.license_name(path[len(folder) + 1 :], entries) is not None
    folder, _, name = path.partition("/share/doc/")[2].rpartition("/")
    return "/share/licenses/" in path or bool(folder and licenses.license_name(name, frozenset()))


def _module_of(path: str) -> str:
    folder, name = posixpath.split(path)
    above, cache = posixpath.split(folder)
    if cache != "__pycache__" or not name.endswith(".pyc"):
        return ""
    return posixpath.join(above, name.partition(".")[0] + ".py")
