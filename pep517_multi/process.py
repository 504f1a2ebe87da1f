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

from pep517_multi import interrupts
from pep517_multi.containment import Keeping, LogWriter, Redaction
from pep517_multi.containment.output import LOG_LIMIT
from pep517_multi.errors import MultibuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from typing_extensions import Self

_POLL_SECONDS = 0.02
_KEEPER_SECONDS = 1.5  # what a keeper has to end everything, before it is ended itself
_PIECE = 1 << 16
_LONGEST_ANSWER = 64 << 20  # bytes of a captured stream that are read
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
    :param log: where standard output and error are appended, without secrets; without it both are captured.
    :param stdin: bytes given on standard input; empty means end-of-file at once.
    :param contained: it is code of strangers: whatever it starts is ended when it ends, other sessions too.
    :param umask: of the process; -1 leaves it as it is.
    :param reads: what it has to see besides what :attr:`argv` and ``PATH`` name, where a runner hides what it can.
    :param writes: what it has to write to, where a runner forbids to write elsewhere.
    :param started: is called as soon as it runs, by the thread that waits for it.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float | None = None
    log: Path | None = None
    stdin: bytes = b""
    contained: bool = False
    umask: int = -1
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    started: Callable[[], None] | None = None


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
    """Runs commands on this machine, each in a process group of its own that ends with it.

    :param redact: hides secrets in what goes to logs.
    :param log_limit: bytes that one command may write to its log before the rest, but for its end, is left out.
    """

    redact: Redaction = field(default_factory=lambda: Redaction(dict(os.environ)))
    log_limit: int = LOG_LIMIT
    _children: set[_Running] = field(default_factory=set)
    _idle: set[Begun] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def run(self, command: Command) -> Completed:
        """See :meth:`Runner.run`."""
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            stdin = stack.enter_context(_input(command.stdin))
            if command.log is not None:
                piped = stack.enter_context(_Piped(stack.enter_context(self._writer(command.log))))
                child = self._start(command, stdin=stdin, stdout=piped.writing, stderr=piped.writing)
                self._finish(child, command, piped)
                return Completed(child.returncode, time.monotonic() - started)
            out = stack.enter_context(tempfile.TemporaryFile())
            err = stack.enter_context(tempfile.TemporaryFile())
            child = self._start(command, stdin=stdin, stdout=out, stderr=err)
            self._finish(child, command, None)
            return Completed(child.returncode, time.monotonic() - started, _content(out), _content(err))

    def begin(self, command: Command) -> Begun:
        """Start ``command``, which waits for its standard input: :meth:`finish` has that, the log and the limit.

        :raises CommandStartError: it could not be started.
        """
        with contextlib.ExitStack() as stack:
            piped = stack.enter_context(_Piped(None))
            reading, writing = os.pipe()
            stack.callback(os.close, writing)
            try:
                child = self._start(command, stdin=reading, stdout=piped.writing, stderr=piped.writing)
            finally:
                os.close(reading)
            begun = Begun(child, piped, writing, stack.pop_all())
        with self._lock:
            self._idle.add(begun)
        return begun

    def finish(self, begun: Begun, command: Command, log: Path) -> Completed:
        """Let what was begun go on with the input and the limit of ``command``, as :meth:`run` would have it.

        :raises CommandTimeoutError: as :meth:`run` does.
        :raises CommandStartError: it was ended meanwhile, with all that runs.
        """
        started = time.monotonic()
        with self._lock:
            if begun not in self._idle:
                message = f"{command.argv[0]} was not called because the run is being stopped"
                raise CommandStartError(message)
            self._idle.remove(begun)
        with begun.resources as stack:
            begun.piped.writer = stack.enter_context(self._writer(log))
            with contextlib.suppress(BrokenPipeError):  # it has ended, which will be found out
                os.write(begun.stdin, command.stdin)
            self._finish(begun.child, command, begun.piped)
            return Completed(begun.child.returncode, time.monotonic() - started)

    def _writer(self, log: Path) -> LogWriter:
        return LogWriter(log, redact=self.redact, limit=self.log_limit)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """See :meth:`Runner.spawn`."""
        with contextlib.ExitStack() as stack:
            err: IO[bytes] | int = subprocess.DEVNULL
            if command.log is not None:
                err = stack.enter_context(command.log.open("ab"))
            return self._start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err).process

    def close(self) -> None:
        """End every command that still runs, with all its children; nothing can be started afterwards."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            child.stop()
        deadline = time.monotonic() + _KEEPER_SECONDS
        for child in children:
            child.kill(after=deadline - time.monotonic())
        with self._lock:  # others may be closing it, too
            idle, self._idle = self._idle, set()
        for begun in idle:  # nobody else waits for these
            begun.close()

    def _finish(self, child: _Running, command: Command, piped: _Piped | None) -> None:
        """Wait for ``child`` to its end or to its limit; in any case it is gone afterwards, and all that it started."""
        try:
            if command.started is not None:
                command.started()
            in_time = _wait(child.process, command.timeout, piped)
        finally:
            child.stop()
            if child.keeping is not None:
                _wait(child.process, _KEEPER_SECONDS, piped)
            child.kill(after=0)
            child.process.wait()
            if piped is not None:
                piped.drain()
            with self._lock:
                self._children.discard(child)
            child.close()
        if child.problem is not None:
            raise CommandStartError(f"cannot start {command.argv[0]}: {os.strerror(child.problem)}")
        if piped is not None and piped.writer is not None and child.left:
            what = "1 process that it left behind was" if child.left == 1 else f"{child.left} processes it left were"
            piped.writer.write(f"# {what} ended\n".encode())
        if not in_time:
            message = f"{command.argv[0]} was still running after {command.timeout:g} seconds and was stopped"
            raise CommandTimeoutError(message)

    def _start(
        self, command: Command, *, stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: IO[bytes] | int
    ) -> _Running:
        # An interrupt between the start of a process and the note that it runs would leave it behind.
        with interrupts.deferred(), self._lock, contextlib.ExitStack() as stack:
            if self._closed:
                message = f"{command.argv[0]} was not started because the run is being stopped"
                raise CommandStartError(message)
            keeping = None
            if command.contained:
                keeping = Keeping.of(command.argv, cwd=command.cwd, environ=command.env)
                stack.callback(keeping.started)
            try:
                process = subprocess.Popen(
                    keeping.argv if keeping else command.argv,
                    cwd="/" if keeping else command.cwd,
                    env=None if keeping else dict(command.env),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    umask=command.umask,
                    start_new_session=True,
                    pass_fds=keeping.passed if keeping else (),
                )
            except OSError as error:
                if keeping is not None:
                    keeping.close()
                message = f"cannot start {command.argv[0]}: {error.strerror or error}"
                raise CommandStartError(message) from error
            child = _Running(process, keeping)
            self._children = {known for known in self._children if known.process.returncode is None} | {child}
        return child


@dataclass(eq=False)
class _Running:
    """A process that was started, and its keeper's door if it is one; what is known of it when it has ended."""

    process: subprocess.Popen[bytes]
    keeping: Keeping | None
    problem: int | None = None
    left: int = 0
    returncode: int = 0

    def stop(self) -> None:
        """End it with its group, or ask its keeper to end it with all that it started."""
        if self.keeping is not None and self.process.returncode is None:
            self.keeping.stop()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.process.pid, signal.SIGCONT)  # in case that somebody stopped the keeper
        else:
            end_group(self.process)

    def kill(self, *, after: float) -> None:
        """End what still runs after so many seconds, the keeper too."""
        if self.process.returncode is None and not _wait(self.process, max(0, after), None):
            end_group(self.process)
            self._end_orphan()

    def close(self) -> None:
        """Take down how it ended; :attr:`process` has been waited for."""
        self.returncode = self.process.returncode
        if self.keeping is None:
            return
        self.problem = self.keeping.problem
        if self.keeping.ended is not None:
            self.returncode, self.left = self.keeping.ended
        elif self.problem is None:  # somebody ended the keeper, and whatever else it was brought to say
            self._end_orphan()
            self.returncode = self.returncode or -signal.SIGKILL
        self.keeping.close()

    def _end_orphan(self) -> None:
        """End the group of a command that has lost its keeper."""
        leader = self.keeping.leader if self.keeping is not None else None
        if leader is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)


@dataclass(eq=False)
class Begun:
    """A command that waits for its standard input, which is a line, to be finished by whom it was begun."""

    child: _Running
    piped: _Piped
    stdin: int
    resources: contextlib.ExitStack

    def close(self) -> None:
        """Let go of a command that will not be finished, and was ended."""
        self.child.process.wait()
        self.child.close()
        self.resources.close()


class _Piped:
    """A pipe whose other end a command writes to, on the way to ``writer``; without one, nothing is taken yet."""

    def __init__(self, writer: LogWriter | None) -> None:
        self.writer = writer
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.reading)
        os.close(self.writing)

    def take(self) -> bool:
        """Take what has come; whether there was something."""
        try:
            data = os.read(self.reading, _PIECE)
        except BlockingIOError:
            return False
        if self.writer is not None:
            self.writer.write(data)
        return bool(data)

    def drain(self) -> None:
        """Take all that has come: whoever could write more is gone, or is not waited for."""
        for _ in range(_LONGEST_ANSWER // _PIECE):
            if not self.take():
                break


def _input(data: bytes) -> contextlib.AbstractContextManager[IO[bytes]]:
    if not data:
        return open(os.devnull, "rb")  # noqa: PTH123 - a device, not a path of ours
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's ExitStack closes it
    stream.write(data)
    stream.seek(0)
    return stream


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read(_LONGEST_ANSWER)


def _wait(child: subprocess.Popen[bytes], timeout: float | None, piped: _Piped | None) -> bool:
    """Wait until ``child`` has ended, without reaping it, so that its process group is still certain to be its own.

    What comes through ``piped`` meanwhile is taken.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    poll = select.poll()
    if piped is not None:
        poll.register(piped.reading, select.POLLIN)
    with contextlib.ExitStack() as stack:
        longest: float = _LONGEST_POLL
        try:
            ended = os.pidfd_open(child.pid)
            stack.callback(os.close, ended)
            poll.register(ended, select.POLLIN)
        except (AttributeError, OSError):  # not Linux, or a kernel before 5.3
            ended, longest = -1, _POLL_SECONDS
        while True:
            left = longest if deadline is None else deadline - time.monotonic()
            ready = {descriptor for descriptor, _ in poll.poll(max(0, min(left, longest)) * 1000)}
            if piped is not None and piped.reading in ready:
                piped.take()
            if ended in ready or (ended < 0 and _has_ended(child)):
                return True
            if left <= 0:
                return False


def ends_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until ``child`` has ended, or for some seconds; it is still to be waited for afterwards."""
    return _wait(child, seconds, None)


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    except ChildProcessError:  # another thread has waited for it
        return True


def end_group(child: subprocess.Popen[bytes]) -> None:
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
    """Return a copy of the environment that this process was started with.

    Its ``PATH`` names absolute folders alone: an empty entry or a dot would be whatever folder a command runs in, such
    as a source tree.
    """
    environ = dict(os.environ)
    if "PATH" in environ:
        entries = [entry for entry in environ["PATH"].split(os.pathsep) if os.path.isabs(entry)]  # noqa: PTH117 - text
        environ["PATH"] = os.pathsep.join(entries) or os.defpath
    return environ
