"""The first line of scripts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from installer.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACEHOLDER = b"#!python"
_CHUNK = 1 << 20


def shebang(executable: str) -> bytes:
    """Return the first line, or lines, of a script that runs under ``executable``, without the newline at the end.

    The kernel takes no blanks and no long paths after ``#!``; then ``/bin/sh`` helps, as installer has it.
    """
    _, launcher = Script("name", "module", "attribute", "console").generate(executable, "posix")
    return launcher.partition(b"\n# -*- coding")[0]


def with_shebang(stream: BinaryIO, executable: str) -> Iterator[bytes] | None:
    """Return the bytes of the script in ``stream`` with its ``#!python`` replaced, or ``None`` if it has none.

    All of the line goes, ``#!pythonw`` and arguments too, as installer and pip do it. Where the answer is ``None``,
    the stream is at its beginning again.
    """
    start = stream.read(len(_PLACEHOLDER))
    if start != _PLACEHOLDER:
        stream.seek(0)
        return None
    return _replaced(stream, shebang(executable))


def _replaced(stream: BinaryIO, line: bytes) -> Iterator[bytes]:
    yield line + b"\n"
    stream.readline()
    while chunk := stream.read(_CHUNK):
        yield chunk


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Return the bytes of ``stream``, a piece of bounded size at a time."""
    while chunk := stream.read(_CHUNK):
        yield chunk


def launcher(script: Script, executable: str) -> tuple[str, BinaryIO]:
    """Return file name and content of the script for an entry point."""
    name, content = script.generate(executable, "posix")
    return name, io.BytesIO(content)
