"""The log of an implementation's build: what ran, where, and all that it said; and the part worth showing."""

from __future__ import annotations

import itertools
import re
import shlex
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from pep517_multi.containment import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pep517_multi.process import Command, Completed, Runner

TAIL_LINES = 25
_CAUSE_LINES = 8
_HEADER_LINES = 3
_LONGEST_LINE = 400
_LONGEST_PIECE = 1 << 16
_MUCH = 8 << 20
"""Bytes of an output that are read from its beginning, and from its end, to find what is worth showing."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1f]")
_CAUSE = re.compile(
    r"""
    :\ (?:fatal\ )?error:\                       # gcc, clang, cython, lld
    | ^(?:fatal\ )?error(?:\[E\d+\])?:\          # cc without a place, rustc, cargo
    | undefined\ reference\ to\ | (?:^|/)ld(?:\.\w+)?:\ .*(?:cannot\ find|error)  # GNU ld, gold
    | ^CMake\ Error | :\d+:\d+:\ ERROR:\         # CMake, Meson
    | command\ '[^']+'\ failed
    """,
    re.VERBOSE,
)
_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+')
_HOOK_SCRIPTS = ("pyproject_hooks/_in_process/_in_process.py", "pep517_multi/backends/target_early.py")


def append(log: Path, *lines: str) -> None:
    """Append ``lines`` to ``log``, which is made with its folder where it is not there."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.writelines(f"{without_credentials(line)}\n" for line in lines)


def run_logged(runner: Runner, command: Command, *, title: str, log: Path) -> Completed:
    """Run ``command`` with its output in ``log``, under a header that says what runs and where."""
    append(log, f"# {title}", f"# in {command.cwd}", f"# $ {shlex.join(command.argv)}")
    return runner.run(replace(command, log=log))


def size(log: Path) -> int:
    """Return the bytes in ``log``, 0 where there is none: where the output of the next command will begin."""
    return log.stat().st_size if log.exists() else 0


def read_from(log: Path, offset: int) -> Iterator[str]:
    """Yield the lines of ``log`` from byte ``offset`` on, without control codes, progress and overlong ends.

    Of very much, only the beginning and the end; a line without end comes in pieces.
    """
    if not log.exists():
        return
    last = size(log) - _MUCH
    with log.open("rb") as stream:
        stream.seek(offset)
        while raw := stream.readline(_LONGEST_PIECE):
            if offset + _MUCH < stream.tell() < last:
                stream.seek(last)
            text = raw.decode("utf-8", errors="replace").rstrip("\r\n").rpartition("\r")[2]
            yield _ESCAPES.sub("", text)[:_LONGEST_LINE].rstrip()


def output_from(log: Path, offset: int) -> Iterator[str]:
    """Yield what the command said whose header stands at byte ``offset`` of ``log``, and all after it."""
    return itertools.islice(read_from(log, offset), _HEADER_LINES, None)


def worth_showing(lines: Iterable[str]) -> str:
    """Return the first lines that a compiler or linker blames, then the last lines, without pyproject_hooks' frames.

    At most some thirty lines, whatever the log is.
    """
    last: deque[str] = deque(maxlen=TAIL_LINES)
    causes: list[str] = []
    for line in _without_hook_frames(lines):
        if line:
            last.append(line)
        if len(causes) < _CAUSE_LINES and _CAUSE.search(line):
            causes.append(line)
    missing = [cause for cause in causes if cause not in last]
    return "\n".join([*missing, "…", *last] if missing else last)


def _without_hook_frames(lines: Iterable[str]) -> Iterator[str]:
    """Leave out the frames of the scripts that called the hook: they are never to blame."""
    in_frame = False
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            in_frame = frame["file"].replace("\\", "/").endswith(_HOOK_SCRIPTS)
        elif not line.startswith("    "):
            in_frame = False
        if not in_frame:
            yield line


_BLAME = re.compile(r"^(?:ERROR|error|fatal): ?|^\s*[╰└]─*▶ ")
_CAUSED_BY = re.compile(r"^\s+(?:cause|Caused by): ")
_SMALL_TALK = re.compile(r"^(?:\[notice\]|hint:|help:|WARNING:|warning:|#|\s*$)")


def blamed(lines: Iterable[str]) -> str:
    """Return what an installer says was wrong: its last error with the lines that go on with it, on one line."""
    said = [line for line in lines if not _SMALL_TALK.match(line)]
    starts = [place for place, line in enumerate(said) if _BLAME.match(line)]
    if not starts:
        return said[-1].strip() if said else "nothing was said"
    text = _BLAME.sub("", said[starts[-1]]).strip()
    for line in itertools.takewhile(lambda line: line.startswith("  "), said[starts[-1] + 1 :]):
        cause = _CAUSED_BY.sub("", line)
        text += f" {line.strip()}" if cause == line else f": {cause.strip()}"
    return text
