"""Staging roots made by hand, and what has come of them, as values to compare."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

from pep517_multi.staging.entries import Member
from pep517_multi.staging.shebangs import shebang

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pep517_multi.staging.entries import Entry

MOMENT = 1_600_000_000


def member(
    folder: Path, minor: int, files: Mapping[str, str | bytes], *, shared: bool = False, moment: int = MOMENT
) -> Member:
    """Write ``files`` (path → content) as the root of CPython 3.``minor``; under ``shared`` in Debian's site-packages.

    In texts ``{impl}`` is replaced, and in paths ``{lib}`` by site-packages.
    """
    name = f"python3.{minor}"
    library = "/usr/lib/python3/dist-packages" if shared else f"/usr/lib/{name}/site-packages"
    root = folder / name
    root.mkdir(parents=True)
    for path, content in files.items():
        place = root / path.format(lib=library, impl=name).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.replace("{impl}", name).encode()
        place.write_bytes(data)
        place.chmod(0o755 if place.parent.name == "bin" else 0o644)
        os.utime(place, (moment, moment))
    os.utime(root, (moment, moment))
    return Member(name, root, (1, 1, 3, minor), "/usr", "/usr/bin", (library,), f"/usr/bin/{name}")


SCRIPT = shebang("/usr/bin/{impl}").decode() + "\nprint('{impl}')\n"


def record(files: Mapping[str, str | bytes]) -> str:
    """Return a RECORD with these paths, as they stand in it, and contents."""
    rows = []
    for path, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join(rows)


def content(entry: Entry) -> bytes:
    """Return the bytes that a file will have."""
    if entry.data is not None:
        return entry.data
    assert entry.source is not None
    return entry.source.read_bytes()


def paths(entries: Iterable[Entry]) -> dict[str, str]:
    """Return path → content of each file, or ``-> target`` of each link."""
    return {
        entry.path: f"-> {entry.target}" if entry.kind == "link" else content(entry).decode()
        for entry in entries
        if entry.kind != "directory"
    }


def tree(top: Path) -> dict[str, tuple[int, int, str]]:
    """Return path → mode, time in nanoseconds and content or target, of all that is below ``top``."""
    seen = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            said = f"-> {path.readlink()}"
        else:
            said = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        seen[path.relative_to(top).as_posix()] = (status.st_mode, status.st_mtime_ns, said)
    return seen
