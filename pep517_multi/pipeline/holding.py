"""Who holds a work directory: one run at a time, by a lock that dies with it and tells who it is."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import locks
from pep517_multi.events import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.events import Observer

_KEYS = ("pid", "host", "since", "command")
_LONGEST = 4096  # bytes of a lock file that are looked at


@contextlib.contextmanager
def held(path: Path, observer: Observer) -> Iterator[str | None]:
    """Hold the lock file ``path`` alone; whoever finds it held waits, and says for whom.

    Gives who was killed while holding it, ``None`` where the last one let go by itself. What the file says is only
    told: it is the lock of the system that counts, and that dies with its holder.

    :raises FileNotFoundError: the folder is not there, or was removed while this waited.
    :raises OSError: the file system knows no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        if not locks.lock(descriptor):
            told = _described(os.pread(descriptor, _LONGEST, 0))
            message = f"another run holds {path.parent} ({told}); waiting until it ends"
            observer(Note(message, level="warning"))
            locks.wait_for(descriptor)
        if not locks.is_at(path, descriptor):
            raise FileNotFoundError(path)
        before = os.pread(descriptor, _LONGEST, 0)
        os.ftruncate(descriptor, os.pwrite(descriptor, _this_process(), 0))
        try:
            yield _described(before) if before else None
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _this_process() -> bytes:
    command = [Path(sys.argv[0]).name, *sys.argv[1:]]
    since = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    values = os.getpid(), os.uname().nodename, since, shlex.join(command)
    return json.dumps(dict(zip(_KEYS, values, strict=True))).encode() + b"\n"


def _described(content: bytes) -> str:
    try:
        known = json.loads(content)
        pid, host, since, command = (known[key] for key in _KEYS)
    except (ValueError, LookupError, TypeError, RecursionError):
        return "it does not say who it is"
    return f"process {pid} on {host} since {since}: {command}"
