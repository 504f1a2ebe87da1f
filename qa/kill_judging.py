"""What a killed run may leave, and what the run after it has to come to."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOLD_ANEW = frozenset({"seconds", "because", "log", "notes", "token"})
"""What reports and state say of the way, which after a kill is another one than at one stretch."""
_TREES = re.compile(r"work/roots/[^/]+|work/images/[^/]+/roots/[^/]+")
_PRIVATE = ("work/builds", "work/environments", "work/staging", "work/changed", "work/qa", "work/logs", "work/tests")
_UNTOLD = re.compile(r"work/\.lock|work/builds|work/qa(/[^/]+)?|work/logs(/.*)?")
"""What a run may leave: who held the lock, folders that are empty, what was said on the way."""


@dataclass(frozen=True)
class State:
    """All that is in a place: path → what it is, files by their content, times where they are promised."""

    entries: Mapping[str, str]

    def torn(self, before: State, after: State) -> Iterator[str]:
        """Say what is neither what it was nor what it was to be; hidden names are nobody's business."""
        wheels = {text for state in (before, after) for path, text in state.entries.items() if path.endswith(".whl")}
        for tree in sorted({match[0] for path in self._visible() if (match := _TREES.match(path))}):
            if self._below(tree) not in (before._below(tree), after._below(tree)):
                yield f"{tree} is half-made"
        for path in self._visible():
            if path.startswith(_PRIVATE) or _TREES.match(path) or path.startswith("image"):
                continue
            known = {before.entries.get(path), after.entries.get(path)}
            if path.endswith(".whl"):
                if self.entries[path] not in wheels:
                    yield f"{path} is half-made"
            elif self.entries[path].startswith("damaged"):
                yield f"{path} is {self.entries[path]}"
            elif known == {None} and not path.endswith(".whl.json") and not path.startswith("work/wheels/"):
                yield f"{path} is there, and should never be"

    def unlike(self, other: State) -> Iterator[str]:
        """Say what is not as in ``other``."""
        for path in sorted({*self.entries, *other.entries}):
            if not _UNTOLD.fullmatch(path) and self.entries.get(path) != other.entries.get(path):
                yield f"{path}: {self.entries.get(path, 'is not there')}, not {other.entries.get(path, 'absent')}"

    def _visible(self) -> Iterator[str]:
        return (path for path in sorted(self.entries) if "/." not in path)

    def _below(self, tree: str) -> dict[str, str]:
        return {path: text for path, text in self.entries.items() if path == tree or path.startswith(f"{tree}/")}


def look(place: Path) -> State:
    """Look at all that is below ``place``."""
    entries = {}
    for folder, folders, names in os.walk(place):
        for name in (*folders, *names):
            path = Path(folder, name)
            entries[path.relative_to(place).as_posix()] = _described(path, path.relative_to(place).as_posix())
    return State(entries)


def strays(place: Path) -> Iterator[str]:
    """Name what nothing needs any more once a run has ended."""
    for path in place.rglob("*"):
        if path.name.endswith(".tmp") or path.name == "staging":
            yield path.relative_to(place).as_posix()


def _described(path: Path, name: str) -> str:
    status = path.lstat()
    mode = stat.filemode(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return f"{mode} {path.readlink()}"
    if not stat.S_ISREG(status.st_mode):
        return f"{mode} {status.st_mtime_ns if _TREES.match(name) else ''}"
    data = path.read_bytes()
    if path.suffix == ".json" and name.startswith("work/") and not _TREES.match(name):
        try:
            data = json.dumps(_lasting(json.loads(data)), sort_keys=True).encode()
        except ValueError as error:
            return f"damaged: {error}"
    return f"{mode} {hashlib.sha256(data).hexdigest()} {status.st_mtime_ns if _TREES.match(name) else ''}"


def _lasting(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in _TOLD_ANEW}
    return [_lasting(each) for each in value] if isinstance(value, list) else value
