"""RECORD files of staged trees, read with absolute paths and written anew where files were moved or removed."""

from __future__ import annotations

import base64
import csv
import io
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class Row:
    """One file, as RECORD has it: absolute path without the root, ``sha256=…`` or nothing, bytes or nothing."""

    path: str
    digest: str = ""
    size: str = ""


def read(data: bytes, *, folder: str) -> tuple[Row, ...]:
    """Read a RECORD whose ``.dist-info`` lies in ``folder``, an absolute path without the root."""
    lines = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    return tuple(Row(posixpath.normpath(posixpath.join(folder, path)), digest, size) for path, digest, size in lines)


def render(rows: Iterable[Row], *, folder: str) -> bytes:
    """Write a RECORD, its rows in the order of their paths."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    lines = sorted((posixpath.relpath(row.path, folder), row.digest, row.size) for row in rows)
    writer.writerows(lines)
    return stream.getvalue().encode("utf-8")


def digest_of(hexadecimal: str) -> str:
    """Return a SHA-256 as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(hexadecimal)).decode("ascii").rstrip("=")
