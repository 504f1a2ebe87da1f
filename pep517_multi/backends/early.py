"""Backends that are imported while it is still being found out what to ask of them."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.backends.environments import UMASK, environ_of_installed
from pep517_multi.process import Command, CommandStartError

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - the type of what Runner.spawn returns
    from collections.abc import Mapping

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Begun, Completed, LocalRunner
    from pep517_multi.sources.tree import BuildSystem

_SCRIPT = Path(__file__).with_name("target_early.py")
_READ = frozenset(
    {
        "flit_core.buildapi",
        "hatchling.build",
        "poetry.core.masonry.api",
        "setuptools.build_meta",
        "setuptools.build_meta:__legacy__",
    }
)
"""Backends whose import was read: it looks at no project, no folder, and nothing that is settled later."""


@dataclass
class EarlyBackends:
    """Runs hooks in the interpreters themselves: the first one in a process that has imported the backend already.

    :param environ: the environment of multibuild.
    """

    runner: LocalRunner
    environ: Mapping[str, str]
    _expected: tuple[str, str] = ("", "")
    _begun: Begun | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def expect(self, interpreter: Interpreter, system: BuildSystem) -> None:
        """Let ``interpreter`` import the backend, if it is one of which it is known that this may be done early."""
        if system.backend not in _READ or system.backend_path:
            return
        python = str(interpreter.executable)
        environ = environ_of_installed(interpreter, self.environ)
        command = Command((python, str(_SCRIPT), system.backend), Path("/"), environ, contained=True, umask=UMASK)
        self._expected = python, system.backend
        with contextlib.suppress(CommandStartError):  # told when a hook is called
            self._begun = self.runner.begin(command)

    def run(self, command: Command) -> Completed:
        """See :meth:`Runner.run`."""
        order = Path(command.argv[-1]) / "order.json"  # the folder in which pyproject_hooks and the hook talk
        if command.log is None or b"\n" in bytes(order) or (begun := self._taken(command)) is None:
            return self.runner.run(command)
        files.write_whole(order, json.dumps(_portable(command)).encode())
        return self.runner.finish(begun, replace(command, stdin=bytes(order) + b"\n"), command.log)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """See :meth:`Runner.spawn`."""
        return self.runner.spawn(command)

    def _taken(self, command: Command) -> Begun | None:
        if (command.argv[0], command.env.get("_PYPROJECT_HOOKS_BUILD_BACKEND")) != self._expected:
            return None
        with self._lock:
            begun, self._begun = self._begun, None
        return begun


def _portable(command: Command) -> dict[str, object]:
    """Return what ``target_early.py`` has to know; a character is a byte, for what bytes mean depends on the locale."""

    def text(value: str) -> str:
        return os.fsencode(value).decode("latin-1")

    environ = {text(name): text(value) for name, value in command.env.items()}
    return {"argv": [text(word) for word in command.argv], "cwd": text(str(command.cwd)), "environ": environ}
