"""Whether a wheel is what it says, found out before the first of its bytes is installed."""

from __future__ import annotations

import configparser
import re
import stat
from collections import Counter
from typing import TYPE_CHECKING

from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry, parse_record_file
from installer.utils import SCHEME_NAMES, parse_entrypoints, parse_metadata_file
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pep517_multi.errors import IntegrityError
from pep517_multi.staging import wheel_source
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pep517_multi.staging.wheel_source import WheelArchive

_SHOWN = 3
_ENCRYPTED = 0x1
_HASHES = ("sha256", "sha384", "sha512")
_NAME_FAULTS = (
    (re.compile(r"[\x00-\x1f\x7f]"), "has a control character in its name"),
    (re.compile(r"\\"), "has a backslash in its name"),
    (re.compile(r"\A/"), "is an absolute path"),
    (re.compile(r"\A[A-Za-z]:"), "begins with a drive letter"),
    (re.compile(r"(\A|/)\.\.(/|\Z)"), "leads to a parent folder"),
    (re.compile(r"(\A|/)\.?/|(\A|/)\.\Z|\A\Z"), "has an empty component in its name"),
    (re.compile(r"[\ud800-\udfff]"), "has a name that is no text"),
)
_SCRIPT_NAME = re.compile(r"(?!\.{1,2}\Z)[^/\\\x00-\x1f\x7f]+\Z")


def validate(path: Path) -> None:
    """Find every fault of the wheel at ``path``; return if there is none.

    :raises IntegrityError: it is not what it says; the message names the wheel and the member.
    :raises FileError: it cannot be opened.
    """
    name = WheelName.parse(path.name)
    with wheel_source.opened(path) as archive:
        for check in (_member_faults, _metadata_faults, _data_faults, _record_faults, _entry_point_faults):
            faults = list(dict.fromkeys(check(archive, name)))
            if faults:  # later checks rely on earlier ones
                more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
                raise IntegrityError(
                    f"{path.name} must not be installed: {'; '.join(faults[:_SHOWN])}{more}; build or fetch it anew"
                )


def _member_faults(archive: WheelArchive, _name: WheelName) -> Iterator[str]:
    members = archive.members
    for member in members:
        shown = repr(member.orig_filename)
        yield from (f"{shown} {fault}" for pattern, fault in _NAME_FAULTS if pattern.search(member.orig_filename))
        if wheel_source.file_type(member) not in (0, stat.S_IFDIR if member.is_dir() else stat.S_IFREG):
            yield f"{shown} is neither a file nor a folder but a link or a device"
        if member.flag_bits & _ENCRYPTED:
            yield f"{shown} is encrypted"
    yield from (f"{name!r} occurs {count} times" for name, count in Counter(_names(members)).items() if count > 1)
    folders = {name[:place] for name in _names(members) for place, letter in enumerate(name) if letter == "/"}
    for member in members:
        if not member.is_dir() and member.filename in folders:
            yield f"{member.filename!r} is a file and a folder"


def _names(members: Iterable[zipfile.ZipInfo]) -> list[str]:
    return [member.filename for member in members]


def _metadata_faults(archive: WheelArchive, name: WheelName) -> Iterator[str]:
    try:
        folder = archive.dist_info_dir
    except (InstallerError, ValueError) as error:
        yield str(error)
        return
    if not _is_of(name, *_split(folder, ".dist-info")):
        yield f"{folder} is of another project or version than the file name"
    present = set(_names(archive.members))
    lacking = [needed for needed in ("METADATA", "WHEEL", "RECORD") if f"{folder}/{needed}" not in present]
    if lacking:
        yield f"{folder} has no {' and no '.join(lacking)}"
        return
    try:
        wheel, metadata = (parse_metadata_file(archive.read_dist_info(file)) for file in ("WHEEL", "METADATA"))
    except UnicodeDecodeError as error:
        yield f"WHEEL or METADATA in {folder} is not UTF-8 ({error})"
        return
    if not str(wheel["Wheel-Version"]).startswith("1."):
        yield f"{folder}/WHEEL is of the format version {wheel['Wheel-Version']}, of which only 1.x is known"
    if not _is_of(name, str(metadata["Name"]), str(metadata["Version"])):
        yield f"{folder}/METADATA is of {metadata['Name']} {metadata['Version']}"


def _split(folder: str, ending: str) -> tuple[str, str]:
    distribution, _, version = folder.removesuffix(ending).rpartition("-")
    return distribution, version


def _is_of(name: WheelName, distribution: str, version: str) -> bool:
    try:
        return canonicalize_name(distribution) == name.name and Version(version) == name.version
    except InvalidVersion:
        return False


def _data_faults(archive: WheelArchive, name: WheelName) -> Iterator[str]:
    for member in archive.members:
        folder, *rest = member.filename.rstrip("/").split("/")
        if not folder.endswith(".data") or not rest:
            continue
        if folder != archive.data_dir or not _is_of(name, *_split(folder, ".data")):
            yield f"{member.filename!r} is in the data folder of another project or version"
        elif rest[0] not in SCHEME_NAMES:
            yield f"{member.filename!r} is for {rest[0]!r}, which is no install location"
        elif len(rest) == 1 and not member.is_dir():
            yield f"{member.filename!r} is a file where a folder is wanted"


def _record_faults(archive: WheelArchive, _name: WheelName) -> Iterator[str]:
    record = f"{archive.dist_info_dir}/RECORD"
    try:
        rows = list(parse_record_file(archive.read_dist_info("RECORD").splitlines()))
        archive.validate_record()
    except (InstallerError, InvalidRecordEntry, ValueError) as error:
        where = f"In {archive._zipfile.filename}, "  # noqa: SLF001 - the library begins each of its sentences so
        yield from (str(issue).replace(where, "") for issue in getattr(error, "issues", [error]))
        return
    present = set(_names(archive.members))
    for path, count in Counter(path for path, _, _ in rows).items():
        if count > 1:
            yield f"RECORD lists {path!r} {count} times"
        if path not in present:
            yield f"RECORD lists {path!r}, which is not there"
    for path, digest, _ in rows:
        if path != record and digest.partition("=")[0] not in _HASHES:
            yield f"RECORD has no hash of {path!r} that can be trusted ({digest.partition('=')[0]})"


def _entry_point_faults(archive: WheelArchive, _name: WheelName) -> Iterator[str]:
    if "entry_points.txt" not in archive.dist_info_filenames:
        return
    try:
        scripts = [name for name, *_ in parse_entrypoints(archive.read_dist_info("entry_points.txt"))]
    except (configparser.Error, AssertionError, AttributeError, ValueError) as error:
        reason = str(error).replace("\n", " ") or "a value is not of the form module:function"
        yield f"entry_points.txt cannot be read ({reason})"
        return
    for name in scripts:
        if not _SCRIPT_NAME.match(name):
            yield f"the entry point {name!r} is no file name"
