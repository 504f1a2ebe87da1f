"""What can be compared of a file: its bytes, its mode, and of metadata each header and each entry point by itself."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field
from email.parser import HeaderParser
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.wheels.trees import Contents, File, Nature

Value: TypeAlias = Blob | str | tuple[str, ...]

METADATA = re.compile(r"(^|/)[^/]+\.dist-info/METADATA$")
WHEEL = re.compile(r"(^|/)[^/]+\.dist-info/WHEEL$")
ENTRY_POINTS = re.compile(r"(^|/)[^/]+\.dist-info/entry_points\.txt$")
_CONTINUATION = re.compile(r"(?m)^ {7}\|?")


@dataclass(frozen=True, order=True)
class Aspect:
    """What two trees may differ in.

    :param file: its path, normalised; empty for what concerns the whole archive.
    :param kind: ``bytes``, ``mode``, ``name``, ``time``, ``order``, ``metadata``, ``entry-point``.
    :param label: the header, or the group of entry points.
    :param nature: of the file.
    """

    file: str
    kind: str
    label: str = ""
    nature: Nature = field(default="file", compare=False)


def of_file(file: File, path: str) -> Iterator[tuple[Aspect, Value]]:
    """Yield all aspects of ``file`` that can be compared, under its normalised ``path``."""
    yield Aspect(path, "bytes", nature=file.nature), file.blob
    yield Aspect(path, "mode"), "executable" if file.executable else "not executable"
    yield Aspect(path, "name"), file.path
    if file.moment:
        yield Aspect(path, "time"), file.moment
    for name, parse in ((METADATA, _headers), (WHEEL, _headers), (ENTRY_POINTS, _entry_points)):
        if name.search(path):
            yield from parse(path, file.blob.read().decode("utf-8", "replace"))


def of_archive(contents: Contents) -> Iterator[tuple[Aspect, Value]]:
    """Yield what concerns the whole archive."""
    if contents.is_archive:
        yield Aspect("", "order"), tuple(file.path for file in contents.files)


def _headers(path: str, text: str) -> Iterator[tuple[Aspect, Value]]:
    message = HeaderParser().parsestr(text)
    description = str(message.get_payload())
    values: dict[str, list[str]] = {}
    for name, value in message.items():
        if name.title() == "Description":
            description = _CONTINUATION.sub("", str(value))
        else:
            values.setdefault(name.title(), []).append(str(value))
    if METADATA.search(path):
        values["Description"] = [description]
    for name, several in values.items():
        yield Aspect(path, "metadata", name), tuple(sorted(several))


def _entry_points(path: str, text: str) -> Iterator[tuple[Aspect, Value]]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
    try:
        parser.read_string(text)
    except configparser.Error:
        yield Aspect(path, "entry-point", "unreadable"), (text,)
        return
    for group in parser.sections():
        pairs = (f"{name} = {''.join(target.split())}" for name, target in parser.items(group))
        yield Aspect(path, "entry-point", group), tuple(sorted(pairs))
