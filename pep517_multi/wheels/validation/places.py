"""Where the files of a wheel would go: the ``.data`` folder and the scripts of entry points."""

from __future__ import annotations

import configparser
import keyword
import re
from typing import TYPE_CHECKING

from installer.utils import SCHEME_NAMES

from pep517_multi.archives import names
from pep517_multi.wheels.metadata import is_of, read_text
from pep517_multi.wheels.validation.members import RESERVED, collision_faults, is_for_linux_alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.archives.zip_archive import ZipArchive
    from pep517_multi.archives.zip_records import Entry
    from pep517_multi.wheels.names import WheelName

_SITE = {"purelib": "site", "platlib": "site"}  # one folder on most systems
_SCRIPT_SECTIONS = ("console_scripts", "gui_scripts")
_GENERATED = re.compile(rb"#![^\n]*\n# EASY-INSTALL-ENTRY-SCRIPT: ")
_REFERENCE = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(\[[^\]]*\])?\s*\Z")


def place_faults(archive: ZipArchive, name: WheelName, dist_info: str, *, portable: bool) -> Iterator[str]:
    """Yield a clause for each file without a place, or with the place of another one."""
    data_folders = {entry.name.split("/", 1)[0] for entry in archive.entries if _is_in_data(entry)}
    if len(data_folders) > 1:
        yield f"it has {len(data_folders)} .data folders: {', '.join(map(names.shown, sorted(data_folders)[:3]))}"
    places = []
    for entry in archive.entries:
        if _is_in_data(entry):
            yield from _data_faults(entry, name, dist_info)
            _, *rest = entry.name.split("/", 2)
            places.append("/".join([_SITE.get(rest[0], rest[0]), *rest[1:]]))
        else:
            places.append(f"site/{entry.name}")
    scripts: list[str] = []
    portable = portable and not is_for_linux_alone(name)
    if archive.find(f"{dist_info}/entry_points.txt") is not None:
        yield from _entry_point_faults(read_text(archive, f"{dist_info}/entry_points.txt"), scripts)
    if portable:
        reserved = [script for script in scripts if not names.is_portable(script)]
        yield from (f"the entry point {names.shown(script)} {RESERVED}" for script in reserved)
    wrappers = [f"scripts/{script}" for script in scripts]
    files = [place for place in places if not place.endswith("/")]
    taken = [*wrappers, *(place for place in files if place not in wrappers or not _gives_way(archive, place))]
    yield from collision_faults(taken, portable=portable)


def is_generated(script: bytes) -> bool:
    """Whether a script, of which this is the beginning, is one that setuptools once put into wheels for an entry point.

    The script that an installer makes for the entry point takes its place, as it does for pip.
    """
    return _GENERATED.match(script) is not None


def _gives_way(archive: ZipArchive, place: str) -> bool:
    entries = [entry for entry in archive.entries if entry.name.partition("/")[2] == place and _is_in_data(entry)]
    return all(is_generated(next(archive.chunks(entry), b"")) for entry in entries)


def _is_in_data(entry: Entry) -> bool:
    folder, slash, rest = entry.name.partition("/")
    return folder.casefold().endswith(".data") and bool(slash and rest)


def _data_faults(entry: Entry, name: WheelName, dist_info: str) -> Iterator[str]:
    folder, kind, *rest = entry.name.rstrip("/").split("/")
    if not folder.endswith(".data") or not is_of(name, folder, ending=".data"):
        yield f"{entry.shown} is in the data folder of another project or version"
    elif kind not in SCHEME_NAMES:
        yield f"{entry.shown} is for {names.shown(kind)}, which is no install location"
    elif not rest and not entry.is_folder:
        yield f"{entry.shown} is a file where a folder is wanted"
    elif any(part.casefold().endswith(".dist-info") for part in rest[:1]) and kind in _SITE:
        yield f"{entry.shown} would add to {dist_info}, or be the metadata of another project"


def _entry_point_faults(text: str, scripts: list[str]) -> Iterator[str]:
    """Yield faults, and add the names of the scripts to ``scripts``."""
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
        sections = [dict(parser.items(section)) for section in _SCRIPT_SECTIONS if parser.has_section(section)]
    except configparser.Error as error:
        yield f"entry_points.txt cannot be read ({' '.join(str(error).split())})"
        return
    for script, reference in (item for section in sections for item in section.items()):
        scripts.append(script)
        yield from (f"the entry point {names.shown(script)} {fault}" for fault in _script_faults(script))
        if not _is_reference(reference):
            value = names.shown(reference)
            yield f"the entry point {names.shown(script)} cannot be read: {value} is not of the form module:function"


def _script_faults(script: str) -> Iterable[str]:
    if "/" in script:
        return ("is no file name",)
    return list(names.faults(script))


def _is_reference(text: str) -> bool:
    matched = _REFERENCE.match(text)
    parts = [part for group in ("module", "attribute") for part in matched[group].split(".")] if matched else [""]
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
