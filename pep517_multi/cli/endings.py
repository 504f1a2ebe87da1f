"""How signals end a run: first in order, then at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi import interrupts
from pep517_multi.errors import MultibuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

INTERRUPTED = 130
_SECONDS = 1.5
"""What a run has to clear up, once it was asked to end."""
_PAUSE = 0.02
_SHOW_CURSOR = "\x1b[?25h"


class InterruptedRunError(MultibuildError):
    """A signal ended the run."""

    exit_code = INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted; what was not complete is not there")


@dataclass
class Ending:
    """Lets SIGINT, SIGTERM and SIGHUP end the run as an interrupt does: nothing goes on or is left.

    Children are stopped at once, whatever this process is waiting for. Whoever asks a second time, or waits for more
    than a moment, gets the rest at once, too: the process is gone, and the next run on the work directory clears up, as
    after a kill.
    """

    _stops: list[Callable[[], None]] = field(default_factory=list)
    _asked: int = 0
    _word: threading.Lock = field(default_factory=threading.Lock)
    """Who has it says how the run ended; it is never given back, so that nobody else does."""

    def install(self) -> None:
        """Be told of signals, but for those that whoever started the run wants to be ignored.

        That may be one who calls it with ``nohup``, or in the background of a script.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)

    @contextlib.contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` on the first signal that comes in this block, from another thread, and at its end."""
        self._stops.append(stop)
        try:
            yield
        finally:
            stop()
            self._stops.remove(stop)

    def over(self) -> None:
        """Pay no attention to signals any more: all is done, and what is left is to say so."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == self._ask:
                signal.signal(number, signal.SIG_IGN)
        if not self._word.acquire(blocking=False):
            time.sleep(_SECONDS)  # another thread says it, and ends the process

    def _ask(self, _: int, __: FrameType | None) -> None:
        # No lock may be taken here: whatever was interrupted by the signal may hold it.
        self._asked += 1
        if self._asked > 1:
            return
        with contextlib.suppress(RuntimeError):  # no thread to be had: then this one has to be enough
            threading.Thread(target=self._attend, name="ending", daemon=True).start()
        interrupts.interrupt()

    def _attend(self) -> None:
        deadline = time.monotonic() + _SECONDS
        for stop in list(self._stops):
            stop()
        while self._asked == 1 and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        if self._word.acquire(blocking=False):
            shown = _SHOW_CURSOR if sys.stderr.isatty() else ""
            message = "interrupted, and ended at once; what was not complete is cleared away by the next run"
            os.write(2, f"{shown}multibuild: error: {message}\n".encode())
        os._exit(INTERRUPTED)


ENDING = Ending()
"""That of this process, whose signals they are."""
