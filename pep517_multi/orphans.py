"""Processes that a killed run left behind, found by a mark in their environment, and ended.

A run that is killed cannot end its children. They would go on writing where the next run works.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "_PEP517_MULTI_WORK"
"""Variable in the environment of everything that a run starts: the work directory."""

_PATIENCE = 10
_PAUSE = 0.01


def marked(environ: Mapping[str, str], work: Path) -> dict[str, str]:
    """Return ``environ`` for children of a run on ``work``."""
    return {**environ, MARK: str(work)}


def unmarked(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` for a process that is the user's own."""
    return {name: value for name, value in environ.items() if name != MARK}


def end_all(work: Path) -> None:
    """End all processes of runs on ``work``, which this process holds, and wait until they are gone.

    One that cannot be ended, such as a process of another user, is given up after some seconds.
    """
    deadline = time.monotonic() + _PATIENCE
    while (left := [*found(work)]) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)


def found(work: Path) -> Iterator[int]:
    """Yield the processes of runs on ``work``, but for this one."""
    mark = f"{MARK}={work}".encode(errors="surrogateescape")
    with contextlib.suppress(FileNotFoundError):  # not Linux
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                with contextlib.suppress(OSError):  # it has ended, or is another user's
                    if mark in (folder / "environ").read_bytes().split(b"\0"):
                        yield int(folder.name)
