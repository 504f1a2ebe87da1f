"""One bound on all that runs at a time, however many builds run side by side and whatever each of them starts.

All builds share one GNU make jobserver, which newer build tools join by themselves. What does not know jobservers gets
its share as a fixed number. What each tool does is written down in ``docs/decisions/0005-jobserver.md``.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files, temporaries
from pep517_multi.backends.build_tools import MAKE, NINJA, ToolVersions
from pep517_multi.backends.job_tokens import LARGEST, TokenPool, borrowed, inherited_pipe
from pep517_multi.backends.makeflags import with_jobserver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from pep517_multi.backends.environments import Environment, Environments
    from pep517_multi.interpreters.interpreter import Interpreter


class Jobserver:
    """The jobserver of a run: the one that was handed down to multibuild (``make -j``, a packaging host), else its own.

    A context manager, entered once; between, it may be used from several threads.
    """

    def __init__(
        self, jobs: int, *, environ: Mapping[str, str], versions: ToolVersions, sandboxed: bool = False
    ) -> None:
        """Describe it.

        :param jobs: how many processes may run at a time, where no jobserver was handed down.
        :param environ: the environment of multibuild.
        :param versions: what build tools say of themselves.
        :param sandboxed: builds do not see this process, nor a pipe that has a path only below it.
        """
        self.jobs = min(jobs, LARGEST)
        self._sandboxed = sandboxed
        self._environ = environ
        self._versions = versions
        self._resources = contextlib.ExitStack()
        self._commands: dict[tuple[str, int], Path] = {}
        self._lock = threading.Lock()
        self._lending = threading.Condition()
        self._lent = 0
        self._waiting = 0
        self._is_closing = False

    def __enter__(self) -> Self:
        """Open it.

        :raises FileError: a pipe cannot be made or opened.
        """
        with files.explained("open a jobserver"), contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(temporaries.scratch("jobs", top=_folder()))
            inherited = inherited_pipe(self._environ)
            if inherited is None:
                # multibuild does nothing but wait: the token that is its own is for the first of its builds
                self._pool = TokenPool(self._new_pipe(), filled=self.jobs - 1)
            elif self._sandboxed and inherited.is_relative_to("/proc"):
                tokens = stack.enter_context(borrowed(inherited, self.jobs - 1))
                self._pool = TokenPool(self._new_pipe(), filled=tokens)
            else:
                self._pool = TokenPool(inherited)
            stack.callback(self._pool.close)
            self._resources = stack.pop_all()
        return self

    def _new_pipe(self) -> Path:
        pipe = self._folder / "tokens"
        os.mkfifo(pipe, 0o600)
        return pipe

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, once all that :meth:`spare` gave has come back; no build runs any more."""
        with self._lending:
            self._is_closing = True
            self._lending.wait_for(lambda: not self._lent)
        self._resources.close()

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Hold the token of one build, waiting for it while there is none."""
        token = self._acquired()
        try:
            yield
        finally:
            self._pool.release(token)

    def _acquired(self) -> bytes:
        with self._lending:
            self._waiting += 1
        try:
            return self._pool.acquire()
        finally:
            with self._lending:
                self._waiting -= 1

    @contextlib.contextmanager
    def spare(self) -> Iterator[bool]:
        """Hold a token if there is one at once for which no build waits, until this is closed; gives whether it is so.

        Whoever has just given one back would else be the first to have it again.
        """
        with self._lending:
            token = None if self._is_closing or self._waiting else self._pool.try_acquire()
            self._lent += token is not None
        try:
            yield token is not None
        finally:
            if token is not None:
                with self._lending:
                    self._pool.release(token)
                    self._lent -= 1
                    self._lending.notify_all()

    def bound(self, environ: Mapping[str, str], *, builds: int) -> dict[str, str]:
        """Return the environment of hooks with what keeps all that they start within the bound.

        :param environ: the complete environment of hooks; the tools that they will find are looked up on its ``PATH``.
        :param builds: how many builds run side by side, this one included.
        """
        bound = dict(environ) | {"MAKEFLAGS": self._makeflags(environ)}
        ninja = NINJA.find(environ)
        if self._versions.takes_part(NINJA if ninja else MAKE, environ):
            return bound
        share = max(1, self.jobs // builds)
        bound.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(share))
        if ninja and (command := self._with_share(ninja, share)):
            bound.setdefault("NINJA", command)
        return bound

    def _makeflags(self, environ: Mapping[str, str]) -> str:
        jobs = self.jobs if self._versions.takes_part(MAKE, environ) else None
        return with_jobserver(environ.get("MAKEFLAGS", ""), str(self._pool.pipe), jobs=jobs)

    def _with_share(self, ninja: str, share: int) -> str | None:
        """Write a command that is ``ninja`` with another number of jobs unless told one; ``None`` where none may run.

        meson and meson-python take no options of ninja from the environment, but the command.
        """
        with self._lock, files.explained("write a command"):
            path = self._commands.get((ninja, share))
            if path is None:
                path = self._folder / str(len(self._commands)) / Path(ninja).name
                files.write_whole(path, f'#!/bin/sh\nexec {shlex.quote(ninja)} -j {share} "$@"\n'.encode())
                path.chmod(0o700)
                self._commands[ninja, share] = path
        return str(path) if os.access(path, os.X_OK) else None  # not where the file system is mounted noexec


@dataclass(frozen=True)
class BoundEnvironments:
    """Environments whose hooks stay within the bound of a jobserver.

    :param builds: how many builds run side by side.
    """

    environments: Environments
    jobserver: Jobserver
    builds: int

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """See :meth:`Environments.prepare`."""
        environment = self.environments.prepare(interpreter, requires, log=log)
        return replace(environment, environ=self.jobserver.bound(environment.environ, builds=self.builds))


def _folder() -> Path | None:
    """Return where the pipe goes: words of ``MAKEFLAGS`` have no blanks. ``None`` is the usual place."""
    blanks = any(map(str.isspace, tempfile.gettempdir()))
    return Path("/tmp") if blanks else None  # noqa: S108 - a folder of our own is made in it
