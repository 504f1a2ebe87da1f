"""What a wheel says of itself in its ``.dist-info``, held against its file name and read without trust."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pep517_multi.archives.names import shown
from pep517_multi.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.archives.zip_archive import ZipArchive
    from pep517_multi.wheels.names import WheelName

_FILES = ("METADATA", "WHEEL", "RECORD")
_LARGEST = {"RECORD": 64 << 20}
_LARGEST_OF_OTHERS = 16 << 20  # METADATA holds the README
_SHOWN = 3
_ONCE = ("wheel-version", "root-is-purelib", "build")
_DECISIVE = ("metadata_version", "name", "version", "requires_python")
_NO_OPERATOR = re.compile(r"\d+(\.\d+)*")
_STAR_IN_ORDER = re.compile(r"([<>]=?|~=)\s*(\d+(?:\.\d+)*)\.\*")


@dataclass(frozen=True)
class Metadata:
    """What was found in the one ``.dist-info`` of a wheel.

    :param dist_info: name of the folder.
    :param requires_python: ``None`` where every Python is admitted.
    """

    dist_info: str
    requires_python: SpecifierSet | None


def read_metadata(archive: ZipArchive, name: WheelName) -> Metadata:
    """Read and check what says whose wheel this is and for whom.

    :raises IntegrityError: there is not exactly one ``.dist-info``, a file in it is missing or no text, or it
        contradicts the file name.
    """
    dist_info = _dist_info(archive, name)
    present = {entry.name for entry in archive.entries}
    lacking = [f"{dist_info}/{file}" for file in _FILES if f"{dist_info}/{file}" not in present]
    if lacking:
        raise IntegrityError(f"{name} holds no {' and no '.join(lacking)}; build or fetch it anew")
    _check_wheel(read_text(archive, f"{dist_info}/WHEEL"), name)
    metadata = read_text(archive, f"{dist_info}/METADATA")
    return Metadata(dist_info, _requires_python(metadata, name))


def is_of(name: WheelName, folder: str, *, ending: str) -> bool:
    """Whether ``folder`` is called ``{name}-{version}{ending}`` in one of the ways to spell name and version."""
    distribution, _, version = folder.removesuffix(ending).rpartition("-")
    try:
        return canonicalize_name(distribution) == name.name and Version(version) == name.version
    except InvalidVersion:
        return False


def read_text(archive: ZipArchive, member: str) -> str:
    """Return the content of a member, which is there and must be UTF-8 of a reasonable size."""
    entry = archive.find(member)
    if entry is None:
        raise archive.broken(f"it holds no {member}")
    most = _LARGEST.get(member.rpartition("/")[2], _LARGEST_OF_OTHERS)
    try:
        return archive.read(entry, most=most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise archive.broken(f"{member} is not UTF-8 ({error})") from error


def _dist_info(archive: ZipArchive, name: WheelName) -> str:
    folders = {entry.name.split("/", 1)[0] for entry in archive.entries}  # and files, which others take for folders
    found = sorted(folder for folder in folders if folder.casefold().endswith(".dist-info"))
    if len(found) != 1:
        listed = ", ".join(map(shown, found[:_SHOWN])) or "none"
        raise IntegrityError(f"{name} holds {len(found)} .dist-info folders ({listed}) instead of one; build it anew")
    if not is_of(name, found[0], ending=".dist-info"):
        raise IntegrityError(
            f"{name} holds the metadata of another project or version: {shown(found[0])}; build it anew"
        )
    return found[0]


def _check_wheel(text: str, name: WheelName) -> None:
    message = HeaderParser().parsestr(text)
    if message.defects or str(message.get_payload()).strip():
        raise IntegrityError(f"{name}: its WHEEL file holds something else than headers; build it anew")
    headers: dict[str, list[str]] = {}
    for key, value in message.items():
        headers.setdefault(key.lower(), []).append(str(value).strip())
    if twice := [key for key in _ONCE if len(headers.get(key, [])) > 1]:
        raise IntegrityError(f"{name}: its WHEEL file says {twice[0]} twice; build it anew")
    one = {key: values[0] for key, values in headers.items()}
    _check_format(one, name)
    _check_tags(headers.get("tag", []), name)


def _check_format(headers: Mapping[str, str], name: WheelName) -> None:
    version = headers.get("wheel-version", "missing")
    major, _, minor = version.partition(".")
    if major != "1" or not (minor.isascii() and minor.isdigit()):
        raise IntegrityError(f"{name} is of the wheel format version {shown(version)}, of which only 1.x is known")
    purelib = headers.get("root-is-purelib", "false")
    if purelib.lower() not in {"true", "false"}:
        raise IntegrityError(f"{name}: its WHEEL file says Root-Is-Purelib: {shown(purelib)}, neither true nor false")
    build, expected = headers.get("build"), "".join(map(str, name.build))
    if build is not None and build != expected:
        raise IntegrityError(
            f"the file name of {name} says build {expected or 'none'}, but its WHEEL file says {shown(build)}"
        )


def _check_tags(written: list[str], name: WheelName) -> None:
    """Compare the ``Tag`` lines, which say what was built, with the file name, which says what it is taken for."""
    try:
        tags = frozenset(tag for value in written for tag in parse_tag(value))
    except ValueError as error:
        raise IntegrityError(f"{name}: its WHEEL file has a Tag line that is no tag: {error}; build it anew") from error
    if tags != name.tags:
        inside = shown(", ".join(written))[1:-1] or "none"
        raise IntegrityError(
            f"the file name of {name} says {name.tag_text}, but its WHEEL file says {inside}; build it anew, or let "
            '"wheel tags" change both'
        )


def _requires_python(text: str, name: WheelName) -> SpecifierSet | None:
    raw, unparsed = parse_email(text)
    _check_unparsed(unparsed, name)
    stated, version = f"{raw.get('name')} {raw.get('version')}", raw.get("metadata_version", "1.0")
    try:
        if (canonicalize_name(raw.get("name", "")), Version(raw.get("version", ""))) != (name.name, name.version):
            raise IntegrityError(f"{name}: its METADATA is of {shown(stated)}; build it anew")
        if version.partition(".")[0] not in {"1", "2"}:
            raise IntegrityError(f"{name}: its METADATA is of version {shown(version)}, and only 1 and 2 are known")
        written = raw.get("requires_python")
        return SpecifierSet(_of_today(written)) if written else None
    except (InvalidVersion, InvalidSpecifier) as error:
        raise IntegrityError(f"{name}: its METADATA cannot be used: {shown(str(error))}; build it anew") from error


def _check_unparsed(unparsed: Mapping[str, list[str]], name: WheelName) -> None:
    """Refuse two answers to whose wheel this is and for whom: some readers take the first one, some the last."""
    for field in _DECISIVE:
        header = field.replace("_", "-")
        if len(unparsed.get(header, [])) > 1:
            raise IntegrityError(f"{name}: its METADATA says {header} twice; build it anew")


def _of_today(specifiers: str) -> str:
    """Return Requires-Python in the words of :pep:`440`.

    Before it, :pep:`345` took a version without an operator for all that begin with it; and backends once wrote
    ``>=3.6.*``, which old installers understood.
    """
    clauses = [clause.strip() for clause in _STAR_IN_ORDER.sub(r"\1\2", specifiers).split(",")]
    return ",".join(f"=={clause}.*" if _NO_OPERATOR.fullmatch(clause) else clause for clause in clauses)
