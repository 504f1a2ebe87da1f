"""Interrupts that wait for a moment in which nothing would be left half-known.

An interrupt is an exception that can come between any two instructions of the main thread, such as between the start of
a process and the note that it runs.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Interrupts:
    def __init__(self) -> None:
        self.depth = 0
        self.waiting = False


_STATE = _Interrupts()


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Let an interrupt come at the end of this block, not within it; in other threads none comes anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _STATE.depth += 1
    try:
        yield
    finally:
        _STATE.depth -= 1
        if _STATE.waiting and not _STATE.depth:
            _STATE.waiting = False
            raise KeyboardInterrupt


def interrupt() -> None:
    """Raise :class:`KeyboardInterrupt` in the main thread, now or at the end of what may not be interrupted.

    For handlers of signals, which run there.
    """
    if _STATE.depth:
        _STATE.waiting = True
    else:
        raise KeyboardInterrupt
