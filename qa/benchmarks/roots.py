"""Whether every tool made the same roots, and whole ones."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BYTECODE = re.compile(r"(?P<folder>.*/)__pycache__/(?P<module>[^/]+?)\.[^./]+(?:\.opt-(?P<level>\d))?\.pyc")
_OF_INSTALLERS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"})
"""Files of a .dist-info folder in which installers differ by right."""

_LOCK_OF_UV = "usr/.lock"


def digests(root: Path) -> dict[str, str]:
    """Return path → hash of every file below ``root``."""
    return {
        os.path.relpath(Path(folder, name), root): files.sha256(Path(folder, name))
        for folder, _, names in os.walk(root)
        for name in names
    }


def faults(found: Mapping[str, str], expected: Mapping[str, str], *, levels: str) -> Iterator[str]:
    """Yield in what a root differs from another tool's, and which bytecode it lacks; bytecode is not compared."""
    ours, theirs = _plain(found), _plain(expected)
    yield from (f"{path} is in one of the two only" for path in sorted(ours.keys() ^ theirs.keys()))
    yield from (f"{path} differs" for path in sorted(ours.keys() & theirs.keys()) if ours[path] != theirs[path])
    lacking = _compiled(expected, levels) - _compiled(found, levels)
    yield from (f"{module} lacks bytecode of level {level}" for module, level in sorted(lacking))


def _plain(found: Mapping[str, str]) -> dict[str, str]:
    """Leave out bytecode and what is the installer's own; a script has its interpreter in it."""
    return {
        path: "" if "/bin/" in path else digest
        for path, digest in found.items()
        if path != _LOCK_OF_UV
        and not _BYTECODE.fullmatch(path)
        and not (".dist-info/" in path and path.rpartition("/")[2] in _OF_INSTALLERS)
    }


def _compiled(found: Mapping[str, str], levels: str) -> set[tuple[str, str]]:
    matches = filter(None, map(_BYTECODE.fullmatch, found))
    compiled = {(f"{match['folder']}{match['module']}.py", match["level"] or "0") for match in matches}
    return {(module, level) for module, level in compiled if level in levels.split(",")}
