"""Wheels that no installer should take, one row each: how it is made, and what the message must say."""

from __future__ import annotations

import stat
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raw_zip import END, End, Part, archive, central_header, changed, deflated, wheel_parts, with_record, zip64_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

INFO = "sample-1.0.dist-info"
PLAIN = b"NAME = 'sample'\n"
NAME = "sample-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class Case:
    """A wheel: its bytes, its file name, and a regular expression for the message."""

    id: str
    content: Callable[[], bytes]
    says: str
    name: str = NAME
    code: int = 5


def _parts(id: str, says: str, *parts: Part, end: End | None = None) -> Case:  # noqa: A002 - what pytest calls it
    return Case(id, lambda: archive(list(parts), end), says)


def _one(id: str, says: str, **changes: Any) -> Case:  # noqa: A002, ANN401
    """Make a case in which the module of the wheel has other headers."""
    return Case(id, lambda: archive(changed(wheel_parts(), **changes)), says)


def _end(id: str, says: str, end: End) -> Case:  # noqa: A002
    return Case(id, lambda: archive(wheel_parts(), end), says)


def _member(id: str, says: str, *extra: Part) -> Case:  # noqa: A002
    """Make a case with further members, which RECORD lists."""
    return Case(id, lambda: archive(_with(*extra)), says)


def _with(*extra: Part) -> list[Part]:
    *parts, _ = wheel_parts()
    return with_record([*parts, *extra])


def _named(id: str, says: str, *names: str) -> Case:  # noqa: A002
    flags = 0x800
    return _member(id, says, *(Part(name.encode(), PLAIN, flags=flags) for name in names))


def _metadata(id: str, says: str, name: str = NAME, **files: bytes | None) -> Case:  # noqa: A002
    """Make a case with other files in the ``.dist-info``; ``None`` leaves one out."""

    def content() -> bytes:
        given = {f"{INFO}/{file.replace('_txt', '.txt')}".encode(): data for file, data in files.items()}
        kept = [part for part in wheel_parts() if part.name not in given]
        if f"{INFO}/RECORD".encode() in given:
            extra = [Part(path, data) for path, data in given.items() if data is not None]
            return archive([*kept, *extra])
        return archive(
            with_record([*kept[:-1], *(Part(path, data) for path, data in given.items() if data is not None)])
        )

    return Case(id, content, says, name)


def _record(id: str, says: str, change: Callable[[bytes], bytes], *extra: Part) -> Case:  # noqa: A002
    def content() -> bytes:
        *parts, record = _with(*extra)
        return archive([*parts, Part(record.name, change(record.content))])

    return Case(id, content, says)


def _renamed(id: str, says: str, info: str) -> Case:  # noqa: A002
    def content() -> bytes:
        parts = [Part(part.name.replace(INFO.encode(), info.encode()), part.content) for part in wheel_parts()[:-1]]
        return archive(with_record(parts, info=info))

    return Case(id, content, says)


def _zip64(id: str, says: str, **said: int) -> Case:  # noqa: A002
    def content() -> bytes:
        plain = archive(wheel_parts())
        *_, count, size, start, _ = struct.unpack("<4s4H2LH", plain[-22:])
        offset = said.pop("offset", start + size)
        records = zip64_end(**{"start": start, "size": size, "count": count, "offset": offset, **said})
        return archive(wheel_parts(), End({"here": 0xFFFF, "count": 0xFFFF, "start": 0xFFFFFFFF}, records=records))

    return Case(id, content, says)


def _overlapping() -> bytes:
    """Make the bomb of David Fifield: members that quote the headers of those behind them and share one kernel."""
    kernel = Part(b"sample/b", bytes(1 << 20))
    inner = archive([kernel])[: 30 + len(kernel.name) + len(kernel.data)]
    quoted = struct.pack("<BHH", 0, len(inner) - len(kernel.data), ~(len(inner) - len(kernel.data)) & 0xFFFF)
    head = inner[: 30 + len(kernel.name)]
    outer = Part(b"sample/a", head + kernel.content, raw=quoted + inner)
    start = archive([outer])
    directory = [{**outer.fields, "offset": 0}, {**kernel.fields, "offset": 30 + len(outer.name) + len(quoted)}]
    central = b"".join(map(central_header, directory))
    body = start[: 30 + len(outer.name) + len(outer.data)]
    return body + central + struct.pack("<4s4H2LH", END, 0, 0, 2, 2, len(central), len(body), 0)


def _needs_version_9() -> bytes:
    content = bytearray(archive(wheel_parts()))
    content[content.index(b"PK\x01\x02") + 6] = 99
    return bytes(content)


def _same_data_twice() -> bytes:
    parts = wheel_parts({"sample.py": PLAIN, "again.py": PLAIN})
    parts[1] = changed([parts[1]], "again.py", central={"offset": 0, "name": b"again.py"})[0]
    return archive(parts)


def _text_of_record(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    return lambda content: change(content.decode()).encode()


def _without_row(content: bytes) -> bytes:
    return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(b"sample.py"))


def _scripts(*lines: str) -> bytes:
    return "\n".join(["[console_scripts]", *lines, ""]).encode()


def _descriptor(crc: int, compressed: int, size: int) -> bytes:
    return struct.pack("<4s3L", b"PK\x07\x08", crc, compressed, size)


_TRUE = _descriptor(zlib.crc32(PLAIN), len(deflated(PLAIN)), len(PLAIN))
_UNKNOWN: Mapping[str, int] = {"crc": 0, "compressed": 0, "size": 0}
_SECOND_NAME = struct.pack("<HHBL", 0x7075, 12, 1, zlib.crc32(b"sample.py")) + b"evil.py"
_HIDDEN = Part(b"hidden.py", b"evil\n", hidden=True)

_SAMPLE = b"Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
_WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

STRUCTURE: Sequence[Case] = (
    Case("empty-file", bytes, "no end of a zip archive"),
    Case("text", lambda: b"not a zip archive at all\n" * 100, "no end of a zip archive"),
    Case("html", lambda: b"<!DOCTYPE html><title>404</title>", "no end of a zip archive"),
    Case("gzip", lambda: b"\x1f\x8b\x08\0" + bytes(100), "no end of a zip archive"),
    Case("no-members", lambda: archive([]), "holds 0 .dist-info folders"),
    Case("cut-in-the-data", lambda: archive(wheel_parts())[:200], "no end of a zip archive"),
    Case("cut-in-the-directory", lambda: archive(wheel_parts())[:-100], "no end of a zip archive"),
    Case("cut-by-a-byte", lambda: archive(wheel_parts())[:-1], "no end of a zip archive"),
    Case("cut-in-front", lambda: archive(wheel_parts())[10:], "put in front of it or into it"),
    Case("two-archives", lambda: archive(wheel_parts()) * 2, "put in front of it or into it"),
    _end("appended", "appended to it or cut off", End(after=b"more")),
    _end("appended-zeros", "appended to it or cut off", End(after=bytes(1000))),
    _end("prepended", "put in front of it", End(before=b"#!/bin/sh\n")),
    _end("prepended-with-offsets-mended", "put in front of it", End(before=b"MZ" + bytes(62))),
    _end("comment-with-an-end", "put in front of it", End(comment=END + bytes(18))),
    _end("comment-with-a-member", "holds parts of a zip archive", End(comment=b"PK\x01\x02" + bytes(60))),
    _end("comment-longer-than-the-file", "appended to it or cut off", End({"comment": 50})),
    _end("comment-shorter-than-it-is", "appended to it or cut off", End({"comment": 2}, comment=b"a comment")),
    _end("fewer-members-in-the-end", "members and says that it has 2", End({"here": 2, "count": 2})),
    _end("more-members-in-the-end", "members and says that it has 9", End({"here": 9, "count": 9})),
    _end("two-counts", "several parts", End({"here": 3})),
    _end("several-disks", "several parts", End({"disk": 1, "first": 1})),
    _end("directory-elsewhere", "not where its end says", End({"start": 10})),
    _end("directory-of-another-size", "not where its end says", End({"size": 10})),
    _end("zip64-without-a-record", "no zip64 record", End({"count": 0xFFFF, "here": 0xFFFF})),
    _end("bytes-behind-the-directory", "not where its end says", End(records=b"bytes")),
    _zip64("zip64-record-elsewhere", "not where it is said to be", offset=0),
    _zip64("zip64-another-count", "members and says that it has 40", here=40, count=40),
    _zip64("zip64-too-many-members", "more than 250000 are never taken", here=1 << 40, count=1 << 40),
    _zip64("zip64-contradicts-the-end", "contradict each other", size=7),
    _zip64("zip64-of-an-unknown-length", "of an unknown kind", length=100),
    _zip64("zip64-of-several-disks", "of an unknown kind", disks=2),
    _one("name-differs", "has the name 'other.py' in its own header", local={"name": b"other.py"}),
    _one("name-of-the-same-length-differs", "in its own header", local={"name": b"Sample.py"}),
    _one("size-differs", "differ in its size or checksum", local={"size": 1}),
    _one("compressed-size-differs", "differ in its size|no member", local={"compressed": 1}),
    _one("checksum-differs", "differ in its size or checksum", local={"crc": 1}),
    _one("method-differs", "differ in how it is stored", local={"method": 0}),
    _one("flags-differ", "differ in how it is stored", local={"flags": 0x800}),
    _one("encrypted", "is encrypted", flags=1),
    _one("encrypted-in-its-header-alone", "differ in how it is stored", local={"flags": 1}),
    _one("strongly-encrypted", "is encrypted", flags=0x41),
    _one("patched", "is compressed by", flags=0x20),
    _one("bzip2", "is compressed by bzip2", method=12),
    _one("lzma", "is compressed by lzma", method=14),
    _one("unknown-method", "is compressed by method 77", method=77),
    _one("stored-with-two-sizes", "has two sizes", method=0, local={"size": 99}, central={"size": 99}),
    _one("says-fewer-bytes", "has more bytes|size of", local={"size": 3}, central={"size": 3}),
    _one("says-more-bytes", "bytes and says that it has|size of", local={"size": 9999}, central={"size": 9999}),
    _one("wrong-checksum", "do not have the checksum", local={"crc": 5}, central={"crc": 5}),
    _one("deflate-damaged", "is damaged|cut off", raw=b"\xff" * 20),
    _one("deflate-cut-off", "cut off|is damaged", raw=deflated(PLAIN)[:-4]),
    _one("bytes-behind-deflate", "bytes behind its compressed data", raw=deflated(PLAIN) + b"more"),
    _one("two-deflate-streams", "bytes behind its compressed data", raw=deflated(PLAIN) + deflated(b"evil")),
    _one("offset-beyond-the-end", "put in front of it", central={"offset": 1 << 30}),
    _one("offset-into-another-member", "put in front of it", central={"offset": 60}),
    _one("other-disk", "another part of the archive", central={"disk": 3}),
    _one("size-of-zip64-without-field", "no zip64 field", central={"size": 0xFFFFFFFF}),
    _one("zip64-field-too-short", "a size that is none", central={"size": 0xFFFFFFFF, "extra": b"\1\0\4\0abcd"}),
    _one("zip64-field-with-another-size", "two sizes", central={"extra": struct.pack("<HHQQ", 1, 16, 7, 7)}),
    _one("zip64-field-twice", "something twice", central={"extra": struct.pack("<HHQHHQ", 1, 8, 16, 1, 8, 16)}),
    _one(
        "zip64-of-a-terabyte",
        "more than 17179869184 bytes",
        central={"size": 0xFFFFFFFF, "extra": struct.pack("<HHQ", 1, 8, 1 << 40)},
    ),
    _one("extra-field-cut-off", "is damaged", extra=b"\x75\x70\xff\0ab"),
    _one("second-name-in-the-directory", "has a second name", central={"extra": _SECOND_NAME}),
    _one("second-name-in-the-header", "has a second name", local={"extra": _SECOND_NAME}),
    _one("comment-of-a-member-with-a-member", "holds parts of a zip", central={"comment": b"PK\x01\x02" + bytes(42)}),
    _one("descriptor-missing", "belong to no member", flags=8, local={**_UNKNOWN}),
    _one(
        "descriptor-lies", "descriptor of 'sample.py' differ", flags=8, local=_UNKNOWN, descriptor=_descriptor(1, 2, 3)
    ),
    _one("descriptor-without-its-mark", "no member", flags=8, local=_UNKNOWN, descriptor=b"abcd" + _TRUE[4:]),
    _one("descriptor-and-sizes-that-differ", "differ in its size", flags=8, local={"size": 7}, descriptor=_TRUE),
    _one("descriptor-of-nobody", "belong to no member", descriptor=_TRUE),
    _one("bytes-between-members", "belong to no member", descriptor=b"hello"),
    _parts("hidden-member", "belong to no member", wheel_parts()[0], _HIDDEN, *wheel_parts()[1:]),
    _parts("hidden-first-member", "put in front of it", _HIDDEN, *wheel_parts()),
    _parts("hidden-copy-of-a-member", "put in front of it", Part(b"sample.py", b"evil\n", hidden=True), *wheel_parts()),
    Case("format-of-the-future", _needs_version_9, "needs version 9.9 of the format"),
    Case("overlapping-members", _overlapping, "reaches into|belong to no member"),
    Case("two-names-for-one-header", _same_data_twice, "reaches into|in its own header|belong to no member"),
    _member("name-not-utf-8", "not UTF-8, though it says so", Part(b"caf\xe9.py", PLAIN, flags=0x800)),
    _member("name-in-cp437", "an encoding that it does not tell", Part(b"caf\x82.py", PLAIN)),
    _member("name-in-undeclared-utf-8", "an encoding that it does not tell", Part("café.py".encode(), PLAIN)),
)

NAMES: Sequence[Case] = (
    _named("absolute", "is an absolute path", "/etc/passwd"),
    _named("absolute-two-slashes", "is an absolute path", "//etc/passwd"),
    _named("parent", "leads to a parent folder", "../evil.py"),
    _named("parent-far", "leads to a parent folder", "../../../../../../tmp/evil.py"),
    _named("parent-inside", "leads to a parent folder", "sample/../../evil.py"),
    _named("parent-at-the-end", "leads to a parent folder", "sample/.."),
    _named("dot-component", "an empty component", "./evil.py"),
    _named("dot-inside", "an empty component", "sample/./evil.py"),
    _named("empty-component", "an empty component", "sample//evil.py"),
    _named("no-name", "an empty component", ""),
    _named("only-a-slash", "an absolute path|empty component", "/"),
    _named("drive", "a drive letter", "C:/evil.py"),
    _named("drive-without-a-slash", "a drive letter", "c:evil.py"),
    _named("unc", "a backslash", "\\\\server\\share\\evil.py"),
    _named("backslash-parent", "a backslash", "..\\evil.py"),
    _named("name-with-nul", "a control character", "sample.py\0.txt"),
    _named("newline", "a control character", "a\nb.py"),
    _named("escape", "a control character", "a\x1b[31mb.py"),
    _named("delete", "a control character", "a\x7fb.py"),
    _named("line-separator", "a control character", "a\u2028b.py"),
    _named("right-to-left-override", "shown in another order", "a\u202eyp.exe"),
    _named("byte-order-mark-in-a-name", "an invisible character", "\ufeffx.py"),
    _named("zero-width-joiner", "an invisible character", "sam\u200dple.py"),
    _named("letters-that-nobody-sees", "an invisible character", "x\U000e0041.py"),
    _named("name-of-300-bytes", "too long", "x" * 300 + ".py"),
    _named("path-of-5000-bytes", "too long", "/".join(["folder"] * 700) + "/x.py"),
    _named("reserved-con", "Windows reserves", "sample/con.py"),
    _named("reserved-nul", "Windows reserves", "NUL"),
    _named("reserved-aux-folder", "Windows reserves", "aux/__init__.py"),
    _named("reserved-com1", "Windows reserves", "com1.txt"),
    _named("dot-at-the-end", "Windows reserves or changes", "sample.py."),
    _named("blank-at-the-end", "Windows reserves or changes", "sample.py "),
    _named("same-but-for-case", "one name, spelled differently", "Sample.py"),
    _named("same-folder-and-file-but-for-case", "a file and a folder", "SAMPLE.PY/inner.py"),
    _named("same-but-for-normalisation", "one name, spelled differently", "caf\u00e9.py", "cafe\u0301.py"),
    _named("same-but-for-case-folding", "one name, spelled differently", "stra\u00dfe.py", "STRASSE.py"),
    _named("file-and-folder", "is a file and a folder", "sample.py/inner.py"),
    _member("twice", "occurs 2 times", Part(b"sample.py", PLAIN)),
    _member("twice-with-other-content", "occurs 2 times", Part(b"sample.py", b"evil\n")),
    _member("metadata-twice", "occurs 2 times", Part(f"{INFO}/METADATA".encode(), b"Name: evil\n")),
    _member("record-twice", "occurs 2 times", Part(f"{INFO}/RECORD".encode(), b"")),
    _member("link", "a link or a device", Part(b"link.py", b"/etc/passwd", attributes=(stat.S_IFLNK | 0o777) << 16)),
    _member("fifo", "a link or a device", Part(b"pipe", attributes=(stat.S_IFIFO | 0o644) << 16)),
    _member("character-device", "a link or a device", Part(b"null", attributes=(stat.S_IFCHR | 0o666) << 16)),
    _member("block-device", "a link or a device", Part(b"sda", attributes=(stat.S_IFBLK | 0o660) << 16)),
    _member("socket", "a link or a device", Part(b"socket", attributes=(stat.S_IFSOCK | 0o660) << 16)),
    _member("folder-by-mode", "a link or a device", Part(b"folder", attributes=(stat.S_IFDIR | 0o755) << 16)),
    _member("folder-by-attribute", "a folder by its attributes", Part(b"folder", PLAIN, attributes=0x10)),
    _member("file-by-mode-with-a-slash", "a link or a device", Part(b"folder/", attributes=0o100644 << 16)),
    _member("folder-with-content", "is a folder and has content", Part(b"folder/", PLAIN, attributes=0o40755 << 16)),
)

PLACES: Sequence[Case] = (
    _named("data-unknown-scheme", "no install location", "sample-1.0.data/lib/x.py"),
    _named("data-scheme-in-capitals", "no install location", "sample-1.0.data/Scripts/x"),
    _named("data-scheme-is-a-file", "where a folder is wanted", "sample-1.0.data/scripts"),
    _named("data-of-another-project", "of another project or version", "other-1.0.data/scripts/x"),
    _named("data-of-another-version", "of another project or version", "sample-2.0.data/scripts/x"),
    _named("two-data-folders", "2 .data folders", "sample-1.0.data/scripts/x", "Sample-1.0.data/scripts/y"),
    _named("data-without-a-version", "of another project or version", "sample.data/scripts/x"),
    _named("data-leads-up", "a parent folder", "sample-1.0.data/data/../../../etc/passwd"),
    _named("data-scheme-leads-up", "a parent folder", "sample-1.0.data/../x"),
    _named("dist-info-by-way-of-data", "would add to", f"sample-1.0.data/purelib/{INFO}/entry_points.txt"),
    _named("other-dist-info-by-way-of-data", "would add to", "sample-1.0.data/platlib/pip-99.dist-info/METADATA"),
    _named("install-location-of-python-alone", "no install location", "sample-1.0.data/stdlib/x.py"),
    _named("purelib-and-root", "occurs 2 times", "sample-1.0.data/purelib/sample.py"),
    _named(
        "purelib-and-platlib", "occurs 2 times", *(f"sample-1.0.data/{kind}/x.py" for kind in ("purelib", "platlib"))
    ),
    _named("platlib-folder-and-root-file", "a file and a folder", "sample-1.0.data/platlib/sample.py/x.py"),
    _member(
        "entry-point-and-script",
        "'scripts/tool' occurs 2 times",
        Part(b"sample-1.0.data/scripts/tool", b"#!python\n"),
        Part(f"{INFO}/entry_points.txt".encode(), _scripts("tool = sample:main")),
    ),
    _metadata("script-leads-up", "no file name", entry_points_txt=_scripts("../../x = sample:main")),
    _metadata("script-absolute", "no file name", entry_points_txt=_scripts("/bin/x = sample:main")),
    _metadata("script-in-a-folder", "no file name", entry_points_txt=_scripts("a/b = sample:main")),
    _metadata("script-is-dots", "parent folder", entry_points_txt=_scripts(".. = sample:main")),
    _metadata("script-is-a-dot", "empty component", entry_points_txt=_scripts(". = sample:main")),
    _metadata("script-with-a-backslash", "a backslash", entry_points_txt=_scripts("a\\b = sample:main")),
    _metadata("script-with-an-escape", "a control character", entry_points_txt=_scripts("a\x1bb = sample:main")),
    _metadata("script-that-windows-reserves", "Windows reserves", entry_points_txt=_scripts("con = sample:main")),
    _metadata("script-by-way-of-default", "no file name", entry_points_txt=b"[DEFAULT]\n../x = a:b\n" + _scripts()),
    _metadata("script-too-long", "too long", entry_points_txt=_scripts("x" * 300 + " = sample:main")),
    _metadata("script-without-a-name", "cannot be read|empty component", entry_points_txt=_scripts(" = sample:main")),
    _metadata("script-twice", "cannot be read", entry_points_txt=_scripts("x = sample:a", "x = sample:b")),
    _metadata("scripts-differ-in-case", "spelled differently", entry_points_txt=_scripts("x = s:a", "X = s:b")),
    _metadata(
        "console-and-gui-script",
        "occurs 2 times",
        entry_points_txt=_scripts("x = sample:a") + b"[gui_scripts]\nx = sample:a\n",
    ),
    _metadata("reference-without-function", "module:function", entry_points_txt=_scripts("x = sample")),
    _metadata("reference-is-code", "module:function", entry_points_txt=_scripts("x = os:system('evil')")),
    _metadata("reference-with-a-keyword", "module:function", entry_points_txt=_scripts("x = import:main")),
    _metadata("reference-with-a-number", "module:function", entry_points_txt=_scripts("x = 1sample:main")),
    _metadata("reference-with-an-empty-part", "module:function", entry_points_txt=_scripts("x = sample..x:main")),
    _metadata("reference-of-two-lines", "module:function", entry_points_txt=_scripts("x = sample:main", "  evil")),
    _metadata("reference-with-a-percent-sign", "module:function", entry_points_txt=_scripts("x = %(y)s:main")),
    _metadata("entry-points-without-a-section", "cannot be read", entry_points_txt=b"x = sample:main\n"),
    _metadata("entry-points-not-utf-8", "is not UTF-8", entry_points_txt=b"[console_scripts]\n\xff = a:b\n"),
)

METADATA: Sequence[Case] = (
    _renamed("dist-info-of-another-project", "of another project or version", "other-1.0.dist-info"),
    _renamed("dist-info-of-another-version", "of another project or version", "sample-2.0.dist-info"),
    _renamed("dist-info-without-a-version", "of another project or version", "sample.dist-info"),
    _renamed("no-dist-info", "holds 0 .dist-info", "sample-1.0.info"),
    _named("two-dist-infos", "holds 2 .dist-info", "other-1.0.dist-info/METADATA"),
    _named("two-dist-infos-but-for-case", "holds 2 .dist-info|spelled", "Sample-1.0.dist-info/METADATA"),
    _named("dist-info-that-is-a-file", "holds 2 .dist-info", "other-1.0.dist-info"),
    _metadata("no-metadata", "holds no .*METADATA", METADATA=None),
    _metadata("no-wheel", "holds no .*WHEEL", WHEEL=None),
    _metadata("no-record", "holds no .*RECORD", RECORD=None),
    _metadata("metadata-empty", "METADATA cannot be used|METADATA is of", METADATA=b""),
    _metadata("metadata-without-name", "METADATA is of", METADATA=b"Metadata-Version: 2.1\nVersion: 1.0\n"),
    _metadata("metadata-without-version", "METADATA cannot be used", METADATA=b"Metadata-Version: 2.1\nName: sample\n"),
    _metadata(
        "metadata-other-name", "METADATA is of 'other", METADATA=b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"
    ),
    _metadata(
        "metadata-other-version", "is of 'sample 2", METADATA=b"Metadata-Version: 2.1\nName: sample\nVersion: 2\n"
    ),
    _metadata("metadata-two-names", "says name twice", METADATA=b"Name: sample\nName: other\nVersion: 1.0\n"),
    _metadata("metadata-two-names-that-agree", "says name twice", METADATA=_SAMPLE + b"Name: sample\n"),
    _metadata("metadata-two-versions", "says version twice", METADATA=_SAMPLE + b"Version: 2.0\n"),
    _metadata("metadata-two-formats", "says metadata-version twice", METADATA=_SAMPLE + b"Metadata-Version: 3.0\n"),
    _metadata(
        "metadata-two-requires-python",
        "says requires-python twice",
        METADATA=_SAMPLE + b"Requires-Python: >=3.6\nRequires-Python: >=3.99\n",
    ),
    _metadata("metadata-folded-name", "METADATA is of", METADATA=_SAMPLE.replace(b"sample", b"sample\n evil")),
    _metadata("metadata-with-a-byte-order-mark", "cannot be used|is of", METADATA=b"\xef\xbb\xbf" + _SAMPLE),
    _metadata("metadata-no-version", "cannot be used", METADATA=b"Name: sample\nVersion: one\n"),
    _metadata(
        "metadata-of-the-future", "of version '3.0", METADATA=b"Metadata-Version: 3.0\nName: sample\nVersion: 1.0\n"
    ),
    _metadata("requires-python", "cannot be used", METADATA=b"Name: sample\nVersion: 1.0\nRequires-Python: three\n"),
    _metadata("metadata-not-utf-8", "is not UTF-8", METADATA=b"Name: sample\nVersion: 1.0\nAuthor: caf\xe9\n"),
    _metadata("metadata-of-20-mib", "has more than 16777216 bytes", METADATA=b"Name: sample\n" + b"#" * (20 << 20)),
    _metadata("wheel-empty", "format version 'missing", WHEEL=b""),
    _metadata("wheel-without-version", "format version 'missing", WHEEL=b"Root-Is-Purelib: true\nTag: py3-none-any\n"),
    _metadata("wheel-of-the-future", "format version '2.0", WHEEL=b"Wheel-Version: 2.0\nTag: py3-none-any\n"),
    _metadata("wheel-version-is-text", "format version 'one", WHEEL=b"Wheel-Version: one\nTag: py3-none-any\n"),
    _metadata("wheel-two-versions", "says wheel-version twice", WHEEL=b"Wheel-Version: 1.0\nWheel-Version: 2.0\n"),
    _metadata(
        "wheel-other-tags",
        "says cp311-cp311-linux_x86_64",
        WHEEL=b"Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n",
    ),
    _metadata("wheel-version-ten", "format version '10.0", WHEEL=b"Wheel-Version: 10.0\nTag: py3-none-any\n"),
    _metadata("wheel-with-a-body", "something else than headers", WHEEL=_WHEEL + b"\nWheel-Version: 2.0\n"),
    _metadata("wheel-after-a-blank-line", "something else than headers", WHEEL=b"\n" + _WHEEL),
    _metadata("wheel-with-words", "something else than headers", WHEEL=b"hello\n" + _WHEEL),
    _metadata("wheel-with-a-byte-order-mark", "something else than headers", WHEEL=b"\xef\xbb\xbf" + _WHEEL),
    _metadata("wheel-folded-tag", "no tag", WHEEL=_WHEEL + b" Wheel-Version: 2.0\n"),
    _metadata("wheel-without-tags", "WHEEL file says none", WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"),
    _metadata("wheel-tag-is-none", "no tag", WHEEL=b"Wheel-Version: 1.0\nTag: any\n"),
    _metadata("wheel-other-build", "says build none", WHEEL=b"Wheel-Version: 1.0\nBuild: 3\nTag: py3-none-any\n"),
    _metadata("wheel-purelib-unclear", "neither true nor false", WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: 1\n"),
    _metadata("wheel-not-utf-8", "is not UTF-8", WHEEL=b"Wheel-Version: 1.0\nGenerator: \xff\n"),
    Case(
        "file-name-of-another-project", lambda: archive(wheel_parts()), "another project", "other-1.0-py3-none-any.whl"
    ),
    Case(
        "file-name-of-another-version", lambda: archive(wheel_parts()), "another project", "sample-1.1-py3-none-any.whl"
    ),
    Case(
        "file-name-with-other-tags", lambda: archive(wheel_parts()), "says py2-none-any", "sample-1.0-py2-none-any.whl"
    ),
    Case("file-name-without-tags", lambda: archive(wheel_parts()), "not the file name of a wheel", "sample-1.0.whl"),
    Case("file-name-with-a-bad-build", lambda: archive(wheel_parts()), "file name", "sample-1.0-x-py3-none-any.whl"),
    Case("file-name-with-a-bad-version", lambda: archive(wheel_parts()), "file name", "sample-one-py3-none-any.whl"),
)

RECORD: Sequence[Case] = (
    _record("record-empty", "is not mentioned in RECORD", lambda _: b""),
    _record("record-lacks-a-row", "'sample.py' is not mentioned", _without_row),
    _record("record-lists-more", "which is not there", lambda text: text + b"gone.py,sha256=aaaa,1\n"),
    _record("record-lists-absolute", "which is not there", lambda text: text + b"/etc/passwd,,\n"),
    _record("record-lists-parent", "which is not there", lambda text: text + b"../../x,,\n"),
    _record("record-lists-twice", "lists 'sample.py' 2 times", lambda text: text + text.splitlines()[0] + b"\n"),
    _record("wrong-hash", "didn't match RECORD", lambda text: text.replace(b"sha256=", b"sha256=A", 1)),
    _record(
        "wrong-size", "size of 'sample.py' didn't match", _text_of_record(lambda text: text.replace(",16", ",17", 1))
    ),
    _record("size-negative", "is no number", lambda text: text.replace(b",16", b",-16", 1)),
    _record("size-text", "is no number", lambda text: text.replace(b",16", b",many", 1)),
    _record("size-of-5000-digits", "didn't match RECORD", lambda text: text.replace(b",16", b"," + b"9" * 5000, 1)),
    _record("md5-alone", "sha256 or better", lambda text: text.replace(b"sha256=", b"md5=", 1)),
    _record("sha1-alone", "sha256 or better", lambda text: text.replace(b"sha256=", b"sha1=", 1)),
    _record("unknown-hash", "sha256 or better", lambda text: text.replace(b"sha256=", b"sha9000=", 1)),
    _record("shake", "sha256 or better", lambda text: text.replace(b"sha256=", b"shake_128=", 1)),
    _record("hash-without-algorithm", "sha256 or better", lambda text: text.replace(b"sha256=", b"", 1)),
    _record("no-hash", "is not included", lambda text: b"sample.py,,16\n" + _without_row(text)),
    _record(
        "hash-of-record", "can only be made after it", lambda text: text.replace(b"RECORD,,", b"RECORD,sha256=a,1")
    ),
    _record("two-fields", "has 2 fields instead of 3", lambda text: text + b"a,b\n"),
    _record("four-fields", "has 4 fields instead of 3", lambda text: text + b"a,b,c,d\n"),
    _record("blank-line", "has 0 fields instead of 3", lambda text: b"\n" + text),
    _record("quote-left-open", "RECORD is no table|fields instead of 3", lambda text: text + b'"a,b,c\n'),
    _record("quote-in-the-middle", "RECORD is no table", lambda text: text + b'"a"b,c,d\n'),
    _record("a-field-of-200-kib", "RECORD is no table", lambda text: text + b"x" * 200_000 + b",,\n"),
    _record("record-not-utf-8", "is not UTF-8", lambda text: text + b"\xff,,\n"),
    _record("utf-16", "is not UTF-8|no table", lambda text: text.decode().encode("utf-16")),
    _record("byte-order-mark", "is not mentioned in RECORD|is not there", lambda text: b"\xef\xbb\xbf" + text),
    _record("nul", "no table|is not there", lambda text: text + b"a\0b,,\n"),
    _record("carriage-returns-alone", "no table|fields", lambda text: text.replace(b"\n", b"\r,") + b"\n"),
    _record(
        "signature-with-a-hash",
        "can only be made after it",
        lambda text: text,
        Part(f"{INFO}/RECORD.jws".encode(), b"{}"),
    ),
)

BOMBS: Sequence[Case] = (
    Case(
        "ratio",
        lambda: archive(_with(Part(b"zeros", PLAIN, local={"size": 300 << 20}, central={"size": 300 << 20}))),
        "more than 200 times its size",
    ),
    Case(
        "many-large-members",
        lambda: archive([Part(f"{number}".encode(), PLAIN, central={"size": 1 << 31}) for number in range(20)]),
        "unpacks to more than 17179869184 bytes",
    ),
)

CASES = (*STRUCTURE, *NAMES, *PLACES, *METADATA, *RECORD, *BOMBS)
