"""Source archives that nobody should unpack, one row each: how it is made, and what the message must say."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raw_zip import End, Part, archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PYPROJECT = b"[build-system]\nrequires = []\nbuild-backend = 'evil'\n"
_GOOD = (("sample-1.0/pyproject.toml", _PYPROJECT),)


@dataclass(frozen=True)
class Case:
    """An sdist: its bytes, its file name, and a regular expression for the message."""

    id: str
    content: Callable[[], bytes]
    says: str
    name: str = "sample-1.0.tar.gz"


def _info(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:  # noqa: ANN401
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tar(*members: tuple[tarfile.TarInfo, bytes], end: bytes | None = None, style: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a plain tar archive of a good project and of ``members``; ``end`` is what stands at its end."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=style) as opened:
        for info, content in (*(_info(name, content) for name, content in _GOOD), *members):
            opened.addfile(info, io.BytesIO(content))
        whole = opened.offset
    return output.getvalue() if end is None else output.getvalue()[:whole] + end


def _tar(id: str, says: str, *members: tuple[tarfile.TarInfo, bytes]) -> Case:  # noqa: A002 - what pytest calls it
    return Case(id, lambda: gzip.compress(tar(*members)), says)


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, type=kind, linkname=target)


def _zip(id: str, says: str, *parts: Part, end: End | None = None) -> Case:  # noqa: A002
    good = [Part(name.encode(), content) for name, content in _GOOD]
    return Case(id, lambda: archive([*good, *parts], end), says, "sample-1.0.zip")


def _raw_header(**fields: Any) -> bytes:  # noqa: ANN401
    """Return a header of tar with fields that tarfile itself would not write, in base 256 where they are negative."""
    info, _ = _info("sample-1.0/x", **{key: value for key, value in fields.items() if key != "size"})
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = (fields.get("size", 0) & ((1 << 96) - 1)).to_bytes(12, "big")
    header[124] |= 0x80
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _long_header(kind: bytes, size: int) -> bytes:
    return gzip.compress(tar(end=_raw_header(type=kind, size=size) + bytes(max(0, min(size, 4 << 20)))))


def _greedy_xz() -> bytes:
    """Return an xz stream that says it needs a dictionary of 4 GiB, with the checksum of a header that is right."""
    packed = bytearray(lzma.compress(tar(), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    length = (packed[12] + 1) * 4
    packed[packed.index(b"\x21\x01", 12) + 2] = 40
    packed[8 + length : 12 + length] = struct.pack("<I", zlib.crc32(packed[12 : 8 + length]))
    return bytes(packed)


_END = bytes(1024)
_SPARSE = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.realsize": str(1 << 40),
    "GNU.sparse.name": "sample-1.0/x",
}

CASES: Sequence[Case] = (
    Case("empty-file", bytes, "not a tar archive"),
    Case("text", lambda: b"no archive at all\n" * 50, "not a tar archive"),
    Case("plain-tar", tar, "not a tar archive, packed as its name says"),
    Case("zip-named-tar", lambda: archive([Part(b"sample-1.0/x", b"")]), "not a tar archive"),
    Case("bzip2-named-gz", lambda: bz2.compress(tar()), "not a tar archive"),
    Case("gz-named-xz", lambda: gzip.compress(tar()), "not a tar archive", "sample-1.0.tar.xz"),
    Case("tar-named-zip", lambda: gzip.compress(tar()), "no end of a zip archive", "sample-1.0.zip"),
    Case("gz-of-nothing", lambda: gzip.compress(b""), "not a tar archive|holds no folder"),
    Case("gz-of-text", lambda: gzip.compress(b"text" * 1000), "not a tar archive"),
    Case("gz-cut-off", lambda: gzip.compress(tar())[:-100], "damaged|not a tar archive"),
    Case("gz-without-its-checksum", lambda: gzip.compress(tar())[:-8], "damaged"),
    Case("gz-wrong-checksum", lambda: gzip.compress(tar())[:-8] + bytes(8), "damaged"),
    Case("gz-and-more", lambda: gzip.compress(tar()) + b"garbage", "damaged"),
    Case("xz-cut-off", lambda: lzma.compress(tar())[:-20], "damaged|not a tar", "sample-1.0.tar.xz"),
    Case("xz-and-more", lambda: lzma.compress(tar()) + b"garbage", "damaged", "sample-1.0.tar.xz"),
    Case("bzip2-and-more", lambda: bz2.compress(tar()) + b"garbage", "damaged", "sample-1.0.tar.bz2"),
    Case("bzip2-cut-off", lambda: bz2.compress(tar())[:-20], "damaged|not a tar", "sample-1.0.tar.bz2"),
    Case(
        "lzma-named-xz",
        lambda: lzma.compress(tar(), format=lzma.FORMAT_ALONE),
        "not a tar archive",
        "sample-1.0.tar.xz",
    ),
    Case("xz-that-wants-4-gib", _greedy_xz, "with 128 MiB of memory", "sample-1.0.tar.xz"),
    Case("two-tars", lambda: gzip.compress(tar() + tar(_info("sample-1.0/evil"))), "behind the end"),
    Case("data-behind-the-end", lambda: gzip.compress(tar(end=_END + b"evil" * 200)), "behind the end"),
    Case("header-damaged", lambda: gzip.compress(tar(end=b"x" * 512 + _END)), "behind the end|damaged"),
    Case("member-cut-off", lambda: gzip.compress(tar(_info("sample-1.0/x", b"y" * 5000))[:2000]), "damaged|unexpected"),
    Case(
        "size-below-nothing",
        lambda: gzip.compress(tar(end=_raw_header(size=-512) + _END)),
        "below nothing|damaged|behind",
    ),
    Case("size-of-an-exabyte", lambda: gzip.compress(tar(end=_raw_header(size=1 << 60) + _END)), "unpacks to more"),
    Case("pax-header-of-4-mib", lambda: _long_header(tarfile.XHDTYPE, 4 << 20), "header of more than"),
    Case("long-name-of-a-terabyte", lambda: _long_header(tarfile.GNUTYPE_LONGNAME, 1 << 40), "header of more than"),
    Case("pax-header-below-nothing", lambda: _long_header(tarfile.XHDTYPE, -512), "header of|damaged|behind"),
    _tar("pax-size-below-nothing", "below nothing|damaged|not", _info("sample-1.0/x", pax_headers={"size": "-1024"})),
    _tar("pax-path-leads-up", "'..' in its path", _info("sample-1.0/x", pax_headers={"path": "sample-1.0/../../evil"})),
    _tar("pax-path-absolute", "absolute path", _info("sample-1.0/x", pax_headers={"path": "/etc/passwd"})),
    _tar(
        "pax-link-leads-up",
        "link out of|outside",
        _info("sample-1.0/x", type=tarfile.SYMTYPE, pax_headers={"linkpath": "../.."}),
    ),
    _tar(
        "pax-link-with-nul",
        "a path that no file can have",
        _info("sample-1.0/x", type=tarfile.SYMTYPE, pax_headers={"linkpath": "a\0b"}),
    ),
    _tar(
        "pax-link-of-8000-bytes",
        "a path that no file can have",
        _info("sample-1.0/x", type=tarfile.SYMTYPE, pax_headers={"linkpath": "a/" * 4000}),
    ),
    _tar("pax-path-with-nul", "no file can have", _info("sample-1.0/x", pax_headers={"path": "sample-1.0/a\0b"})),
    _tar("sparse", "sparse file", _info("sample-1.0/x", b"0\n" * 256, pax_headers=_SPARSE)),
    _tar("absolute", "absolute path", _info("/etc/passwd")),
    _tar("parent", "'..' in its path", _info("../evil")),
    _tar("parent-inside", "'..' in its path", _info("sample-1.0/../../evil")),
    _tar("two-top-folders", "outside of 'sample-1.0'", _info("other-1.0/x")),
    _tar("file-at-the-top", "outside of 'sample-1.0'", _info("setup.py")),
    _tar("component-too-long", "no file can have", _info("sample-1.0/" + "x" * 300)),
    _tar("path-too-long", "path of more than", _info("sample-1.0/" + "/".join(["x" * 100] * 40))),
    _tar("too-deep", "path of more than", _info("sample-1.0" + "/x" * 500)),
    _tar("twice", "is there twice", _info("sample-1.0/pyproject.toml", b"[evil]\n")),
    _tar("twice-by-another-spelling", "is there twice", _info("./sample-1.0//./pyproject.toml")),
    _tar("file-below-a-file", "would lie below", _info("sample-1.0/pyproject.toml/x")),
    _tar("top-is-a-link", "would lie below|is there twice|folder", _link("sample-1.0", "/var")),
    _tar("pipe", "device, a socket or a pipe", _info("sample-1.0/x", type=tarfile.FIFOTYPE)),
    _tar("character-device", "device, a socket or a pipe", _info("sample-1.0/x", type=tarfile.CHRTYPE)),
    _tar("block-device", "device, a socket or a pipe", _info("sample-1.0/x", type=tarfile.BLKTYPE)),
    _tar("link-absolute", "link out of|absolute", _link("sample-1.0/x", "/etc/passwd")),
    _tar("link-up", "link out of|outside", _link("sample-1.0/x", "../..")),
    _tar("link-to-itself", "link out of", _link("sample-1.0/x", "x")),
    _tar("link-in-a-circle", "link out of", _link("sample-1.0/x", "y"), _link("sample-1.0/y", "x")),
    _tar(
        "links-that-climb",
        "link out of|outside",
        *(_link(f"sample-1.0/{'a/' * n}u", "..") for n in range(3)),
        _link("sample-1.0/x", "a/a/u/u/u/.."),
    ),
    _tar("file-through-a-link", "would lie below", _link("sample-1.0/d", "."), _info("sample-1.0/d/x")),
    _tar("hard-link-outside", "'..'|outside", _link("sample-1.0/x", "../../etc/passwd", tarfile.LNKTYPE)),
    _tar("hard-link-absolute", "absolute|outside", _link("sample-1.0/x", "/etc/passwd", tarfile.LNKTYPE)),
    _tar("hard-link-to-nothing", "no file before it", _link("sample-1.0/x", "sample-1.0/y", tarfile.LNKTYPE)),
    _tar("hard-link-to-itself", "no file before it", _link("sample-1.0/x", "sample-1.0/x", tarfile.LNKTYPE)),
    _tar(
        "hard-link-to-what-comes",
        "no file before it",
        _link("sample-1.0/x", "sample-1.0/y", tarfile.LNKTYPE),
        _info("sample-1.0/y"),
    ),
    _tar("hard-link-to-a-folder", "no file before it", _link("sample-1.0/x", "sample-1.0", tarfile.LNKTYPE)),
    _tar(
        "hard-links-that-multiply",
        "more than 200 times its size",
        _info("sample-1.0/x", bytes(9 << 20)),
        *(_link(f"sample-1.0/{number}", "sample-1.0/x", tarfile.LNKTYPE) for number in range(30)),
    ),
    _tar(
        "hard-link-to-a-link",
        "no file before it",
        _link("sample-1.0/l", "pyproject.toml"),
        _link("sample-1.0/x", "sample-1.0/l", tarfile.LNKTYPE),
    ),
    Case(
        "only-an-empty-folder",
        lambda: gzip.compress(_empty(_info("sample-1.0", type=tarfile.DIRTYPE))),
        "neither a pyproject.toml nor|no project|pyproject",
    ),
    Case("no-folder", lambda: gzip.compress(_empty(_info("setup.py"))), "holds no folder"),
    Case(
        "bomb",
        lambda: gzip.compress(tar(end=_raw_header(size=300 << 20) + bytes(4096)), 1),
        "more than 200 times its size",
    ),
    _zip("zip-absolute", "absolute path", Part(b"/etc/passwd", b"")),
    _zip("zip-parent", "parent folder", Part(b"sample-1.0/../../evil", b"")),
    _zip("zip-backslash", "backslash", Part(b"sample-1.0\\..\\..\\evil", b"")),
    _zip("zip-drive", "drive letter", Part(b"C:/evil", b"")),
    _zip("zip-control-character", "control character", Part(b"sample-1.0/a\nb", b"")),
    _zip("zip-two-top-folders", "outside of 'sample-1.0'", Part(b"other/x", b"")),
    _zip("zip-twice", "is there twice", Part(b"sample-1.0/pyproject.toml", b"[evil]\n")),
    _zip(
        "zip-link-outside", "link out of", Part(b"sample-1.0/x", b"../../etc", attributes=(stat.S_IFLNK | 0o777) << 16)
    ),
    _zip(
        "zip-link-of-10-kib",
        "more than 4096",
        Part(b"sample-1.0/x", b"y" * 10_000, attributes=(stat.S_IFLNK | 0o777) << 16),
    ),
    _zip("zip-device", "device, a socket or a pipe", Part(b"sample-1.0/x", attributes=(stat.S_IFBLK | 0o666) << 16)),
    _zip("zip-encrypted", "is encrypted", Part(b"sample-1.0/x", b"", flags=1)),
    _zip("zip-name-differs", "in its own header", Part(b"sample-1.0/x", b"", local={"name": b"sample-1.0/y"})),
    _zip(
        "zip-size-lies",
        "more bytes than it says",
        Part(b"sample-1.0/x", b"12345", local={"size": 3}, central={"size": 3}),
    ),
    _zip("zip-wrong-checksum", "checksum", Part(b"sample-1.0/x", b"12345", local={"crc": 3}, central={"crc": 3})),
    _zip("zip-hidden-member", "no member", Part(b"sample-1.0/x", b"evil", hidden=True), Part(b"sample-1.0/y", b"")),
    _zip("zip-appended", "appended", end=End(after=b"more")),
    _zip("zip-prepended", "in front of it", end=End(before=b"more")),
    _zip(
        "zip-bomb",
        "200 times its size",
        Part(b"sample-1.0/x", b"", local={"size": 300 << 20}, central={"size": 300 << 20}),
    ),
)


def _empty(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as opened:
        for info, content in members:
            opened.addfile(info, io.BytesIO(content))
    return output.getvalue()
