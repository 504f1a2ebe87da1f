"""A conversation with one process of a target that compiles files; nobody waits for it for ever."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from typing import IO, TYPE_CHECKING, Any, cast

from pep517_multi.errors import StagingError
from pep517_multi.process import end_group, ends_within

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - the type of what Runner.spawn returns
    from collections.abc import Iterator, Mapping, Sequence

    from pep517_multi.process import Command, Runner

SECONDS = 120.0
_BYTES_A_SECOND = 4096
"""What even an emulated machine compiles in a second; a usual one compiles a hundred times as much."""
_GOODBYE_SECONDS = 5
_PIECE = 1 << 16


class _TooLongError(Exception):
    """It was still compiling when its time was over."""


class Worker:
    """A process of a target that compiles what it is asked to; started when first needed.

    :param seconds: what one file may take, and some more for each KiB that it is long.
    """

    def __init__(self, runner: Runner, command: Command, name: str, *, seconds: float) -> None:
        self._runner = runner
        self._command = command
        self._name = name
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._said = b""

    def start(self) -> None:
        """Start the process, unless it runs.

        :raises CommandStartError: it cannot be started.
        """
        if self._process is None:
            self._said = b""
            self._process = self._runner.spawn(self._command)
            if self._killed:
                end_group(self._process)

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the process is through with its start, or has ended, for so many seconds at most."""
        if self._process is not None:
            poll = select.poll()
            poll.register(_pipes(self._process)[1], select.POLLIN)
            poll.poll(seconds * 1000)

    def ask(
        self, requests: Sequence[Mapping[str, object]], *, seconds: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the answer to each of ``requests``, which are a few and small enough for the buffer of a pipe.

        If the process dies of a request, a new one gets a second chance, and is asked all that was not answered.

        :param seconds: what one file may take, instead of what is usual.
        :raises StagingError: that one died of it, too, or a file takes too long.
        """
        answered = 0
        failed = -1
        while answered < len(requests):
            try:
                for answer in self._exchange(requests[answered:], self._seconds if seconds is None else seconds):
                    answered += 1
                    yield answer
            except _TooLongError as error:
                self._end()
                raise self._failed(f"was still busy after {error} seconds", requests[answered]) from error
            if answered == len(requests):
                return
            status = self.close()
            if self._killed or failed == answered:
                raise self._failed(_told(status), requests[answered])
            failed = answered

    def kill(self) -> None:
        """End the process; it will not be started again."""
        self._killed = True
        if self._process is not None:
            end_group(self._process)

    def let_go(self) -> None:
        """Let the process end; nobody waits for that before :meth:`close`."""
        for pipe in _pipes(self._process) if self._process is not None else ():
            with contextlib.suppress(OSError):  # whatever is wrong with it: it is not used any more
                pipe.close()

    def close(self) -> int | None:
        """Wait until the process has ended; return its status."""
        self.let_go()
        process, self._process = self._process, None
        if process is None:
            return None
        ends_within(process, _GOODBYE_SECONDS)
        end_group(process)  # also what it has started
        return process.wait()

    def _end(self) -> None:
        if self._process is not None:
            end_group(self._process)
        self.close()

    def _failed(self, how: str, request: Mapping[str, object]) -> StagingError:
        by_hand = f"{self._command.argv[0]} -m py_compile {request['path']}"
        return StagingError(f"{self._name} {how} while it compiled {request['name']}; try it by hand: {by_hand}")

    def _exchange(self, requests: Sequence[Mapping[str, object]], seconds: float) -> Iterator[dict[str, Any]]:
        """Yield answers, one for each request or fewer where the process ends."""
        self.start()
        stdin, stdout = _pipes(cast("subprocess.Popen[bytes]", self._process))
        try:
            stdin.write(b"".join(json.dumps(request).encode() + b"\n" for request in requests))
            stdin.flush()
        except BrokenPipeError:
            return
        for request in requests:
            limit = seconds + _size(request) / _BYTES_A_SECOND
            deadline = time.monotonic() + limit
            said = self._line(stdout, deadline, limit)
            while said and not (said.startswith(b"\x1e{") and said.endswith(b"\x1e")):
                said = self._line(stdout, deadline, limit)
            if not said:
                return
            answer: dict[str, Any] = json.loads(said.strip(b"\x1e"))
            yield answer

    def _line(self, stdout: IO[bytes], deadline: float, limit: float) -> bytes:
        """Return the next line that is not empty, without its end; nothing where there will be none."""
        poll = select.poll()
        poll.register(stdout, select.POLLIN)
        while True:
            line, found, rest = self._said.partition(b"\n")
            if found:
                self._said = rest
                if line:
                    return line
                continue
            if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
                raise _TooLongError(f"{limit:.0f}")
            more = os.read(stdout.fileno(), _PIECE)
            if not more:
                return b""
            self._said += more


def _told(status: int | None) -> str:
    return f"was ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"


def _size(request: Mapping[str, object]) -> int:
    try:
        return os.stat(str(request["path"])).st_size  # noqa: PTH116 - once for each file of a root
    except OSError:
        return 0


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return standard input and output of ``process``; :meth:`Runner.spawn` promises pipes."""
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
