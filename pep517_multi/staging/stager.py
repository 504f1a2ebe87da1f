"""Wheels into staging roots: checked once, installed side by side, compiled by their targets."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi import events, files
from pep517_multi.errors import UsageError
from pep517_multi.staging import roots
from pep517_multi.staging.bytecode import Compiler, Module
from pep517_multi.staging.stripping import is_left_out, strip
from pep517_multi.wheels.identity import identity
from pep517_multi.wheels.validation import Demands, validated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pep517_multi.events import Observer
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.staging.bytecode import Batch, Turn
    from pep517_multi.staging.destination import Written
    from pep517_multi.staging.drafts import Drafts
    from pep517_multi.staging.layout import Layout
    from pep517_multi.staging.wheel_source import OpenWheels

_WAITING_ROOTS = 64  # threads that hold a root each, most of them waiting for bytecode


@dataclass(frozen=True)
class StageRequest:
    """Install ``wheels`` for ``interpreter`` into a staging root; what was at ``root`` before is replaced.

    :param owned: ``root`` lies where only multibuild writes, so what is there needs not look like an earlier root.
    """

    interpreter: Interpreter
    wheels: tuple[Path, ...]
    root: Path
    layout: Layout
    owned: bool = False


@dataclass(frozen=True)
class Staged:
    """A staging root that is complete.

    :param files: how many files it holds, bytecode included.
    :param install_seconds: wall time of checking and writing.
    :param bytecode_seconds: wall time of compiling, in which other roots were compiled, too.
    :param not_compiled: for each file that is no valid Python for the target one sentence: path, reason.
    """

    root: Path
    files: int
    install_seconds: float
    bytecode_seconds: float
    not_compiled: tuple[str, ...]


class Stager:
    """Stages any number of requests at once; leaving its context waits for all, or stops all if an error leaves it.

    :param environ: what target processes get, and where ``SOURCE_DATE_EPOCH`` is looked for.
    :param jobs: how many targets compile at a time, over all requests.
    :param demands: what wheels have to be besides what every wheel has to be.
    :raises UsageError: ``SOURCE_DATE_EPOCH`` is no number.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        environ: Mapping[str, str],
        jobs: int,
        observer: Observer = events.ignore,
        demands: Demands | None = None,
    ) -> None:
        self._demands = demands or Demands()
        self._moment = _source_date_epoch(environ)
        self._observer = observer
        self._compiler = Compiler(runner=runner, environ=environ, jobs=jobs)
        self._executor = ThreadPoolExecutor(_WAITING_ROOTS, thread_name_prefix="stage")
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="ready")  # nobody waits for it in the end
        self._installing = threading.BoundedSemaphore(max(1, jobs))
        self._checks: dict[tuple[object, ...], Future[Path]] = {}
        self._lock = threading.Lock()
        self._open: OpenWheels | None = None
        self._imports: Future[None] | None = None

    def __enter__(self) -> Stager:  # noqa: PYI034 - typing.Self is of Python 3.11
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._compiler.stop_drafting()
        try:
            if kind is None:
                self._executor.shutdown(wait=True)
        finally:  # also where waiting was interrupted
            self._compiler.close(abort=True)
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._beside.shutdown(wait=True, cancel_futures=True)
            if self._open is not None:
                self._open.close()

    def submit(self, request: StageRequest) -> Future[Staged]:
        """Begin; the result is there when the root is.

        The future's errors are :class:`~pep517_multi.errors.IntegrityError` (a wheel is not what it says),
        :class:`~pep517_multi.errors.UsageError` (the layout makes no sense for the target),
        :class:`~pep517_multi.errors.StagingError` and :class:`~pep517_multi.files.FileError`; the root is then what
        it was before.
        """
        return self._executor.submit(self._stage, request)

    def expect(
        self,
        interpreters: Iterable[Interpreter],
        layout: Layout,
        *,
        drafts: Drafts | None = None,
        turn: Turn | None = None,
    ) -> None:
        """Get ready to compile for ``interpreters``, beside whatever goes on until their requests come.

        :param drafts: what is compiled meanwhile.
        :param turn: a context that gives whether a processor is free; nothing is compiled while none is.
        """
        self._compiler.turn = turn or self._compiler.turn
        everyone = tuple(interpreters) if layout.levels else ()
        self._imports = self._beside.submit(_import_what_installs)
        self._beside.submit(self._get_ready, everyone, layout, drafts)

    def _get_ready(self, interpreters: tuple[Interpreter, ...], layout: Layout, drafts: Drafts | None) -> None:
        self._compiler.expect(interpreters)
        if drafts is not None:
            with ThreadPoolExecutor(drafts.at_once, thread_name_prefix="draft") as executor:
                for interpreter in interpreters:
                    executor.submit(self._compiler.draft, interpreter, drafts, layout=layout)

    def _stage(self, request: StageRequest) -> Staged:
        if self._imports is not None:
            wait([self._imports])  # an import that fails in one thread leaves half a module to others
        impl, layout = request.interpreter.name, request.layout
        began = time.monotonic()
        with roots.new_root(request.root, prefix=layout.prefix, owned=request.owned) as root:
            with ExitStack() as stack:
                batch: Batch | None = None
                if layout.levels:
                    batch = stack.enter_context(self._compiler.batch(request.interpreter, layout=layout))
                with self._installing:
                    names = ", ".join(wheel.name for wheel in request.wheels)
                    self._observer(events.PhaseStarted(impl, "install", names))
                    moment = self._install(request, root, batch)
                    installed = time.monotonic()
                    self._observer(events.PhaseFinished(impl, "install", installed - began))
                if batch is not None:
                    self._observer(events.PhaseStarted(impl, "bytecode"))
            compiled = time.monotonic()
            if batch is not None:
                self._observer(events.PhaseFinished(impl, "bytecode", compiled - installed))
            strip(root, interpreter=request.interpreter, layout=layout)
            with files.explained(f"finish the staging root {request.root}"):
                roots.set_folder_times(root, moment)
                count = roots.count_files(root)
        notes = batch.sentences if batch is not None else ()
        return Staged(request.root, count, installed - began, compiled - installed, notes)

    def _install(self, request: StageRequest, root: Path, batch: Batch | None) -> int:
        """Write all files, and let the modules be compiled meanwhile; return the time of the newest file."""
        from pep517_multi.staging.installation import install_wheel

        def written(file: Written) -> None:
            left_out = is_left_out(file.name, interpreter=request.interpreter, layout=request.layout)
            if batch is not None and file.is_module and not left_out:
                batch.add(Module(root / file.name[1:], file.name, file.size))

        moments = [0]
        for wheel in request.wheels:
            self._check(wheel)
        for wheel in request.wheels:
            installed = install_wheel(
                wheel,
                root,
                interpreter=request.interpreter,
                layout=request.layout,
                moment=self._moment,
                wheels=self._wheels(),
                written=written,
            )
            moments.append(installed.moment)
            if installed.newer_format:
                message = f"{wheel.name} is of the wheel format {installed.newer_format}; it is installed as 1.0 says"
                self._observer(events.Note(message, request.interpreter.name, "warning"))
            if installed.left_out:
                message = f"{wheel.name} brings bytecode, which was left out: {', '.join(installed.left_out)}"
                self._observer(events.Note(message, request.interpreter.name, "warning"))
        return max(moments)

    def _wheels(self) -> OpenWheels:
        from pep517_multi.staging.wheel_source import OpenWheels

        with self._lock:
            self._open = self._open or OpenWheels()
            return self._open

    def _check(self, wheel: Path) -> None:
        """Validate ``wheel``, once however many roots it goes into."""
        key = (wheel, *identity(wheel))
        with self._lock:
            known = self._checks.get(key)
            check = self._checks.setdefault(key, Future())
        if known is None:
            try:
                check.set_result(validated(wheel, self._demands))
            except BaseException as error:  # noqa: BLE001 - raised by result(), here and for all who wait
                check.set_exception(error)
        check.result()


def _import_what_installs() -> None:
    """Import what is needed once there is a wheel, so that nobody waits for it then."""
    from pep517_multi.staging import installation  # noqa: F401
    from pep517_multi.wheels import metadata  # noqa: F401
    from pep517_multi.wheels.validation import members  # noqa: F401


def _source_date_epoch(environ: Mapping[str, str]) -> int | None:
    value = environ.get("SOURCE_DATE_EPOCH", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"SOURCE_DATE_EPOCH is {value!r} in the environment; it must be a whole number of seconds")
    return int(value)
