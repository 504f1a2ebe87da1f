"""The rules of normalisation: which differences between two builds are noise, each with its name and its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pep517_multi.wheels import aspects
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pep517_multi.wheels.aspects import Aspect, Value

_FOLDER = re.compile(r"(?:(?<=/)|^)([^/]+)-([^/-]+)\.(dist-info|data)(?=/)")
_SIGNATURE = re.compile(r"\.dist-info/RECORD(\.jws|\.p7s)?$")
_CACHED = re.compile(r"(^|/)__pycache__/[^/]+\.pyc$")
_LICENCES = re.compile(
    r"(\.dist-info/)(?:licenses/|license_files/)(?=LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE
)
_STABLE_SUFFIX = re.compile(r"\.abi3t?(-[^./]+)?\.so$")
_PYTHON_SHEBANG = re.compile(rb"\A#![^\n]*python[^\n]*\n")


@dataclass(frozen=True)
class Rule:
    """One kind of noise.

    :param because: why two builds may differ in it and still be the same.
    :param about: which aspects it is about, for ``normalise``.
    :param normalise: what two values must have in common; ``None`` as answer: nothing.
    :param rename: what two paths must have in common.
    :param packing: it is about how an archive is packed, and never about what is installed.
    """

    name: str
    because: str
    about: Callable[[Aspect], bool] = lambda _: False
    normalise: Callable[[Value], Value | None] | None = None
    rename: Callable[[str], str] | None = None
    packing: bool = False


def is_cached_bytecode(path: str) -> bool:
    """Whether the file at ``path`` is what an interpreter keeps of a source beside it."""
    return bool(_CACHED.search(path))


def _ignored(_value: Value) -> None:
    """Leave nothing to compare."""


def _of_kind(kind: str) -> Callable[[Aspect], bool]:
    return lambda aspect: aspect.kind == kind


def _of_nature(nature: str) -> Callable[[Aspect], bool]:
    return lambda aspect: aspect.kind == "bytes" and aspect.nature == nature


def _bytes_of(pattern: re.Pattern[str]) -> Callable[[Aspect], bool]:
    return lambda aspect: aspect.kind == "bytes" and bool(pattern.search(aspect.file))


def _headers(pattern: re.Pattern[str], *names: str) -> Callable[[Aspect], bool]:
    return lambda aspect: aspect.kind == "metadata" and aspect.label in names and bool(pattern.search(aspect.file))


def _each(change: Callable[[str], str]) -> Callable[[Value], Value]:
    def normalise(value: Value) -> Value:
        return tuple(sorted(map(change, value))) if isinstance(value, tuple) else value

    return normalise


def _canonical_folder(path: str) -> str:
    return _FOLDER.sub(lambda match: f"{_name(match[1])}-{_version(match[2])}.{match[3]}", path)


def _name(text: str) -> str:
    return canonicalize_name(text).replace("-", "_")


def _version(text: str) -> str:
    try:
        return str(Version(text.replace("_", "-")))
    except InvalidVersion:
        return text


def _without_python(value: Value) -> Value:
    """Take the interpreter out of the first line of a script."""
    return Blob.of(_PYTHON_SHEBANG.sub(b"#!python\n", value.read())) if isinstance(value, Blob) else value


def _requirement(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def _joined(parts: Iterable[str]) -> str:
    return ",".join(parts)


_SPELLED: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("Requires-Dist",), _requirement),
    (("Name", "Provides-Extra"), canonicalize_name),
    (("Keywords",), lambda text: _joined(text.replace(",", " ").split())),
    (("Requires-Python",), lambda text: _joined(sorted(part.strip() for part in text.split(",")))),
)
_SPECIAL = {name for names, _ in _SPELLED for name in names}


def _spelling(names: tuple[str, ...], change: Callable[[str], str]) -> Rule:
    because = "names, requirements, versions and lists can be spelled in several ways that mean the same"
    return Rule("header-spelling", because, _headers(aspects.METADATA, *names), _each(change))


def _abi_and_platform(value: Value) -> Value:
    if not isinstance(value, tuple):
        return value
    try:
        tags = [tag for text in value for tag in parse_tag(text)]
    except ValueError:
        return value
    return tuple(sorted({f"{tag.abi} {tag.platform}" for tag in tags}))


BY_MEANING = Rule(
    "by-meaning",
    "METADATA, WHEEL and entry points are compared header by header and entry by entry, so that their order and blanks "
    "do not count",
    lambda aspect: (
        aspect.kind == "bytes"
        and any(name.search(aspect.file) for name in (aspects.METADATA, aspects.WHEEL, aspects.ENTRY_POINTS))
    ),
    _ignored,
)
RULES: tuple[Rule, ...] = (
    Rule("archive-times", "no time of an archive is part of what is built", _of_kind("time"), _ignored, packing=True),
    Rule("archive-order", "an installation has no order", _of_kind("order"), _ignored, packing=True),
    Rule("record", "it lists the other files, which are compared", _bytes_of(_SIGNATURE), _ignored, packing=True),
    Rule("bytecode", "each target compiles its own", _bytes_of(_CACHED), _ignored),
    Rule("distribution-name", "the spelling of a name in folders is the backend's choice", rename=_canonical_folder),
    Rule(
        "licence-folder",
        "where a licence lies inside .dist-info depends on the version of the metadata format",
        rename=lambda path: _LICENCES.sub(r"\1", path),
    ),
    Rule(
        "stable-abi-suffix",
        "a module for the stable ABI can have several file names",
        rename=lambda path: _STABLE_SUFFIX.sub(".{stable-abi}", path),
    ),
    Rule("shebang", "packaging hosts replace it", _of_nature("script"), _without_python),
    Rule(
        "generator",
        "which backend of which version wrote the wheel",
        _headers(aspects.WHEEL, "Generator", "Wheel-Version"),
        _ignored,
    ),
    Rule("build-tag", "it counts builds", _headers(aspects.WHEEL, "Build"), _ignored),
    Rule(
        "metadata-version",
        "the version of the metadata format is the choice of the backend's version",
        _headers(aspects.METADATA, "Metadata-Version"),
        _ignored,
    ),
    Rule("dynamic", "which fields the backend filled in", _headers(aspects.METADATA, "Dynamic"), _ignored),
    Rule("license-file", "licences are compared as files", _headers(aspects.METADATA, "License-File"), _ignored),
    *(_spelling(names, change) for names, change in _SPELLED),
    Rule(
        "description-layout",
        "blanks and line ends of the description",
        _headers(aspects.METADATA, "Description"),
        _each(lambda text: " ".join(text.split())),
    ),
    Rule(
        "header-blanks",
        "blanks in headers",
        lambda aspect: aspect.kind == "metadata" and aspect.label not in {*_SPECIAL, "Description", "Tag"},
        _each(lambda text: " ".join(text.split())),
    ),
    Rule(
        "tag-versions",
        "for which versions a wheel is tagged; its ABI and its platform count",
        _headers(aspects.WHEEL, "Tag"),
        _abi_and_platform,
    ),
    BY_MEANING,
)
"""In the order in which they are tried."""

STABLE_ABI_BYTES = Rule(
    "stable-abi-bytes",
    "compiled with other headers a module always differs, and that it may is what a stable ABI means",
    _of_nature("stable-abi-extension"),
    lambda _: "a module for the stable ABI",
)
PROOF = (*(rule for rule in RULES if rule.name != "shebang"), STABLE_ABI_BYTES)
"""What the proof of reuse applies. An installer replaces ``#!python`` alone, so any other interpreter that a build
wrote into a script stays in it, and is a difference."""
