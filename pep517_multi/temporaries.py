"""What is no result yet: hidden names beside results, held while in use, swept when whoever made them has died.

A temporary is locked by the process that makes it. A lock dies with its holder, so what nobody holds is left over from
a process that was killed, whichever run it belonged to.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files, interrupts, locks

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_NAME = re.compile(r"\.(?P<of>.+)\.[0-9a-f]{8}(?P<old>\.old)?\.tmp")


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Make an empty folder beside ``final``, for its owner alone; what has that name is gone when the block ends."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with _hidden_folder(final) as path:
        yield path
        with interrupts.deferred():
            files.remove_tree(path)


@contextlib.contextmanager
def scratch(purpose: str, *, top: Path | None = None) -> Iterator[Path]:
    """Make an empty folder of this user's alone that is gone when the block ends, where the system has such things.

    It goes with its owner: what killed processes of this user have left of this purpose is removed first.

    :param top: where it is made instead of ``TMPDIR``.
    """
    final = (top or Path(tempfile.gettempdir())) / f"multibuild-{purpose}"
    _sweep(final.parent, of={final.name}, owner=os.geteuid())
    with _hidden_folder(final) as path:
        yield path


@contextlib.contextmanager
def _hidden_folder(final: Path) -> Iterator[Path]:
    """Make an empty folder beside ``final``, locked for the block; what can be removed of it is gone afterwards."""
    with contextlib.ExitStack() as stack:
        path = None
        try:
            with interrupts.deferred():
                path = _made_and_locked(final, stack)
            yield path
        finally:
            if path is not None:
                with contextlib.suppress(OSError), interrupts.deferred():  # what stays is swept later
                    files.remove_tree(path)


@contextlib.contextmanager
def scratch_for_all() -> Iterator[None]:
    """Let all that this process makes in ``TMPDIR``, libraries included, lie in one scratch folder."""
    before = tempfile.tempdir
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # whoever needs one will say it better
            tempfile.tempdir = str(stack.enter_context(scratch("run")))
        try:
            yield
        finally:
            tempfile.tempdir = before


def _made_and_locked(final: Path, stack: contextlib.ExitStack) -> Path:
    path = None
    while path is None:
        path = _tried(final, stack)
    return path


def _tried(final: Path, stack: contextlib.ExitStack) -> Path | None:
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
    _sweep(folder, of=of, owner=None)


def _sweep(folder: Path, *, of: Container[str] | None, owner: int | None) -> None:
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match and (of is None or match["of"] in of):
            _sweep_one(path, final=folder / match["of"], old=bool(match["old"]), owner=owner)


def _sweep_one(path: Path, *, final: Path, old: bool, owner: int | None) -> None:
    # What cannot be opened is gone meanwhile, or a link or another thing that is none of ours.
    with contextlib.suppress(OSError), locks.opened(path) as descriptor:
        if owner not in {None, os.fstat(descriptor).st_uid}:
            return
        if not locks.lock(descriptor) or not locks.is_at(path, descriptor):
            return
        if old and not os.path.lexists(final):
            path.rename(final)
        else:
            files.remove_tree(path)
