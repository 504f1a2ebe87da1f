"""A wheel on disk, read once: what decides whom it may serve."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pep517_multi import files
from pep517_multi.errors import IntegrityError
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    from pathlib import Path


UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises for archives that are broken, encrypted or compressed in a way that it does not know."""
_EXTENSION_ENDINGS = (".so", ".pyd")
_ABI_IN_FILE_NAME = re.compile(
    r"\.(cpython-\d|cp\d|abi3|pypy\d|graalpy\d)[^/]*\.(so|pyd)$"  # x.cpython-312-x86_64-linux-gnu.so, x.abi3.so
)
_MODULE_INIT = re.compile(rb"Py(Init|InitU|ModExport)_[A-Za-z0-9_]")
"""A symbol that only extension modules export (:pep:`489`, :pep:`793`); a library loaded by ctypes has none."""
_CHUNK = 1 << 20
_OVERLAP = 32
_METADATA_LIMIT = 64 << 20


@dataclass(frozen=True)
class Wheel:
    """A wheel and what it says of itself.

    :param requires_python: ``None`` where every Python is admitted.
    :param extensions: members that are extension modules (by file name, or by the symbol they export), sorted.
    """

    path: Path
    name: WheelName
    sha256: str
    requires_python: SpecifierSet | None
    extensions: tuple[str, ...]

    @property
    def abis(self) -> frozenset[str]:
        """The ABI parts of the tags: ``none``, ``abi3``, ``cp312``."""
        return frozenset(tag.abi for tag in self.name.tags)


def read_wheel(path: Path) -> Wheel:
    """Read the wheel at ``path``; its members' bytes are looked at only where a file name leaves open what it is.

    :raises IntegrityError: it is no wheel, or its file name, ``WHEEL`` and ``METADATA`` contradict each other.
    """
    name = WheelName.parse(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            dist_info = _dist_info(archive, name)
            _check_tags(_text(archive, f"{dist_info}/WHEEL", name), name)
            requires_python = _requires_python(_text(archive, f"{dist_info}/METADATA", name), name)
            extensions = tuple(sorted(filter(lambda member: _is_extension(archive, member), archive.namelist())))
    except (*UNREADABLE, OSError) as error:
        raise IntegrityError(f"{path.name} cannot be read as a wheel: {error}; build it anew") from error
    return Wheel(path, name, files.sha256(path), requires_python, extensions)


def _dist_info(archive: zipfile.ZipFile, name: WheelName) -> str:
    folders = {member.split("/", 1)[0] for member in archive.namelist() if "/" in member}
    found = sorted(folder for folder in folders if folder.endswith(".dist-info"))
    if len(found) != 1:
        listed = ", ".join(found) or "none"
        raise IntegrityError(f"{name} holds {len(found)} .dist-info folders ({listed}) instead of one")
    distribution, _, version = found[0].removesuffix(".dist-info").rpartition("-")
    try:
        same = canonicalize_name(distribution) == name.name and Version(version) == name.version
    except InvalidVersion:
        same = False
    if not same:
        raise IntegrityError(f"{name} holds the metadata of another project: {found[0]}")
    return found[0]


def _text(archive: zipfile.ZipFile, member: str, name: WheelName) -> str:
    try:
        if archive.getinfo(member).file_size > _METADATA_LIMIT:
            raise IntegrityError(f"{name} holds a {member} of more than {_METADATA_LIMIT >> 20} MiB")
        return archive.read(member).decode("utf-8")
    except KeyError as error:
        raise IntegrityError(f"{name} holds no {member}") from error
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{name}: {member} is not UTF-8: {error}") from error


def _check_tags(text: str, name: WheelName) -> None:
    """Compare the ``Tag`` lines, which say what was built, with the file name, which says what it is taken for."""
    lines = (line.partition(":") for line in text.splitlines())
    written = [value.strip() for key, _, value in lines if key.strip().lower() == "tag"]
    try:
        tags = frozenset(tag for value in written for tag in parse_tag(value))
    except ValueError as error:
        raise IntegrityError(f"{name}: its WHEEL file has a Tag line that is no tag: {error}") from error
    if tags != name.tags:
        inside = ", ".join(written) or "none"
        raise IntegrityError(f"the file name of {name} says {name.tag_text}, but its WHEEL file says {inside}")


def _requires_python(text: str, name: WheelName) -> SpecifierSet | None:
    raw, _ = parse_email(text)
    try:
        stated = canonicalize_name(raw.get("name", "")), Version(raw.get("version", ""))
        if stated != (name.name, name.version):
            raise IntegrityError(f"{name}: its METADATA is of {raw.get('name')} {raw.get('version')}")
        written = raw.get("requires_python")
        return SpecifierSet(written) if written else None
    except (InvalidVersion, InvalidSpecifier) as error:
        raise IntegrityError(f"{name}: its METADATA cannot be used: {error}") from error


def _is_extension(archive: zipfile.ZipFile, member: str) -> bool:
    if not member.endswith(_EXTENSION_ENDINGS):
        return False
    return bool(_ABI_IN_FILE_NAME.search(member)) or _exports_module(archive, member)


def _exports_module(archive: zipfile.ZipFile, member: str) -> bool:
    with archive.open(member) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            if _MODULE_INIT.search(before + chunk):
                return True
            before = chunk[-_OVERLAP:]
    return False
