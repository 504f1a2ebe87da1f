"""The driver's side of ``target_keeper.py``: what it is told, and what it says."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCRIPT = Path(__file__).with_name("target_keeper.py")
_MUCH = 1 << 16


@dataclass
class Keeping:
    """A command under a keeper. The keeper's process is somebody else's to start, with :attr:`argv`.

    The descriptors in :attr:`passed` are for the keeper; :meth:`started` is called when it has them.
    """

    argv: tuple[str, ...]
    passed: tuple[int, ...]
    _control: int
    _status: int
    _said: bytes = field(default=b"", init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @classmethod
    def of(cls, argv: Sequence[str], *, cwd: Path, environ: Mapping[str, str]) -> Keeping:
        """Make ready what a keeper of this command needs."""
        parts = [str(cwd), str(len(argv)), *argv, *(f"{name}={value}" for name, value in environ.items())]
        with tempfile.TemporaryFile() as stream:
            stream.write(b"".join(os.fsencode(part) + b"\0" for part in parts))
            stream.flush()
            job = os.dup(stream.fileno())
        stopped, control = os.pipe()
        status, told = os.pipe()
        passed = stopped, told, job
        python = sys.executable  # noqa: TID251 - the keeper is a part of multibuild itself
        return cls((python, "-I", "-S", "-B", str(_SCRIPT), *map(str, passed)), passed, control, status)

    def started(self) -> None:
        """Leave to the keeper what is the keeper's, whether it has started or could not."""
        for descriptor in self.passed:
            os.close(descriptor)

    def stop(self) -> None:
        """Ask the keeper to end the command with all that it started."""
        with self._lock:
            control, self._control = self._control, -1
        if control >= 0:
            os.close(control)

    def close(self) -> None:
        """Let everything go; the keeper has ended."""
        self.stop()
        os.close(self._status)

    @property
    def problem(self) -> int | None:
        """The error number with which the command could not be started; ``None`` where it could."""
        found = self._line("failed")
        return int(found[0]) if found else None

    @property
    def leader(self) -> int | None:
        """The process of the command, as far as is known."""
        found = self._line("started")
        return int(found[0]) if found else None

    @property
    def ended(self) -> tuple[int, int] | None:
        """The return code of the command, and how many processes it had left behind; ``None`` without an answer."""
        found = self._line("ended")
        return (os.waitstatus_to_exitcode(int(found[0])), int(found[1])) if found else None

    def _line(self, word: str) -> list[str]:
        """Return what follows ``word`` in what was said up to now."""
        os.set_blocking(self._status, False)
        try:
            while more := os.read(self._status, _MUCH):
                self._said += more
        except BlockingIOError:
            pass
        for line in self._said.decode(errors="replace").splitlines():
            if line.startswith(f"{word} "):
                return line.split()[1:]
        return []
