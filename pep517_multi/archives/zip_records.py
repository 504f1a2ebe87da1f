"""The records that a zip archive is made of, as APPNOTE.TXT of PKWARE has them, parsed without any forgiveness."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pep517_multi.archives.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORED, DEFLATED = 0, 8
HAS_DESCRIPTOR = 0x0008
_IS_UTF8 = 0x0800
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_COMPARED = _ENCRYPTED | _PATCHED | HAS_DESCRIPTOR | _IS_UTF8  # the others are hints on how hard was compressed
_NEWEST = 63  # version 6.3 of APPNOTE.TXT; no later one asks for more
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF

_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstandard", 95: "xz", 99: "AES"}

_CENTRAL = struct.Struct("<4s2H4H3L5H2L")
_LOCAL = struct.Struct("<4sH4H3L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64_SIGNATURE, _LOCATOR_SIGNATURE, _DESCRIPTOR_SIGNATURE = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
_SIGNATURES = (_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE, _END64_SIGNATURE, _LOCATOR_SIGNATURE)
LOCAL_SIZE = _LOCAL.size
TAIL_SIZE = _END.size + _FULL_16 + _LOCATOR.size + _END64.size
_DESCRIPTORS = {12: "<3L", 16: "<4x3L", 20: "<L2Q", 24: "<4xL2Q"}


class ZipFault(ValueError):  # noqa: N818 - a clause about an archive, for a sentence that somebody else makes
    """What is wrong with an archive: a clause without the name of the archive."""


class Entry(NamedTuple):
    """A member as the central directory has it.

    :param name: as text; ``raw`` as bytes.
    :param attributes: see ``ZipInfo.external_attr``: the mode of POSIX is in its upper half.
    :param offset: of its own header in the archive.
    :param stamp: date and time of DOS.
    """

    name: str
    raw: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    attributes: int
    offset: int
    stamp: tuple[int, int] = (0, 0)

    @property
    def shown(self) -> str:
        """The name for a message."""
        return shown(self.name)

    @property
    def is_folder(self) -> bool:
        """Whether it is none of the files."""
        return self.name.endswith("/")


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies in an archive, and how many members it says it has."""

    start: int
    end: int
    count: int


def find_directory(tail: bytes, size: int) -> Directory:
    """Find the central directory by the end of an archive of ``size`` bytes, of which ``tail`` are the last ones.

    :raises ZipFault: there is none, or more than one way to find it.
    """
    place = tail.rfind(_END_SIGNATURE)
    if place < 0 or len(tail) - place < _END.size:
        raise ZipFault("it has no end of a zip archive, so it is none or was cut off")
    _, disk, first_disk, here, count, length, start, comment = _END.unpack_from(tail, place)
    if place + _END.size + comment != len(tail):
        raise ZipFault("it does not end where its last record says: something was appended to it or cut off")
    _check_comment(tail[place + _END.size :], "its comment")
    stated = [disk, first_disk, here, count, length, start]
    end = size - len(tail) + place
    if tail[place - _LOCATOR.size : place].startswith(_LOCATOR_SIGNATURE):
        stated, end = _long_end(tail, place, size, stated)
    elif _FULL_16 in stated[:4] or _FULL_32 in stated[4:]:
        raise ZipFault("its end says that it is of the zip64 kind, but it has no zip64 record")
    disk, first_disk, here, count, length, start = stated
    if disk or first_disk or here != count:
        raise ZipFault("it is a part of an archive of several parts")
    if start + length != end:
        raise ZipFault("its directory is not where its end says: something was put in front of it or into it")
    return Directory(start, end, count)


def _long_end(tail: bytes, place: int, size: int, short: Sequence[int]) -> tuple[list[int], int]:
    before = len(tail) - place + _LOCATOR.size + _END64.size
    where = len(tail) - before
    _, locator_disk, offset, disks = _LOCATOR.unpack_from(tail, place - _LOCATOR.size)
    if where < 0 or offset != size - before or not tail.startswith(_END64_SIGNATURE, where):
        raise ZipFault("its zip64 record is not where it is said to be")
    _, length, _, _, *stated = _END64.unpack_from(tail, where)
    if length != _END64.size - 12 or locator_disk or disks != 1:
        raise ZipFault("its zip64 record is of an unknown kind")
    limits = (_FULL_16,) * 4 + (_FULL_32,) * 2
    if any(less not in (more, full) for less, more, full in zip(short, stated, limits, strict=True)):
        raise ZipFault("its zip64 record and its end contradict each other")
    return stated, offset


def parse_directory(content: bytes, count: int) -> list[Entry]:
    """Parse a central directory, which must have ``count`` entries and nothing else.

    :raises ZipFault: it is something else.
    """
    entries: list[Entry] = []
    place = 0
    while place < len(content):
        if not content.startswith(_CENTRAL_SIGNATURE, place) or len(content) - place < _CENTRAL.size:
            raise ZipFault(f"its directory is damaged after {len(entries)} of {count} members")
        fields = _CENTRAL.unpack_from(content, place)
        lengths = fields[10:13]
        place += _CENTRAL.size
        ends = [place + sum(lengths[: number + 1]) for number in range(3)]
        if ends[2] > len(content):
            raise ZipFault(f"its directory is cut off after {len(entries)} of {count} members")
        raw, extra, comment = content[place : ends[0]], content[ends[0] : ends[1]], content[ends[1] : ends[2]]
        entries.append(_entry(fields, raw, extra, comment))
        place = ends[2]
    if len(entries) != count:
        raise ZipFault(f"its directory has {len(entries)} members and says that it has {count}")
    return entries


def _entry(fields: Sequence[int], raw: bytes, extra: bytes, comment: bytes) -> Entry:
    _, _, needed, flags, method, clock, day, crc, compressed, size, *_, disk, _, attributes, offset = fields
    name = _decoded(raw, flags)
    if needed & 0xFF > _NEWEST:
        raise ZipFault(f"{shown(name)} needs version {(needed & 0xFF) / 10} of the format, which nobody knows")
    if comment:
        _check_comment(comment, f"the comment of {shown(name)}")
    if flags & _ENCRYPTED:
        raise ZipFault(f"{shown(name)} is encrypted")
    if flags & _PATCHED or method not in {STORED, DEFLATED}:
        how = _METHODS.get(method, f"method {method}")
        raise ZipFault(f"{shown(name)} is compressed by {how}, and not every installer understands more than deflate")
    size, compressed, offset, disk = _long_sizes(name, _extras(name, extra, raw), [size, compressed, offset], disk)
    if disk:
        raise ZipFault(f"{shown(name)} lies in another part of the archive")
    if method == STORED and size != compressed:
        raise ZipFault(f"{shown(name)} is not compressed, but has two sizes")
    return Entry(name, raw, flags, method, crc, compressed, size, attributes, offset, (day, clock))


def _decoded(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _IS_UTF8 else "ascii")
    except UnicodeDecodeError as error:
        why = "is not UTF-8, though it says so" if flags & _IS_UTF8 else "is in an encoding that it does not tell"
        raise ZipFault(f"the name {shown(raw.decode('utf-8', 'backslashreplace'))} {why}") from error


def _extras(name: str, extra: bytes, raw: bytes) -> bytes | None:
    """Check the extra fields of a header; return the content of the zip64 one, ``None`` where there is none."""
    if not extra:
        return None
    seen: dict[int, bytes] = {}
    for kind, content in _fields(name, extra):
        if kind in seen and kind in {_ZIP64, _UNICODE_PATH}:
            raise ZipFault(f"the header of {shown(name)} says something twice")
        seen[kind] = content
    second = seen.get(_UNICODE_PATH)
    if second is not None and (second[5:] != raw or second[1:5] != zlib.crc32(raw).to_bytes(4, "little")):
        raise ZipFault(f"{shown(name)} has a second name")
    return seen.get(_ZIP64)


def _fields(name: str, extra: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while len(extra) - place >= 4:  # noqa: PLR2004 - kind and length
        kind, length = struct.unpack_from("<2H", extra, place)
        place += 4 + length
        if place > len(extra):
            raise ZipFault(f"the header of {shown(name)} is damaged")
        yield kind, extra[place - length : place]


def _long_sizes(name: str, content: bytes | None, values: Sequence[int], disk: int = 0) -> tuple[int, ...]:
    """Put what a zip64 field says in the place of what did not fit; all that it says otherwise must be the same."""
    if content is None and _FULL_32 not in values and disk != _FULL_16:  # as nearly all are
        return *values, disk
    lacking = [value == _FULL_32 for value in values]
    if content is None:
        raise ZipFault(f"the header of {shown(name)} has a size that is none, and no zip64 field")
    numbers = list(struct.unpack(f"<{len(content) // 8}Q", content[: len(content) // 8 * 8]))
    rest = content[len(numbers) * 8 :]
    places = [place for place, is_lacking in enumerate(lacking) if is_lacking]
    if len(numbers) != len(places):  # not only what is lacking: then all of it, in its order
        places = list(range(len(numbers)))
    if len(places) > len(values) or len(rest) not in {0, 4} or not {*places} >= {*_where(lacking)}:
        raise ZipFault(f"the zip64 field of {shown(name)} has a size that is none")
    known = dict(zip(places, numbers, strict=True))
    if any(not lacking[place] and number != values[place] for place, number in known.items()):
        raise ZipFault(f"the header of {shown(name)} has two sizes")
    last = int.from_bytes(rest, "little") if rest and disk == _FULL_16 else disk
    return *(known.get(place, value) for place, value in enumerate(values)), last


def _where(flags: Sequence[bool]) -> list[int]:
    return [place for place, flag in enumerate(flags) if flag]


def local_length(header: bytes) -> int:
    """Return the length of the whole header in front of a member by its first bytes.

    :raises ZipFault: it is none.
    """
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGNATURE):
        raise ZipFault("a member is not where the directory says")
    name, extra = _LOCAL.unpack_from(header)[-2:]
    return _LOCAL.size + int(name) + int(extra)


def check_local(header: bytes, entry: Entry) -> None:
    """Compare the header in front of a member with what the directory says of it.

    :raises ZipFault: they differ, or it is cut off.
    """
    _, _, flags, method, _, _, crc, compressed, size, name_length, _ = _LOCAL.unpack_from(header)
    raw, extra = header[_LOCAL.size :][:name_length], header[_LOCAL.size + name_length :]
    if raw != entry.raw:
        raise ZipFault(f"{entry.shown} has the name {shown(raw.decode('utf-8', 'backslashreplace'))} in its own header")
    long = _extras(entry.name, extra, raw)
    size, compressed, _ = _long_sizes(entry.name, long, [size, compressed])
    if (flags ^ entry.flags) & _COMPARED or method != entry.method:
        raise ZipFault(f"the directory and the header of {entry.shown} differ in how it is stored")
    expected = crc, compressed, size
    stated = entry.crc, entry.compressed, entry.size
    if expected != stated and not (
        flags & HAS_DESCRIPTOR and all(one in (0, two) for one, two in _pairs(expected, stated))
    ):
        raise ZipFault(f"the directory and the header of {entry.shown} differ in its size or checksum")


def _pairs(one: Sequence[int], other: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(one, other, strict=True)


def check_descriptor(content: bytes, entry: Entry) -> None:
    """Check what lies between the data of a member and the next record.

    :raises ZipFault: it is not what has to be there.
    """
    if not entry.flags & HAS_DESCRIPTOR:
        if content:
            raise ZipFault(f"behind {entry.shown} are bytes that belong to no member")
        return
    layout = _DESCRIPTORS.get(len(content))
    marked = layout is not None and "4x" in layout
    if layout is None or (marked and not content.startswith(_DESCRIPTOR_SIGNATURE)):
        raise ZipFault(f"behind {entry.shown} are bytes that belong to no member")
    if struct.unpack(layout, content) != (entry.crc, entry.compressed, entry.size):
        raise ZipFault(f"the directory and the descriptor of {entry.shown} differ in its size or checksum")


def _check_comment(comment: bytes, whose: str) -> None:
    if any(signature in comment for signature in _SIGNATURES):
        raise ZipFault(f"{whose} holds parts of a zip archive")
