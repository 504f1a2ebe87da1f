"""How many of the machine's processors have nothing to do."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Processors:
    """Counts what runs, where no jobserver does; whoever begins builds knows how many there may be."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._busy = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one for a build, whatever else runs."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            self._release()

    @contextlib.contextmanager
    def spare(self) -> Iterator[bool]:
        """Hold one if it is free; gives whether it was."""
        with self._lock:
            is_free = self._busy < self._number
            self._busy += is_free
        try:
            yield is_free
        finally:
            if is_free:
                self._release()

    def _release(self) -> None:
        with self._lock:
            self._busy -= 1
