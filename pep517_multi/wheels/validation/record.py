"""RECORD: that it lists everything, and that everything is as it says."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.archives.names import shown
from pep517_multi.wheels.metadata import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pep517_multi.archives.zip_archive import ZipArchive
    from pep517_multi.archives.zip_records import Entry

_TRUSTED = frozenset(
    {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"}  # sha256 or better
)
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")

Row: TypeAlias = tuple[str, str, str]


def parse(text: str) -> list[Row]:
    """Return the rows of RECORD: path with slashes, hash, size, each as text.

    :raises ValueError: it is no such table; the message is a clause.
    """
    rows = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            if len(row) != 3:  # noqa: PLR2004 - path, hash, size
                raise ValueError(f"row {number} of RECORD has {len(row)} fields instead of 3")
            path, digest, size = row
            rows.append((path.replace("\\", "/"), digest, size))
    except csv.Error as error:
        raise ValueError(f"RECORD is no table ({error})") from error
    return rows


def record_faults(archive: ZipArchive, dist_info: str) -> Iterator[str]:
    """Yield a clause for each file that RECORD does not tell the truth of; all bytes of the wheel are read.

    See "The .dist-info directory" in the specification of the binary distribution format.
    """
    try:
        rows = parse(read_text(archive, f"{dist_info}/RECORD"))
    except ValueError as error:
        yield str(error)
        return
    members = {entry.name: entry for entry in archive.entries}
    for path, count in Counter(path for path, _, _ in rows).items():
        if count > 1:
            yield f"RECORD lists {shown(path)} {count} times"
        if path not in members:
            yield f"RECORD lists {shown(path)}, which is not there"
    listed: Mapping[str, tuple[str, str]] = {path: (digest, size) for path, digest, size in rows}
    unhashed = {f"{dist_info}/RECORD": True, **{f"{dist_info}/{file}": False for file in _SIGNATURES}}
    for name, entry in members.items():
        if name in unhashed:
            if any(listed.get(name, ())) or (name in listed and not unhashed[name]):
                yield f"RECORD vouches for {shown(name)}, which can only be made after it"
            for _ in archive.chunks(entry):
                pass
        elif not entry.is_folder:
            yield from _faults(archive, entry, listed.get(name))


def _faults(archive: ZipArchive, entry: Entry, row: tuple[str, str] | None) -> Iterator[str]:
    if row is None:
        yield f"{entry.shown} is not mentioned in RECORD"
        return
    digest, size = row
    algorithm, _, expected = digest.partition("=")
    if not digest:
        yield f"the hash of {entry.shown} is not included in RECORD"
    elif algorithm not in _TRUSTED:
        yield f"RECORD has no hash of {entry.shown} that can be trusted ({shown(algorithm)} is not sha256 or better)"
    elif size and not (size.isascii() and size.isdigit()):
        yield f"the size of {entry.shown} in RECORD is no number"
    elif size and (size.lstrip("0") or "0") != str(entry.size):
        yield f"the size of {entry.shown} didn't match RECORD ({entry.size} bytes, not {size[:20]})"
    elif not _is_digest(expected, _digest(archive, entry, algorithm)):
        yield f"the hash of {entry.shown} didn't match RECORD"


def _digest(archive: ZipArchive, entry: Entry, algorithm: str) -> bytes:
    hashing = hashlib.new(algorithm)
    for chunk in archive.chunks(entry):
        hashing.update(chunk)
    return hashing.digest()


def _is_digest(written: str, digest: bytes) -> bool:
    """Whether ``written`` is ``digest``: in base64, padded or not, or in hexadecimal, as flit 0.5 wrote it."""
    encoded = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    return written.rstrip("=") == encoded or written == digest.hex()
