"""Zip archives written byte by byte, so that every field can lie."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


@dataclass(frozen=True)
class Part:
    """A member; ``local`` and ``central`` are fields that one of the two headers has instead of the true ones.

    Fields: ``name``, ``flags``, ``method``, ``crc``, ``compressed``, ``size``, ``extra``, ``comment``, ``attributes``,
    ``offset``, ``disk``.

    :param descriptor: what follows the data.
    :param before: bytes of nobody in front of the header.
    :param hidden: the directory does not list it.
    :param raw: the data as stored, instead of the deflated content.
    """

    name: bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    attributes: int = 0o100644 << 16
    extra: bytes = b""
    local: Mapping[str, Any] = field(default_factory=dict)
    central: Mapping[str, Any] = field(default_factory=dict)
    descriptor: bytes = b""
    before: bytes = b""
    hidden: bool = False
    raw: bytes | None = None

    @property
    def data(self) -> bytes:
        """What lies behind the header."""
        if self.raw is not None:
            return self.raw
        return deflated(self.content) if self.method == 8 else self.content

    @property
    def fields(self) -> dict[str, Any]:
        """What both headers say where nobody lies."""
        return {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "compressed": len(self.data),
            "size": len(self.content),
            "extra": self.extra,
            "comment": b"",
            "attributes": self.attributes,
            "disk": 0,
        }


@dataclass(frozen=True)
class End:
    """What the end of the archive says instead of the truth, what lies around it, and records before the end."""

    fields: Mapping[str, int] = field(default_factory=dict)
    comment: bytes = b""
    before: bytes = b""
    after: bytes = b""
    records: bytes = b""


def deflated(content: bytes) -> bytes:
    """Return ``content`` as a zip archive has it."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


def archive(parts: Sequence[Part], end: End | None = None, *, order: Sequence[int] | None = None) -> bytes:
    """Put an archive together; ``order`` is that of the directory."""
    end = end or End()
    output = io.BytesIO(end.before)
    output.seek(0, io.SEEK_END)
    offsets = []
    for part in parts:
        output.write(part.before)
        offsets.append(output.tell())
        output.write(local_header({**part.fields, **part.local}) + part.data + part.descriptor)
    start = output.tell()
    listed = [(part, offset) for part, offset in zip(parts, offsets, strict=True) if not part.hidden]
    for place in order or range(len(listed)):
        part, offset = listed[place]
        output.write(central_header({"offset": offset, **part.fields, **part.central}))
    size = output.tell() - start
    output.write(end.records)
    true = {"disk": 0, "first": 0, "here": len(listed), "count": len(listed), "size": size, "start": start}
    said = {**true, "comment": len(end.comment), **end.fields}
    output.write(struct.pack("<4s4H2LH", END, *said.values()) + end.comment + end.after)
    return output.getvalue()


def local_header(said: Mapping[str, Any]) -> bytes:
    numbers = said["flags"], said["method"], 0, 0x5042, said["crc"], said["compressed"], said["size"]
    lengths = len(said["name"]), len(said["extra"])
    return struct.pack("<4sH4H3L2H", LOCAL, 20, *numbers, *lengths) + bytes(said["name"]) + bytes(said["extra"])


def central_header(said: Mapping[str, Any]) -> bytes:
    numbers = said["flags"], said["method"], 0, 0x5042, said["crc"], said["compressed"], said["size"]
    lengths = len(said["name"]), len(said["extra"]), len(said["comment"])
    rest = said["disk"], 0, said["attributes"], said["offset"]
    head = struct.pack("<4s2H4H3L5H2L", CENTRAL, 0x0314, 20, *numbers, *lengths, *rest)
    return head + bytes(said["name"]) + bytes(said["extra"]) + bytes(said["comment"])


def zip64_end(*, start: int, size: int, count: int, offset: int, **said: int) -> bytes:
    """Return the two records of the zip64 kind that stand before the end."""
    fields = {"length": 44, "here": count, "count": count, "size": size, "start": start, "disks": 1, **said}
    numbers = fields["here"], fields["count"], fields["size"], fields["start"]
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", fields["length"], 45, 45, 0, 0, *numbers)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset, fields["disks"])


def wheel_parts(files: Mapping[str, bytes] | None = None, *, name: str = "sample") -> list[Part]:
    """Return the members of a wheel of version 1.0 that is right; RECORD is the last one and can be made anew."""
    info = f"{name}-1.0.dist-info"
    content = dict(files) if files is not None else {"sample.py": b"NAME = 'sample'\n"}
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return with_record([Part(path.encode(), data) for path, data in content.items()], info=info)


def with_record(parts: Iterable[Part], *, info: str = "sample-1.0.dist-info") -> list[Part]:
    """Add a RECORD that lists ``parts``."""
    parts = list(parts)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for part in parts:
        if not part.name.endswith(b"/"):
            digest = base64.urlsafe_b64encode(hashlib.sha256(part.content).digest()).decode().rstrip("=")
            writer.writerow((part.name.decode("utf-8", "replace"), f"sha256={digest}", str(len(part.content))))
    writer.writerow((f"{info}/RECORD", "", ""))
    return [*parts, Part(f"{info}/RECORD".encode(), stream.getvalue().encode())]


def changed(parts: Sequence[Part], name: str = "sample.py", **changes: Any) -> list[Part]:  # noqa: ANN401 - fields
    """Return ``parts`` with one of them changed."""
    return [replace(part, **changes) if part.name == name.encode() else part for part in parts]


def write(path: Path, content: bytes) -> Path:
    """Write a file with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
