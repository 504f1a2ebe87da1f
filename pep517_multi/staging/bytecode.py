"""Bytecode, compiled by the targets themselves: a few long-lived processes share all files of all roots."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.errors import MultibuildError, StagingError
from pep517_multi.process import Command, CommandStartError
from pep517_multi.staging.compiling import SECONDS, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.staging.drafts import Drafts
    from pep517_multi.staging.layout import Layout

SCRIPT = Path(__file__).with_name("target_compile.py")
_ARGUMENTS = ("-I", "-S", "-B", "-X", "utf8", "-W", "ignore")
_REQUEST_BYTES = 32 << 10  # small files travel together, so that neither side waits for the other's turn
_REQUEST_FILES = 16
_DRAFTS_AT_ONCE = 4  # what is begun is finished, even if the wheel has come
_DRAFT_SECONDS = 10.0  # for one that takes as long as it can, and may be one that nobody needs
_START_SECONDS = 0.2
_TURN_SECONDS = 0.02
_WORTH_A_WORKER = 300 << 10  # bytes of source that take several times as long to compile as a process takes to start


Turn: TypeAlias = "Callable[[], contextlib.AbstractContextManager[bool]]"


def _always() -> contextlib.AbstractContextManager[bool]:
    return contextlib.nullcontext(True)  # noqa: FBT003 - given


@dataclass(frozen=True, slots=True)
class Module:
    """A file to compile.

    :param path: where it is now.
    :param name: where it will be once installed; this goes into the bytecode.
    :param size: in bytes; large files are compiled first.
    """

    path: Path
    name: str
    size: int


class Batch:
    """The files of one root: added one by one, compiled meanwhile, waited for at the end.

    Leaving its context waits for all that was added; if an error leaves it, what has not begun is left undone.

    :ivar notes: installed path → why the file does not compile; complete once the context was left.
    """

    def __init__(self, compiler: Compiler, interpreter: Interpreter, layout: Layout) -> None:
        self.interpreter = interpreter
        self.layout = layout
        self.notes: dict[str, str] = {}
        self.workers = 0
        self.error: BaseException | None = None
        self.is_open = True
        self._compiler = compiler
        self._waiting: list[tuple[int, str, Module]] = []  # a heap: the largest first
        self._bytes = 0

    def add(self, module: Module) -> None:
        """Let ``module`` be compiled as soon as a processor is free.

        :raises StagingError: all is being stopped.
        """
        with self._compiler.changed:
            self._compiler.refuse_if_closed()
            if self.error is not None:
                return  # told at the end; the rest would be made in vain
            heapq.heappush(self._waiting, (-module.size, module.name, module))
            self._bytes += module.size
            self._compiler.start_thread()
            self._compiler.changed.notify()

    def __enter__(self) -> Batch:  # noqa: PYI034 - typing.Self is of Python 3.11
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._compiler.changed:
            self.is_open = False
            if kind is not None:
                self.stop(None)
            self._compiler.changed.wait_for(lambda: not self._waiting and not self.workers)
            self._compiler.batches.remove(self)
        self._compiler.dismiss(self.interpreter)
        if kind is None and self.error is not None:
            raise self.error

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for each file that does not compile: path, reason."""
        return tuple(f"{name}: {reason}" for name, reason in sorted(self.notes.items()))

    @property
    def share(self) -> float:
        """What would be left for one more worker: the batch with most of it gets the next one; 0 is not worth one."""
        left = self._bytes + len(self._waiting)
        return left / (self.workers + 1) if not self.workers or left > _WORTH_A_WORKER else 0

    @property
    def is_waiting(self) -> bool:
        """Whether there are files that nobody has begun to compile."""
        return bool(self._waiting)

    def take(self) -> list[Module]:
        """Return the largest files that wait, together not much; none where none wait. For holders of the lock."""
        taken: list[Module] = []
        size = 0
        while self._waiting and size < _REQUEST_BYTES and len(taken) < _REQUEST_FILES:
            module = heapq.heappop(self._waiting)[2]
            self._bytes -= module.size
            size += module.size
            taken.append(module)
        return taken

    def stop(self, error: BaseException | None) -> None:
        """Let nothing begin any more; the first ``error`` is the one that is raised. For holders of the lock."""
        self.error = self.error or error
        self._waiting.clear()
        self._bytes = 0


class Compiler:
    """Compiles files for any number of interpreters, at most ``jobs`` at a time.

    Each of ``jobs`` threads talks to one process of a target until no file of that target is left, and then turns to
    the target with most work left. What is written depends on none of this.

    :param seconds: what a target may take for one file, and some more for a long one.
    :ivar turn: a context in which a moment's work may be done, or not: it gives whether a processor is free.
    """

    def __init__(self, *, runner: Runner, environ: Mapping[str, str], jobs: int, seconds: float = SECONDS) -> None:
        self.turn: Turn = _always
        self._runner = runner
        self._environ = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
        self._jobs = max(1, jobs)
        self._seconds = seconds
        self._threads: list[threading.Thread] = []
        self._workers: set[Worker] = set()
        self._ready: dict[Path, list[Worker]] = {}
        self._leaving: list[Worker] = []
        self._closed = False
        self._drafting = True
        self._drafters = 0
        self._drafts: dict[tuple[object, ...], str] = {}
        self._numbers = itertools.count()
        self.batches: list[Batch] = []
        self.changed = threading.Condition()

    def expect(self, interpreters: Iterable[Interpreter]) -> None:
        """Start a process of each of ``interpreters``, in turn, to be at hand when there are files to compile.

        One that cannot be started is nothing to worry about yet.
        """
        for interpreter in interpreters:
            while not self._closed and not self._has_process(interpreter):
                with self.turn() as is_free:
                    if is_free:
                        self._start_process(interpreter)
                        break
                self._await_turn(lambda: self._closed)

    def _has_process(self, interpreter: Interpreter) -> bool:
        with self.changed:
            busy = any(one.workers for one in self.batches if one.interpreter.executable == interpreter.executable)
            return busy or interpreter.executable in self._ready

    def _start_process(self, interpreter: Interpreter) -> None:
        worker = self._new_worker(interpreter)
        with contextlib.suppress(CommandStartError):
            worker.start()
            worker.wait_until_ready(_START_SECONDS)  # the build that goes on meanwhile needs its processor
        with self.changed:
            needed = not self._closed
            if needed:
                self._ready.setdefault(interpreter.executable, []).append(worker)
                self._workers.add(worker)
        if not needed:
            worker.close()

    def _await_turn(self, is_needless: Callable[[], bool]) -> None:
        with self.changed:
            self.changed.wait_for(is_needless, _TURN_SECONDS)

    def draft(self, interpreter: Interpreter, drafts: Drafts, *, layout: Layout) -> None:
        """Compile ``drafts`` for an interpreter that is expected, until all are made or the first batch begins.

        Whatever goes wrong is nothing to worry about: what has no draft is compiled when it is there.
        """
        library = layout.paths(interpreter, distribution="")[drafts.library(interpreter)]
        waiting = ((source, f"{library}/{place}") for source, place in drafts.modules(interpreter))
        folder = drafts.folder / interpreter.name
        with self._drafting_worker(interpreter) as worker:
            if worker is None:
                return
            some = tuple(itertools.islice(waiting, _DRAFTS_AT_ONCE))
            while some and self._drafting:
                with self.turn() as is_free:
                    if is_free:
                        goes_on = self._draft(worker, interpreter, some, folder=folder, layout=layout)
                        some = tuple(itertools.islice(waiting, _DRAFTS_AT_ONCE)) if goes_on else ()
                if not is_free:
                    self._await_turn(lambda: not self._drafting)

    @contextlib.contextmanager
    def _drafting_worker(self, interpreter: Interpreter) -> Iterator[Worker | None]:
        """Lend a process that has nothing to do, if there is one; an error of the block is the end of it, no more."""
        with self.changed:
            idle = self._ready.get(interpreter.executable)
            worker = idle.pop() if idle and self._drafting else None
            self._drafters += 1
        try:
            yield worker
        except MultibuildError:
            if worker is not None:
                worker.close()
        finally:
            with self.changed:
                if worker is not None:
                    self._ready.setdefault(interpreter.executable, []).append(worker)
                self._drafters -= 1
                self.changed.notify_all()

    def _draft(
        self,
        worker: Worker,
        interpreter: Interpreter,
        files: Sequence[tuple[str, str]],
        *,
        folder: Path,
        layout: Layout,
    ) -> bool:
        """Compile copies of ``files``. Each has a path of its own, for several may be expected at one place.

        :returns: whether all could be read and written; if not, the build may need what room is left.
        """
        common = {"levels": layout.levels, "invalidation": layout.invalidation}
        requests = [
            {"path": f"{folder}/{next(self._numbers)}.py", "name": name, "source": source, **common}
            for source, name in files
        ]
        answers = list(worker.ask(requests, seconds=_DRAFT_SECONDS))
        for request, answer in zip(requests, answers, strict=True):
            if not answer["failed"] and not answer["error"]:
                self._drafts.setdefault(_kind(interpreter, layout, str(request["name"])), str(request["path"]))
        return not any(answer["failed"] for answer in answers)

    def stop_drafting(self) -> None:
        """Let what was expected not be waited for any more."""
        with self.changed:
            self._drafting = False
            self.changed.notify_all()

    def batch(self, interpreter: Interpreter, *, layout: Layout) -> Batch:
        """Begin to compile files of ``interpreter`` for the levels of ``layout``; use it as a context.

        The context raises :class:`~pep517_multi.errors.StagingError` where a target died, or could not write.
        """
        batch = Batch(self, interpreter, layout)
        self.stop_drafting()
        with self.changed:
            self.refuse_if_closed()
            self.batches.append(batch)
        return batch

    def compile(self, interpreter: Interpreter, modules: Iterable[Module], *, layout: Layout) -> tuple[str, ...]:
        """Compile ``modules`` for the levels of ``layout``; return a sentence for each one that does not compile.

        :raises StagingError: a target died, or could not write.
        """
        with self.batch(interpreter, layout=layout) as batch:
            for module in modules:
                batch.add(module)
        return batch.sentences

    def close(self, *, abort: bool = False) -> None:
        """Let the threads end once nothing is left to do; with ``abort`` at once, and whoever waits gets an error."""
        with self.changed:
            self._closed = True
            self._drafting = False
            if abort:
                for batch in self.batches:
                    batch.stop(StagingError("compiling bytecode was stopped"))
                for worker in self._workers:
                    worker.kill()
            self.changed.notify_all()
        for thread in self._threads:
            thread.join()
        with self.changed:
            self.changed.wait_for(lambda: not self._drafters)
        for worker in self._workers:
            worker.close()

    def dismiss(self, interpreter: Interpreter) -> None:
        """Let the processes of ``interpreter`` end that have nothing to do, unless another batch may need them."""
        with self.changed:
            if any(batch.interpreter.executable == interpreter.executable for batch in self.batches):
                return
            idle = self._ready.pop(interpreter.executable, [])
            self._leaving += idle
        for worker in idle:
            worker.let_go()

    def refuse_if_closed(self) -> None:
        """Raise an error if all is being stopped. For holders of the lock."""
        if self._closed:
            raise StagingError("compiling bytecode was stopped")

    def start_thread(self) -> None:
        """Start one more thread, up to ``jobs``. For holders of the lock."""
        if len(self._threads) < self._jobs:
            thread = threading.Thread(target=self._serve, name="bytecode", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self) -> None:
        while (found := self._next_batch()) is not None:
            batch, worker, leaving = found
            try:
                for one in leaving:  # there are never more processes than jobs
                    one.close()
                self._work(worker, batch)
            except BaseException as error:  # noqa: BLE001 - raised again where the batch is waited for
                with self.changed:
                    batch.stop(error)
            finally:
                self._put_back(worker, batch)

    def _put_back(self, worker: Worker, batch: Batch) -> None:
        """Keep a process at hand as long as files are still being added; else let it end."""
        with self.changed:
            keep = batch.is_open and not self._closed
            if keep:
                self._ready.setdefault(batch.interpreter.executable, []).append(worker)
            else:
                worker.let_go()
                self._leaving.append(worker)
            batch.workers -= 1
            self.changed.notify_all()

    def _next_batch(self) -> tuple[Batch, Worker, list[Worker]] | None:
        """Wait for work; return a batch, who shall do it, and who must have gone before. ``None``: there is no more."""
        with self.changed:
            self.changed.wait_for(lambda: self._closed or any(batch.share for batch in self.batches))
            batch = max(self.batches, key=lambda batch: batch.share, default=None)
            if batch is None or not batch.share:
                return None
            batch.workers += 1
            idle = self._ready.get(batch.interpreter.executable)
            if idle:
                return batch, idle.pop(), []
            worker = self._new_worker(batch.interpreter)
            self._workers.add(worker)
            leaving, self._leaving = self._leaving, []
        return batch, worker, leaving

    def _work(self, worker: Worker, batch: Batch) -> None:
        while batch.is_waiting:
            with self.turn() as is_free:
                if is_free:
                    self._compile_some(worker, batch)
            if not is_free:
                self._await_turn(lambda: not batch.is_waiting)

    def _compile_some(self, worker: Worker, batch: Batch) -> None:
        common = {"levels": batch.layout.levels, "invalidation": batch.layout.invalidation}
        with self.changed:
            modules = batch.take()
        requests = [
            {"path": str(module.path), "name": module.name, **common, **self._drafted(batch, module)}
            for module in modules
        ]
        for module, answer in zip(modules, worker.ask(requests), strict=True):
            if answer["failed"]:
                raise StagingError(f"cannot write bytecode for {batch.interpreter.name}: {answer['failed']}")
            if answer["error"]:
                batch.notes[module.name] = answer["error"]

    def _drafted(self, batch: Batch, module: Module) -> dict[str, str]:
        """Return the draft of a module, if there is one: to one who asks, for what it is needed for uses it up."""
        draft = self._drafts.pop(_kind(batch.interpreter, batch.layout, module.name), None)
        return {"draft": draft} if draft else {}

    def _new_worker(self, interpreter: Interpreter) -> Worker:
        command = Command(
            argv=(str(interpreter.executable), *_ARGUMENTS, str(SCRIPT)),
            cwd=SCRIPT.parent,
            env={**self._environ, "LC_ALL": "C.UTF-8"},
        )
        return Worker(self._runner, command, interpreter.name, seconds=self._seconds)


def _kind(interpreter: Interpreter, layout: Layout, name: str) -> tuple[object, ...]:
    """Return all that bytecode depends on besides the content of its source, and the time of that."""
    return interpreter.executable, layout.levels, layout.invalidation, name
