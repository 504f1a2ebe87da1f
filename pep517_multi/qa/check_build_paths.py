"""Paths of the build that were left in what is installed."""

from __future__ import annotations

import mmap
import posixpath
import re
from typing import TYPE_CHECKING

from pep517_multi.qa.check_table import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem

_SHOWN = 3
_AROUND = 60
_TEMPORARY = rb"/(?:pip-(?:req-build|build-env|install|wheel|modern-metadata)|build-env|cibw-run)-\w{8}"
_UNPRINTABLE = re.compile(rb"[\x00-\x1f\x7f]+")
_BINARY = (b"\x7fELF", b"!<arch>\n")


def pattern_of(folders: Iterable[Path]) -> re.Pattern[bytes]:
    """Return what finds in bytes the paths of ``folders``, but for those that are too short to mean anything.

    Folders that installers make for a build are found as well, wherever the wheel was built.
    """
    names = {str(path) for folder in folders for path in (folder, folder.resolve())}
    telling = sorted((name for name in names if len(name.strip("/").split("/")) > 1), key=len, reverse=True)
    return re.compile(
        b"(?:" + b"|".join([*(re.escape(name.encode()) for name in telling), _TEMPORARY]) + rb")(?![\w-])"
    )


def check_build_paths(root: StagedRoot, entries: Sequence[Entry], pattern: re.Pattern[bytes]) -> Iterator[Problem]:
    """Yield files that hold what ``pattern`` finds, and the first occurrences; bytecode only if its source does not."""
    told: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.name.endswith(".pyc")):
        if entry.is_link or not entry.is_file or not entry.status.st_size or _source(entry.name) in told:
            continue
        with entry.path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            first = pattern.search(data)
            if first is None:
                continue
            told.add(entry.name)
            compiled = data[:8].startswith(_BINARY)
            path = first[0].decode(errors="replace")
            lines = _occurrences(data, pattern, compiled=compiled or b"\0" in data[:4096])
        check = "build-path-in-binary" if compiled else "build-path"
        yield problem(check, root.shown(entry.name), f"it holds the path {path} of the build", lines=lines)


def _source(name: str) -> str:
    """Return the source of a bytecode file; of any other file a name that none has."""
    folder, file = posixpath.split(name)
    return f"{posixpath.dirname(folder)}/{file.partition('.')[0]}.py" if name.endswith(".pyc") else ""


def _occurrences(data: mmap.mmap, pattern: re.Pattern[bytes], *, compiled: bool) -> Iterable[str]:
    found = []
    for match, _ in zip(pattern.finditer(data), range(_SHOWN), strict=False):
        around = data[max(0, match.start() - _AROUND) : match.end() + _AROUND]
        if compiled:
            found.append(f"byte {match.start()}: {_UNPRINTABLE.sub(b' ', around).decode(errors='replace').strip()}")
        else:
            start, end = data.rfind(b"\n", 0, match.start()) + 1, data.find(b"\n", match.end())
            line = data[start : end if end >= 0 else len(data)].decode(errors="replace").strip()
            number = data[: match.start()].count(b"\n") + 1
            found.append(f"line {number}: {line[: 2 * _AROUND]}")
    return found
