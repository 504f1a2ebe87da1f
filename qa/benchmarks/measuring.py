"""How long a command took, on how much of the processors, with how much memory and how many processes."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STARTED = re.compile(r"^\d+ +execve\(.* = 0$", re.MULTILINE)
_TAIL = 2000


@dataclass(frozen=True)
class Measure:
    """Figures of one run of a command, all its children included.

    :param wall: seconds.
    :param cpu: seconds of all processors, user and system.
    :param memory: bytes of the largest single process.
    """

    wall: float
    cpu: float
    memory: int


def measure(script: str, *, environ: Mapping[str, str], log: Path) -> Measure:
    """Run a shell script to its end.

    :raises BuildError: it fails.
    """
    return _run(["/bin/sh", "-euc", script], environ=environ, log=log)


def count_processes(script: str, *, environ: Mapping[str, str], log: Path) -> int | None:
    """Run a shell script, and return how many programs were started; ``None`` where there is no strace to tell."""
    strace = shutil.which("strace", path=environ.get("PATH", ""))
    if strace is None:
        measure(script, environ=environ, log=log)
        return None
    calls = log.with_suffix(".strace")
    argv = [strace, "-f", "--seccomp-bpf", "-s", "0", "-e", "trace=execve", "-o", str(calls), "/bin/sh", "-euc", script]
    _run(argv, environ=environ, log=log)
    return len(_STARTED.findall(calls.read_text(encoding="utf-8", errors="replace"))) - 1  # the shell of the script


def _run(argv: list[str], *, environ: Mapping[str, str], log: Path) -> Measure:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    began = time.monotonic()
    child = os.posix_spawn(argv[0], argv, dict(environ), file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - began
    if status:
        said = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        raise BuildError(f"a tool of the benchmark failed; it said: {said}")
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
