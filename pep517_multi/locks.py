"""Locks of this process on files and folders that it has open; they die with it, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def lock(descriptor: int) -> bool:
    """Lock an open file or folder for as long as it stays open, unless another has it; answers whether that worked.

    :raises OSError: the file system knows no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(descriptor: int) -> None:
    """Lock an open file or folder as soon as nobody else has it.

    :raises OSError: the file system knows no locks.
    """
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def is_at(path: Path, descriptor: int) -> bool:
    """Whether what is open as ``descriptor`` is still what ``path`` names."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or folder, no link and nothing that would block, so that it can be locked.

    :raises OSError: it is not there, is a link, or may not be read.
    """
    descriptor = os.open(path, _OPEN)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
