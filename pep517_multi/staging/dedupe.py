"""The same module or bytecode held once: by hard links, or by relative symbolic links."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from pep517_multi.staging.entries import Entry, Member

MODES = ("none", "hard", "symlink")


def dedupe(entries: Iterable[Entry], members: Sequence[Member], *, mode: str) -> tuple[Entry, ...]:
    """Link modules that are the same, in several implementations or in one, and levels of bytecode that do not differ.

    Modules are only linked if time and mode are the same too, so that bytecode stays valid. A symbolic link leads only
    to the same place in another site-packages: a module that resolves its own path finds the same files beside it
    there. An empty module takes no room, and is only linked to the one of the same place.
    """
    originals: dict[Hashable, Entry] = {}
    linked = []
    for entry in entries:
        key = None if mode == "none" else _key(entry, members, anywhere=mode == "hard")
        original = entry if key is None else originals.setdefault(key, entry)
        linked.append(entry if original is entry else _linked(entry, original, mode=mode))
    return tuple(linked)


def _key(entry: Entry, members: Sequence[Member], *, anywhere: bool) -> Hashable:
    """Return what is the same for entries that may be linked to each other; ``None`` for other files."""
    common = (entry.digest, entry.mode, entry.moment)
    if entry.kind != "file":
        return None
    if entry.path.endswith(".pyc"):
        folder, name = posixpath.split(entry.path)
        stem, tag, *_ = name.split(".")
        return (folder, stem, tag, *common)
    if entry.path.endswith(".py"):
        for library in sorted({library for member in members for library in member.libraries}):
            if entry.path.startswith(library + "/"):
                place = "" if anywhere and entry.size else entry.path[len(library) :]
                return (place, *common)
    return None


def _linked(entry: Entry, original: Entry, *, mode: str) -> Entry:
    if mode == "hard":
        return replace(entry, same_as=original.path)
    target = posixpath.relpath(original.path, posixpath.dirname(entry.path))
    return replace(entry, kind="link", target=target, digest="", source=None, data=None, mode=0o755, size=0)
