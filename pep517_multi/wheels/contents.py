"""What a wheel would install, without what is mere noise of its build; two wheels are compared by it."""

from __future__ import annotations

import configparser
import hashlib
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pep517_multi.errors import IntegrityError
from pep517_multi.wheels.decision import is_stable_abi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pep517_multi.wheels.wheel import Wheel

_CHUNK = 1 << 20
_DIST_INFO = re.compile(r"^[^/]+\.dist-info/")
_DATA = re.compile(r"^[^/]+\.data/")
_LICENCES = re.compile(
    r"^\{dist-info\}/(licenses/|license_files/)?(?=(LICEN[CS]E|COPYING|NOTICE|AUTHORS))", re.IGNORECASE
)
_PYTHON_SHEBANG = re.compile(rb"\A#![^\n]*python[^\n]*\n")
_SIGNATURES = {"{dist-info}/RECORD", "{dist-info}/RECORD.jws", "{dist-info}/RECORD.p7s"}

NOISE = {
    "Metadata-Version": "the version of the format, which the backend chooses",
    "Dynamic": "which fields the backend filled in",
    "License-File": "where licences lie, compared as files",
}
"""Headers of METADATA that say nothing of what is installed, with the reason."""


@dataclass(frozen=True)
class Contents:
    """What a wheel installs.

    :param members: normalised path → digest of its bytes and its executable bit.
    :param metadata: each header of METADATA by meaning, with how often it comes; ``Description`` is the body.
    :param entry_points: ``group: name = object``, each.
    :param kind: where it goes and for which ABI and platform: ``purelib none any``.
    """

    members: Mapping[str, str]
    metadata: Mapping[str, int]
    entry_points: frozenset[str]
    kind: str


@lru_cache(maxsize=64)
def contents(wheel: Wheel) -> Contents:
    """Read what ``wheel`` would install.

    Left out or made alike: RECORD and signatures, the generator and tag lines of WHEEL (its ABI and platform count),
    zip times and order, the case of the distribution's name in folder names, the interpreter in the first line of
    scripts, where licences lie inside ``.dist-info``. Of a stable-ABI wheel, extension modules count by name alone:
    which headers compiled them is the business of the stable ABI.

    :raises IntegrityError: it cannot be read.
    """
    stable = all(is_stable_abi(tag) for tag in wheel.name.tags)
    members: dict[str, str] = {}
    texts: dict[str, str] = {}
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            for info in archive.infolist():
                path = _normalised(info.filename)
                if info.is_dir() or path in _SIGNATURES:
                    continue
                if path in {"{dist-info}/METADATA", "{dist-info}/WHEEL", "{dist-info}/entry_points.txt"}:
                    texts[path.rpartition("/")[2]] = archive.read(info).decode("utf-8", "replace")
                elif stable and info.filename in wheel.extensions:
                    members[_without_suffix(path)] = "a module for the stable ABI"
                else:
                    members[path] = _digest(archive, info)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise IntegrityError(f"{wheel.path.name} cannot be read as a wheel: {error}; build it anew") from error
    return Contents(
        members=members,
        metadata=Counter(_headers(texts.get("METADATA", ""))),
        entry_points=frozenset(_entry_points(texts.get("entry_points.txt", ""))),
        kind=_kind(wheel, texts.get("WHEEL", "")),
    )


def differences(one: Contents, other: Contents) -> tuple[str, ...]:
    """Name each file, header and entry point in which two wheels differ, one clause each."""
    found = [f"{path} is in one of them only" for path in sorted(one.members.keys() ^ other.members.keys())]
    found += [
        f"{path} differs"
        for path in sorted(one.members.keys() & other.members.keys())
        if one.members[path] != other.members[path]
    ]
    headers = {
        header
        for header in one.metadata.keys() | other.metadata.keys()
        if one.metadata.get(header) != other.metadata.get(header)
    }
    found += [f"METADATA: {_shortened(header)} is in one of them only" for header in sorted(headers)]
    found += [f"entry point {entry} is in one of them only" for entry in sorted(one.entry_points ^ other.entry_points)]
    if one.kind != other.kind:
        found.append(f"one is {one.kind}, the other {other.kind}")
    return tuple(found)


def _normalised(member: str) -> str:
    path = _DATA.sub("{data}/", _DIST_INFO.sub("{dist-info}/", member))
    return _LICENCES.sub("{dist-info}/", path)


def _without_suffix(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]} (extension module)"


def _digest(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    executable = bool(info.external_attr >> 16 & 0o111)
    with archive.open(info) as stream:
        chunk = stream.read(_CHUNK)
        if _DATA.match(info.filename) and "/scripts/" in info.filename:
            chunk = _PYTHON_SHEBANG.sub(b"#!python\n", chunk)
        while chunk:
            digest.update(chunk)
            chunk = stream.read(_CHUNK)
    return digest.hexdigest() + ("x" if executable else "")


def _headers(text: str) -> Iterator[str]:
    message = HeaderParser().parsestr(text)
    description = message.get_payload()
    for name, value in message.items():
        if name.title() in NOISE:
            continue
        if name.title() == "Description":
            description = re.sub(r"(?m)^ {7}\|?", "", value)
        else:
            yield f"{name.title()}: {_meaning(name.title(), value)}"
    yield f"Description: {' '.join(str(description).split())}"


def _meaning(name: str, value: str) -> str:
    if name == "Requires-Dist":
        try:
            requirement = Requirement(value)
        except InvalidRequirement:
            return value
        requirement.name = canonicalize_name(requirement.name)
        return str(requirement)
    if name in {"Name", "Provides-Extra"}:
        return canonicalize_name(value)
    if name == "Keywords":
        return ",".join(value.replace(",", " ").split())
    if name == "Requires-Python":
        return ",".join(sorted(part.strip() for part in value.split(",")))
    return " ".join(value.split())


def _entry_points(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
    try:
        parser.read_string(text)
    except configparser.Error:
        yield text
        return
    for group in parser.sections():
        for name, target in parser.items(group):
            yield f"{group}: {name} = {''.join(target.split())}"


def _kind(wheel: Wheel, text: str) -> str:
    purelib = HeaderParser().parsestr(text).get("Root-Is-Purelib", "").strip().lower() == "true"
    tags = sorted({f"{tag.abi} {tag.platform}" for tag in wheel.name.tags})
    return f"{'purelib' if purelib else 'platlib'} {', '.join(tags)}"


def _shortened(text: str, limit: int = 100) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
