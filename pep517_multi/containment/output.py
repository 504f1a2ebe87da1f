"""The output of a command on its way into a log: without secrets, and not without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

LOG_LIMIT = 100 << 20
"""Bytes that one command may write into a log before the rest is left out, but for its end."""
END_KEPT = 1 << 20

_LONGEST_LINE = 1 << 16
_OVERLAP = 1 << 12


class LogWriter:
    """Appends to a log line by line, so that what is to be hidden is not missed because it came in two pieces.

    A context manager. Past ``limit`` bytes, only the last :data:`END_KEPT` are written in the end, after a line that
    says how many are left out.
    """

    def __init__(self, log: Path, *, redact: Callable[[bytes], bytes], limit: int = LOG_LIMIT) -> None:
        """Take what is needed; the log is opened by ``with``."""
        self._log = log
        self._redact = redact
        self._left = limit
        self._line = b""
        self._end = bytearray()
        self._dropped = 0

    def __enter__(self) -> Self:
        """Open the log."""
        self._stream = self._log.open("ab", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is still held back, and close."""
        try:
            self._take(self._redact(self._line))
            if self._end:
                if self._dropped:
                    note = f"\n# {self._dropped} bytes of output are left out here: it was too long\n"
                    self._stream.write(note.encode())
                self._write(bytes(self._end))
        finally:
            self._stream.close()

    def write(self, data: bytes) -> None:
        """Append ``data``; what follows its last line break is held back until the line is complete."""
        data = self._line + data
        cut = data.rfind(b"\n") + 1
        if len(data) - cut > _LONGEST_LINE:
            cut = len(data) - _OVERLAP
        self._line = data[cut:]
        if cut:
            self._take(self._redact(data[:cut]))

    def _take(self, data: bytes) -> None:
        now, data = data[: self._left], data[self._left :]
        self._write(now)
        self._left -= len(now)
        self._end += data
        excess = len(self._end) - END_KEPT
        if excess > 0:
            self._dropped += excess
            del self._end[:excess]

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view) :]
