"""Staged trees as values: what lies where, and whose it is."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.interpreters.spec import Spec
    from pep517_multi.staging.layout import Layout


@dataclass(frozen=True)
class Member:
    """One implementation that takes part in an image, as plain values.

    :param name: its canonical name.
    :param root: its own staging root.
    :param preference: the greatest one is preferred: its scripts get the plain names. The first item is 1 if it was
        named as the one to prefer.
    :param prefix: install prefix, empty for ``/``.
    :param scripts: absolute path of scripts.
    :param libraries: absolute paths of its site-packages.
    :param interpreter: what stands after ``#!`` in its scripts; ``None`` where that is the same for all.
    """

    name: str
    root: Path
    preference: tuple[int, ...]
    prefix: str
    scripts: str
    libraries: tuple[str, ...]
    interpreter: str | None


def member_of(interpreter: Interpreter, root: Path, layout: Layout, *, prefer: Spec | None = None) -> Member:
    """Describe ``interpreter``, staged in ``root``.

    What ``prefer`` means is preferred, else the newest ordinary CPython.

    :raises UsageError: the layout makes no sense for it.
    """
    ordinary = interpreter.is_cpython and not interpreter.free_threaded and not interpreter.debug
    named = prefer is not None and prefer.matches(interpreter)
    paths = layout.paths(interpreter, distribution="")
    return Member(
        name=interpreter.name,
        root=root,
        preference=(named, ordinary, interpreter.is_cpython, *interpreter.version.release),
        prefix="" if layout.prefix == "/" else layout.prefix,
        scripts=paths["scripts"],
        libraries=layout.libraries(interpreter),
        interpreter=layout.script_interpreter(interpreter) if "{impl}" in layout.shebang else None,
    )


@dataclass(frozen=True)
class Entry:
    """One path of a tree.

    :param path: absolute, without the root.
    :param owners: canonical names of those whose it is.
    :param moment: time of modification in nanoseconds since the epoch.
    :param digest: hexadecimal SHA-256 of a file.
    :param source: where the bytes of a file are, unless ``data`` has them.
    :param target: of a symbolic link.
    :param same_as: path of the entry that this one is a hard link to, or nothing.
    :param ours: it is there because of us; ``False`` where the same was there before.
    """

    path: str
    kind: Literal["file", "link", "directory"]
    owners: tuple[str, ...]
    mode: int = 0o755
    moment: int = 0
    size: int = 0
    digest: str = ""
    source: Path | None = None
    data: bytes | None = None
    target: str = ""
    same_as: str = ""
    ours: bool = True

    @property
    def identity(self) -> tuple[str, str, str]:
        """What two entries have in common that are the same but for mode and time."""
        return self.kind, self.digest, self.target


def scan(member: Member) -> dict[str, Entry]:
    """Return every file and link below the root of ``member``, by path."""
    return {entry.path: entry for entry in _scanned(member)}


def _scanned(member: Member) -> Iterator[Entry]:
    root, owners = os.fspath(member.root), (member.name,)
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            source = Path(folder, name)
            status = source.lstat()
            path = "/" + posixpath.relpath(os.fspath(source), root)
            mode, moment = stat.S_IMODE(status.st_mode), status.st_mtime_ns
            if stat.S_ISLNK(status.st_mode):
                yield Entry(path, "link", owners, moment=moment, target=os.fspath(source.readlink()))
            else:
                digest = files.sha256(source)
                yield Entry(path, "file", owners, mode, moment, status.st_size, digest, source)


def directories(entries: Iterable[Entry], moments: dict[str, int]) -> list[Entry]:
    """Return the directories that hold ``entries``; each has the newest of the ``moments`` of its owners."""
    owners: dict[str, set[str]] = {}
    for entry in entries:
        folder = posixpath.dirname(entry.path)
        while folder != "/":
            owners.setdefault(folder, set()).update(entry.owners)
            folder = posixpath.dirname(folder)
    return [
        Entry(path, "directory", tuple(sorted(names)), moment=max(moments.get(name, 0) for name in names))
        for path, names in sorted(owners.items())
    ]
