"""What is no result yet: hidden names beside results, held while in use, swept when whoever made them has died.

A temporary is locked by the process that makes it. A lock dies with its holder, so what nobody holds is left over from
a process that was killed, whichever run it belonged to.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from pep517_multi import files, locks

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

_NAME = re.compile(r"\.(?P<of>.+)\.[0-9a-f]{8}(?P<old>\.old)?\.tmp")


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Make an empty folder beside ``final``, for its owner alone; what has that name is gone when the block ends."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        path = None
        while path is None:
            path = _made_and_locked(final, stack)
        try:
            yield path
        except BaseException:
            with contextlib.suppress(OSError):  # what went wrong first is what has to be told; the rest is swept later
                files.remove_tree(path)
            raise
        files.remove_tree(path)


def _made_and_locked(final: Path, stack: contextlib.ExitStack) -> Path | None:
    """Make and lock a folder; ``None`` where it was swept in the moment between."""
    path = files.beside(final)
    path.mkdir(mode=0o700)
    try:
        descriptor = stack.enter_context(locks.opened(path))
    except FileNotFoundError:
        return None
    except OSError:  # too many open files
        path.rmdir()
        raise
    with contextlib.suppress(OSError):  # a file system without locks, where nothing is swept
        locks.lock(descriptor)
    return path if locks.is_at(path, descriptor) else None


def sweep(folder: Path, *, of: Container[str] | None = None) -> None:
    """Remove the temporaries in ``folder`` that nobody holds; what was only set aside is put back.

    :param of: only those beside results of these names.
    """
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match and (of is None or match["of"] in of):
            _sweep_one(path, final=folder / match["of"], old=bool(match["old"]))


def _sweep_one(path: Path, *, final: Path, old: bool) -> None:
    # What cannot be opened is gone meanwhile, or a link or another thing that is none of ours.
    with contextlib.suppress(OSError), locks.opened(path) as descriptor:
        if not locks.lock(descriptor) or not locks.is_at(path, descriptor):
            return
        if old and not os.path.lexists(final):
            path.rename(final)
        else:
            files.remove_tree(path)
