"""``multibuild`` that kills itself before a certain step: ``python killed.py STEP WHOM ARGUMENTS…``.

A step is whatever changes a file system, a lock or another process, as the audit hooks of Python tell it: before each
of them the run can be ended. STEP is the number of the one that is not reached; 0 for none: then the number of all of
them is the last line on standard error. WHOM is ``driver``, or ``tree`` for all its children, too. It may also be the
name of a signal, such as ``SIGINT``, that the run is asked with to end in order; ``SIGINT+SIGTERM`` sends another one
with a later step, while the run clears up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_STEPS = {"fcntl.flock", "subprocess.Popen", "shutil.rmtree", "shutil.move", "shutil.copystat"} | {
    f"os.{name}" for name in ("rename", "remove", "mkdir", "rmdir", "link", "symlink", "chmod", "utime", "truncate")
}

ASKED = "asked at "
"""In front of the moment at which a signal was sent, on standard error."""
_STEPS_BETWEEN = 3


class Killer:
    """Counts steps, and kills at one of them."""

    def __init__(self, step: int, whom: str) -> None:
        self.step = step
        self.whom = whom
        self.count = 0
        self._signals = [signal.Signals[name] for name in whom.split("+")] if whom.startswith("SIG") else []
        self._lock = threading.Lock()

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """See :func:`sys.addaudithook`."""
        is_step = event in _STEPS or (event == "ctypes.dlsym" and arguments[1] == "renameat2")
        if event == "open":
            is_step = isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
        if is_step:
            with self._lock:
                self.count += 1
                if self.step and self.count >= self.step:
                    self._end()

    def _end(self) -> None:
        if self.whom.startswith("SIG"):
            if self._signals and (self.count - self.step) % _STEPS_BETWEEN == 0:
                os.write(2, f"{ASKED}{time.monotonic()}\n".encode())
                os.kill(os.getpid(), self._signals.pop(0))
        else:
            kill(os.getpid(), tree=self.whom == "tree")


def kill(pid: int, *, tree: bool) -> None:
    """Kill a process, and all that descend from it, as they are now."""
    everyone = [pid]
    if tree:
        for known in everyone:
            everyone += _children(known)
    for known in reversed(everyone):
        with contextlib.suppress(ProcessLookupError):
            os.kill(known, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def main() -> None:
    """Run multibuild."""
    step, whom, *arguments = sys.argv[1:]
    killer = Killer(int(step), whom)
    if whom.startswith("SIG"):  # whoever runs this in the background ignores interrupts, and that is inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[:] = ["multibuild", *arguments]
    from pep517_multi.cli import main as multibuild

    leave = os._exit

    def tell_and_leave(code: int) -> None:
        if not killer.step:
            os.write(2, f"{killer.count}\n".encode())
        leave(code)

    os._exit = tell_and_leave  # type: ignore[assignment]
    sys.addaudithook(killer)
    multibuild()


if __name__ == "__main__":
    main()
