"""Fresh build environments, made of the target with uv, or with virtualenv and pip."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pep517_multi import files
from pep517_multi.backends import build_log, scrubbing
from pep517_multi.backends.environments import Environment
from pep517_multi.backends.makers import CreationError, UvMaker, VenvMaker, VirtualenvMaker, find_uv
from pep517_multi.backends.packages import importable
from pep517_multi.backends.requirements import applicable
from pep517_multi.events import Note, ignore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from pep517_multi.backends.makers import Maker
    from pep517_multi.events import Observer
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner


@dataclass
class IsolatedEnvironments:
    """Fresh environments of the targets, each made once for its interpreter and its requirements.

    :param folder: where they are made; an environment of an earlier run that is found there is replaced.
    :param environ: the environment of multibuild; the installers' own settings are taken from it.
    :param constraints: constraints files for whatever is installed (besides pip's and uv's own settings).
    :param uv: the uv command; ``"search"`` looks for it on the PATH of ``environ`` and beside multibuild; ``None`` does
        without, as is done where none is found: virtualenv and pip then do its work, more slowly.
    """

    folder: Path
    runner: Runner
    environ: Mapping[str, str]
    constraints: tuple[Path, ...] = ()
    uv: Path | Literal["search"] | None = "search"
    observer: Observer = ignore
    _made: dict[tuple[str, ...], Future[Environment]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """See :meth:`Environments.prepare`; one caller makes it, the others wait for it."""
        requirements = applicable(interpreter, requires)
        key = (interpreter.name, str(interpreter.executable), *map(str, requirements))
        with self._lock:
            future = self._made.get(key)
            mine = future is None
            if future is None:
                future = self._made[key] = Future()
        if mine:
            try:
                future.set_result(self._make(interpreter, requirements, key=key, log=log))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _make(
        self, interpreter: Interpreter, requirements: tuple[Requirement, ...], *, key: tuple[str, ...], log: Path
    ) -> Environment:
        digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:12]
        target = self.folder / f"{interpreter.name}-{digest}"
        with files.explained("make a build environment"):
            self.folder.mkdir(parents=True, exist_ok=True)
            files.remove_tree(target)
        maker = self._create(interpreter, target, log=log)
        if requirements:
            maker.install(interpreter, target, requirements, log=log)
        python = target / "bin" / "python"
        environ = scrubbing.for_hooks(self.environ) | {
            "PATH": f"{python.parent}:{self.environ.get('PATH', '')}".rstrip(":"),
            "VIRTUAL_ENV": str(target),
        }
        needed = [requirement.name for requirement in requirements]
        packages = importable(python, runner=self.runner, environ=environ, needed=needed)
        return Environment(python, environ, packages.versions(requirements))

    def _create(self, interpreter: Interpreter, target: Path, *, log: Path) -> Maker:
        """Create an empty environment with the first maker that can, and return that one."""
        *others, last = self._makers()
        for maker, following in zip(others, [*others[1:], last], strict=True):
            try:
                maker.create(interpreter, target, log=log)
            except CreationError as error:  # noqa: PERF203 - there are three of them
                message = f"{error}; {following.tool} is tried instead"
                self.observer(Note(message, interpreter.name, "warning"))
                build_log.append(log, f"# {message}")
                files.remove_tree(target)
            else:
                return maker
        last.create(interpreter, target, log=log)
        return last

    def _makers(self) -> tuple[Maker, ...]:
        """Return the makers, best first; venv comes last because not every distribution ships it."""
        common = (self.runner, self.environ, self.constraints)
        slow = (VirtualenvMaker(*common), VenvMaker(*common))
        with self._lock:  # to look for uv beside multibuild needs sysconfig, which is not safe to use from many threads
            uv = find_uv(self.environ) if self.uv == "search" else self.uv
        return slow if uv is None else (UvMaker(*common, uv), *slow)
