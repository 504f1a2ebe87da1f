"""The first line of scripts."""

from __future__ import annotations

import io
import re
import shlex
from typing import TYPE_CHECKING, BinaryIO

from installer.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACEHOLDER = b"#!python"
_AFTER = b"\n# -*- coding"
_OPTIONS = re.compile(r"(?: -\w+)+\Z")
_LONGEST = 127  # bytes that every Linux kernel reads of the line
_CHUNK = 1 << 20


def shebang(executable: str) -> bytes:
    """Return the first line, or lines, of a script that runs under ``executable``, without the newline at the end.

    The kernel takes no blanks and no long paths after ``#!``, and one option at most; then ``/bin/sh`` helps, as
    installer has it.

    :param executable: a path; what stands at its end as `` -s`` are options.
    """
    path, options = _split(executable)
    _, launcher = Script("name", "module", "attribute", "console").generate(path, "posix")
    line = launcher.partition(_AFTER)[0]
    if not options:
        return line
    if b"\n" not in line and len(options) == 1 and len(line) + len(options[0]) < _LONGEST:
        return line + b" " + options[0].encode()
    command = " ".join([shlex.quote(path), *options])
    return f"#!/bin/sh\n'''exec' {command} \"$0\" \"$@\"\n' '''".encode()


def _split(executable: str) -> tuple[str, list[str]]:
    path = _OPTIONS.sub("", executable)
    return path, executable[len(path) :].split()


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
    name, content = script.generate(_split(executable)[0], "posix")
    return name, io.BytesIO(shebang(executable) + _AFTER + content.partition(_AFTER)[2])
