"""A pool of job tokens behind a named pipe: the POSIX jobserver protocol of GNU make, from the side of a client.

A token is a byte. Who reads one from the pipe may run one more process, and writes the byte back when that has ended.
Every process that is given a jobserver has one token besides, for itself, which never was in the pipe.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.backends import makeflags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 4096
"""Tokens that fit into a pipe wherever there are pipes (``PIPE_BUF`` of Linux)."""

_WAIT_MILLISECONDS = 50
_TOKEN = b"+"


def inherited_pipe(environ: Mapping[str, str]) -> Path | None:
    """Return a path of the pipe of the jobserver that ``environ`` hands down, ``None`` where there is none to be had.

    A jobserver of two descriptors, as make before 4.4 has it, is of no use to a backend: Python closes what it
    inherited before it starts ninja or cargo. On Linux a pipe has a path below ``/proc`` by which others can open it
    while this process lives. Elsewhere such a jobserver is not to be had.
    """
    named = makeflags.jobserver(environ.get("MAKEFLAGS", ""))
    if named is None:
        return None
    if named.startswith("fifo:"):
        path = Path(named.removeprefix("fifo:"))
    else:
        path = Path(f"/proc/{os.getpid()}/fd/{named.partition(',')[0]}")
    return path if _is_pipe(path) else None


def _is_pipe(path: Path) -> bool:
    """Whether tokens can be read from ``path`` and written to it: a pipe, or a device (Gentoo's steve is one)."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)) and os.access(path, os.R_OK | os.W_OK)


@contextlib.contextmanager
def borrowed(pipe: Path, most: int) -> Iterator[int]:
    """Take up to ``most`` tokens out of ``pipe``, as many as are there, and give them back when the block ends."""
    descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        tokens = b""
        with contextlib.suppress(BlockingIOError):
            tokens = os.read(descriptor, most) if most else b""
        try:
            yield len(tokens)
        finally:
            os.write(descriptor, tokens)
    finally:
        os.close(descriptor)


class TokenPool:
    """The tokens of one jobserver, as far as this process may have them: its own one, and those in the pipe.

    It may be used from several threads.
    """

    def __init__(self, pipe: Path, *, filled: int | None = None) -> None:
        """Open ``pipe``, which is there.

        :param filled: how many tokens belong into it while nobody holds one, at most :data:`LARGEST`; ``None`` for the
            pool of somebody else, who sees to that.
        """
        self.pipe = pipe
        self._filled = filled
        self._held = 0
        self._own_is_free = True
        self._lock = threading.Lock()
        self._descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._refill()

    def close(self) -> None:
        """Close the pipe; nobody holds a token any more."""
        os.close(self._descriptor)

    def acquire(self) -> bytes:
        """Wait for a token. An empty one is this process's own, which goes first."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while (token := self.try_acquire()) is None:
            poll.poll(_WAIT_MILLISECONDS)  # not for ever: this process's own token comes back without a sign
        return token

    def release(self, token: bytes) -> None:
        """Give back what :meth:`acquire` gave.

        With the last one, nobody can hold another: tokens of processes that were killed are then put back, too.
        """
        with self._lock:
            self._held -= 1
            if token:
                os.write(self._descriptor, token)
            else:
                self._own_is_free = True
            if not self._held:
                self._refill()

    def try_acquire(self) -> bytes | None:
        """Return a token if there is one at once, as :meth:`acquire` does."""
        with self._lock:
            if self._own_is_free:
                self._own_is_free = False
                token = b""
            else:
                try:
                    token = os.read(self._descriptor, 1)
                except BlockingIOError:
                    return None
            self._held += 1
            return token

    def _refill(self) -> None:
        if self._filled is None:
            return
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(self._descriptor, LARGEST)
        os.write(self._descriptor, _TOKEN * self._filled)
