"""The only door to other processes, and to this process's environment.

Effects go through a port: who runs a :class:`Command` is a parameter (:class:`Runner`), so that a command can later
run without a network, in a container or on another machine.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NoReturn, Protocol

from pep517_multi.errors import MultibuildError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_POLL_SECONDS = 0.02
_LONGEST_POLL = 86_400  # seconds; poll takes milliseconds that fit a C int


class CommandTimeoutError(MultibuildError):
    """A command was still running at its time limit and was ended with all its children."""


class CommandStartError(MultibuildError):
    """A command could not be started: not there, not executable."""


@dataclass(frozen=True)
class Command:
    """One command, complete: nothing of the caller's surroundings is inherited but what stands here.

    :param argv: program and arguments; the program is an absolute path or is looked up in ``env["PATH"]``.
    :param env: the whole environment, not additions to one.
    :param timeout: seconds of wall time, ``None`` for no limit.
    :param log: where standard output and error are appended; without it both are captured.
    :param stdin: bytes given on standard input; empty means end-of-file at once.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float | None = None
    log: Path | None = None
    stdin: bytes = b""


@dataclass(frozen=True)
class Completed:
    """How a command ended. ``stdout`` and ``stderr`` are empty where a log took them."""

    returncode: int
    seconds: float
    stdout: bytes = b""
    stderr: bytes = b""


class Runner(Protocol):
    """Runs commands to their end."""

    def run(self, command: Command) -> Completed:
        """Run ``command``; a non-zero return code is an answer, not an error.

        :raises CommandTimeoutError: it was still running after ``command.timeout`` seconds; all its children are gone.
        :raises CommandStartError: it could not be started.
        """
        ...

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """Start ``command`` with pipes for standard input and output, for a conversation; the caller waits for it.

        Standard error goes to the log, or nowhere.
        """
        ...


@dataclass
class LocalRunner:
    """Runs commands on this machine, each in a process group of its own that ends with it."""

    _children: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def run(self, command: Command) -> Completed:
        """See :meth:`Runner.run`."""
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            stdin = stack.enter_context(_input(command.stdin))
            out: IO[bytes]
            err: IO[bytes]
            if command.log is not None:
                out = err = stack.enter_context(command.log.open("ab"))
            else:
                out = stack.enter_context(tempfile.TemporaryFile())
                err = stack.enter_context(tempfile.TemporaryFile())
            child = self._start(command, stdin=stdin, stdout=out, stderr=err)
            try:
                if not _wait(child, command.timeout):
                    message = f"{command.argv[0]} was still running after {command.timeout:g} seconds and was stopped"
                    raise CommandTimeoutError(message)
            finally:
                self._end(child)
            seconds = time.monotonic() - started
            if command.log is not None:
                return Completed(child.returncode, seconds)
            return Completed(child.returncode, seconds, _content(out), _content(err))

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """See :meth:`Runner.spawn`."""
        with contextlib.ExitStack() as stack:
            err: IO[bytes] | int = subprocess.DEVNULL
            if command.log is not None:
                err = stack.enter_context(command.log.open("ab"))
            return self._start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)

    def close(self) -> None:
        """End every command that still runs, with all its children; nothing can be started afterwards."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            _kill_group(child)

    def _start(
        self, command: Command, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                message = f"{command.argv[0]} was not started because the run is being stopped"
                raise CommandStartError(message)
            try:
                child = subprocess.Popen(
                    command.argv,
                    cwd=command.cwd,
                    env=dict(command.env),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
            except OSError as error:
                message = f"cannot start {command.argv[0]}: {error.strerror or error}"
                raise CommandStartError(message) from error
            self._children = {known for known in self._children if known.returncode is None} | {child}
        return child

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        _kill_group(child)
        child.wait()
        with self._lock:
            self._children.discard(child)


def _input(data: bytes) -> contextlib.AbstractContextManager[IO[bytes]]:
    if not data:
        return open(os.devnull, "rb")  # noqa: PTH123 - a device, not a path of ours
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's ExitStack closes it
    stream.write(data)
    stream.seek(0)
    return stream


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _wait(child: subprocess.Popen[bytes], timeout: float | None) -> bool:
    """Wait until ``child`` has ended, without reaping it, so that its process group is still certain to be its own."""
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # not Linux, or a kernel before 5.3
        return _wait_polling(child, timeout)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _LONGEST_POLL if deadline is None else deadline - time.monotonic()
            if poll.poll(max(0, min(left, _LONGEST_POLL)) * 1000):
                return True
            if left <= 0:
                return False
    finally:
        os.close(descriptor)


def _wait_polling(child: subprocess.Popen[bytes], timeout: float | None) -> bool:
    deadline = None if timeout is None else time.monotonic() + timeout
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if deadline is not None and time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End the whole group, so that nothing a backend left behind goes on; before reaping, its id is still its own."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)


def become(command: Command) -> NoReturn:
    """Let ``command`` take the place of this process: its output, input and exit code are this one's.

    :raises CommandStartError: it could not be started.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.chdir(command.cwd)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that would be inherited
        os.execvpe(command.argv[0], command.argv, dict(command.env))  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise CommandStartError(f"cannot start {command.argv[0]}: {error.strerror or error}") from error


def inherited_environment() -> dict[str, str]:
    """Return a copy of the environment that this process was started with."""
    return dict(os.environ)
