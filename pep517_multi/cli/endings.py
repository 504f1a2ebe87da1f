"""How signals end a run: first in order, then at once."""

from __future__ import annotations

import contextlib
import os
import select
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
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
    _asked: bool = False
    _word: threading.Lock = field(default_factory=threading.Lock)
    """Who has it says how the run ended; it is never given back, so that nobody else does."""

    def install(self) -> None:
        """Be told of signals, but for those that whoever started the run wants to be ignored.

        That may be one who calls it with ``nohup``, or in the background of a script.
        """
        with contextlib.suppress(OSError, RuntimeError):  # no descriptor, no thread: an interrupt has to be enough
            self._begin_to_watch()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)

    def _begin_to_watch(self) -> None:
        """Have a thread that learns of signals: in a handler none can be started.

        What the handler interrupted may hold a lock that this needs, and would wait for the handler.
        """
        signals, writing = os.pipe()
        os.set_blocking(writing, False)
        threading.Thread(target=self._watch, args=(signals,), name="ending", daemon=True).start()
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

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
        for number in _SIGNALS:
            if signal.getsignal(number) == self._ask:
                signal.signal(number, signal.SIG_IGN)
        if not self._word.acquire(blocking=False):
            time.sleep(_SECONDS)  # another thread says it, and ends the process

    def _ask(self, _: int, __: FrameType | None) -> None:
        if not self._asked:
            self._asked = True
            interrupts.interrupt()

    def _watch(self, signals: int) -> None:
        """Wait for a signal, then for another one or until there was time enough, and end the process."""
        os.read(signals, 1)
        deadline = time.monotonic() + _SECONDS
        for stop in list(self._stops):
            with contextlib.suppress(OSError):
                stop()
        select.select([signals], [], [], max(0, deadline - time.monotonic()))
        if self._word.acquire(blocking=False):
            shown = _SHOW_CURSOR if sys.stderr.isatty() else ""
            message = "interrupted, and ended at once; what was not complete is cleared away by the next run"
            os.write(2, f"{shown}multibuild: error: {message}\n".encode())
        os._exit(INTERRUPTED)


ENDING = Ending()
"""That of this process, whose signals they are."""
