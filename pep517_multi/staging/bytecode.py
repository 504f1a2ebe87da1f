"""Bytecode, compiled by the targets themselves: a few long-lived processes share all files of all roots."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from pep517_multi.errors import StagingError
from pep517_multi.process import Command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - the type of what Runner.spawn returns
    from collections.abc import Iterable, Mapping

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.staging.layout import Layout

SCRIPT = Path(__file__).with_name("target_compile.py")
_ARGUMENTS = ("-I", "-S", "-B", "-X", "utf8", "-W", "ignore")


@dataclass(frozen=True)
class Module:
    """A file to compile.

    :param path: where it is now.
    :param name: where it will be once installed; this goes into the bytecode.
    :param size: in bytes; large files are compiled first.
    """

    path: Path
    name: str
    size: int


@dataclass
class _Batch:
    """The files of one root, and how far they are. All of it is guarded by the compiler's lock."""

    interpreter: Interpreter
    layout: Layout
    waiting: deque[Module]
    waiting_bytes: int
    workers: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return not self.waiting and not self.workers

    @property
    def share(self) -> float:
        """What would be left for one more worker: the batch with most of it gets the next one."""
        return (self.waiting_bytes + len(self.waiting)) / (self.workers + 1)


class Compiler:
    """Compiles files for any number of interpreters, at most ``jobs`` at a time.

    Each of ``jobs`` threads talks to one process of a target, file by file, until no file of that target is left, and
    then turns to the target with most work left. What is written depends on none of this.
    """

    def __init__(self, *, runner: Runner, environ: Mapping[str, str], jobs: int) -> None:
        self._runner = runner
        self._environ = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
        self._jobs = max(1, jobs)
        self._batches: list[_Batch] = []
        self._threads: list[threading.Thread] = []
        self._workers: set[_Worker] = set()
        self._changed = threading.Condition()
        self._closed = False

    def compile(self, interpreter: Interpreter, modules: Iterable[Module], *, layout: Layout) -> tuple[str, ...]:
        """Compile ``modules`` for the levels of ``layout``; return a sentence for each one that does not compile.

        :raises StagingError: a target died, or could not write.
        """
        ordered = deque(sorted(modules, key=lambda module: (-module.size, module.name)))
        batch = _Batch(interpreter, layout, ordered, sum(module.size for module in ordered))
        with self._changed:
            self._refuse_if_closed()
            self._batches.append(batch)
            self._start_threads(len(ordered))
            self._changed.notify_all()
            self._changed.wait_for(lambda: batch.is_done)
            self._batches.remove(batch)
        if batch.error is not None:
            raise batch.error
        return tuple(f"{name}: {reason}" for name, reason in sorted(batch.notes.items()))

    def close(self, *, abort: bool = False) -> None:
        """Let the threads end once nothing is left to do; with ``abort`` at once, and whoever waits gets an error."""
        with self._changed:
            self._closed = True
            if abort:
                for batch in self._batches:
                    batch.error = batch.error or StagingError("compiling bytecode was stopped")
                    batch.waiting.clear()
                for worker in self._workers:
                    worker.kill()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StagingError("compiling bytecode was stopped")

    def _start_threads(self, files: int) -> None:
        for _ in range(min(self._jobs, len(self._threads) + files) - len(self._threads)):
            thread = threading.Thread(target=self._serve, name="bytecode", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (batch := self._next_batch()) is not None:
            worker = _Worker(self._runner, self._command(batch.interpreter), batch.interpreter.name)
            with self._changed:
                self._workers.add(worker)
            try:
                self._work(worker, batch)
            except BaseException as error:  # noqa: BLE001 - raised again where the batch is waited for
                with self._changed:
                    batch.error = batch.error or error
                    batch.waiting.clear()
            finally:
                worker.close()
                with self._changed:
                    self._workers.discard(worker)
                    batch.workers -= 1
                    self._changed.notify_all()

    def _next_batch(self) -> _Batch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(batch.waiting for batch in self._batches))
            waiting = [batch for batch in self._batches if batch.waiting]
            if not waiting:
                return None
            batch = max(waiting, key=lambda batch: batch.share)
            batch.workers += 1
            return batch

    def _work(self, worker: _Worker, batch: _Batch) -> None:
        while (module := self._take(batch)) is not None:
            request = {
                "path": str(module.path),
                "name": module.name,
                "levels": batch.layout.levels,
                "invalidation": batch.layout.invalidation,
            }
            answer = worker.ask(request)
            if answer["failed"]:
                raise StagingError(f"cannot write bytecode for {batch.interpreter.name}: {answer['failed']}")
            if answer["error"]:
                with self._changed:
                    batch.notes[module.name] = answer["error"]

    def _take(self, batch: _Batch) -> Module | None:
        with self._changed:
            if not batch.waiting:
                return None
            module = batch.waiting.popleft()
            batch.waiting_bytes -= module.size
            return module

    def _command(self, interpreter: Interpreter) -> Command:
        return Command(
            argv=(str(interpreter.executable), *_ARGUMENTS, str(SCRIPT)),
            cwd=SCRIPT.parent,
            env={**self._environ, "LC_ALL": "C.UTF-8"},
        )


class _Worker:
    """A process of a target that compiles what it is asked to; started when first needed."""

    def __init__(self, runner: Runner, command: Command, name: str) -> None:
        self._runner = runner
        self._command = command
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Return the answer; if the process dies of the request, a new one gets a second chance.

        :raises StagingError: that one died, too.
        """
        line = json.dumps(request).encode() + b"\n"
        status: int | None = None
        for _ in range(2):
            answer = self._exchange(line)
            if answer is not None:
                return answer
            status = self.close()
            if self._killed:
                break
        raise StagingError(
            f"{self._name} ended with status {status} while it compiled {request['name']}; "
            f"try it by hand: {self._command.argv[0]} -m py_compile {request['path']}"
        )

    def kill(self) -> None:
        """End the process; it will not be started again."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> int | None:
        """Let the process end; return its status."""
        process, self._process = self._process, None
        if process is None:
            return None
        for pipe in _pipes(process):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return process.wait()

    def _exchange(self, line: bytes) -> dict[str, Any] | None:
        if self._process is None:
            self._process = self._runner.spawn(self._command)
            if self._killed:
                self._process.kill()
        stdin, stdout = _pipes(self._process)
        try:
            stdin.write(line)
            stdin.flush()
        except BrokenPipeError:
            return None
        while said := stdout.readline():
            if said.startswith(b"\x1e") and said.endswith(b"\x1e\n"):
                answer: dict[str, Any] = json.loads(said.strip(b"\x1e\n"))
                return answer
        return None


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return standard input and output of ``process``; :meth:`Runner.spawn` promises pipes."""
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
