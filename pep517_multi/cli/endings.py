"""How signals end a run: first in order, then at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

INTERRUPTED = 130
_SECONDS = 1.5
"""What a run has to stop its children and to clear up, once it was asked to end."""
_SHOW_CURSOR = "\x1b[?25h"


@dataclass
class Ending:
    """Lets SIGINT, SIGTERM and SIGHUP end the run as an interrupt does: nothing goes on or is left.

    Whoever asks a second time, or waits for more than a moment, gets it at once: children are stopped and the process
    is gone; the next run on the work directory clears up, as after a kill.

    :param stop: stops all children.
    """

    stop: Callable[[], None]
    _asked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self) -> None:
        """Be told of signals, but for those that whoever started the run wants to be ignored."""
        signal.signal(signal.SIGTERM, self._ask)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._ask)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background of a script
            signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _: int, __: FrameType | None) -> None:
        if self._asked:
            # Not here: whatever was interrupted by the signal may hold a lock that is needed to stop the children.
            threading.Thread(target=self._leave, daemon=True).start()
            return
        self._asked = True
        timer = threading.Timer(_SECONDS, self._leave)
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    def _leave(self) -> NoReturn:
        with self._lock:
            self.stop()
            shown = _SHOW_CURSOR if sys.stderr.isatty() else ""
            message = "interrupted, and ended at once; what was not complete is cleared away by the next run"
            sys.stderr.write(f"{shown}multibuild: error: {message}\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
