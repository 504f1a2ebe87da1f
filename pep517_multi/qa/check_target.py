"""Running our scripts inside targets for checks: away from the user's files, and with what was answered kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi.process import Command, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner

_ANSWER = re.compile(rb"\x1e([^\x1e\n]*)\x1e\n")
_DROPPED = ("PYTHON*", "__PYVENV_LAUNCHER__", "DISPLAY", "WAYLAND_DISPLAY", "XDG_*", "LC_*", "LANG", "LANGUAGE")
_CRASH = "Fatal Python error: "
_SHOWN = 10


@dataclass(frozen=True)
class Said:
    """What a script said until it ended.

    :param ended: how, as a fragment of a sentence; ``None`` where all went well.
    :param rest: the last lines of whatever else was printed, or of a crash the first ones.
    """

    answers: tuple[dict[str, Any], ...]
    ended: str | None
    rest: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A target that answers requests, in a folder of its own.

    :param scratch: becomes home, working directory and place of temporary files; each run gets a new folder in it.
    """

    interpreter: Interpreter
    runner: Runner
    environ: Mapping[str, str]
    scratch: Path

    def ask(self, script: Path, options: Iterable[str], request: Mapping[str, object], *, timeout: float) -> Said:
        """Run ``script`` with ``request`` on its standard input; ``timeout`` in seconds is for all of it.

        ``scratch`` is added to the request.

        :raises CommandStartError: the interpreter cannot be started.
        """
        folder = self._folder()
        command = Command(
            argv=(str(self.interpreter.executable), *options, str(script)),
            cwd=folder / "empty",
            env={**environment(self.environ), "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")},
            timeout=timeout,
            log=folder / "said",
            stdin=json.dumps({**request, "scratch": str(folder)}).encode(),
        )
        try:
            ended = how_it_ended(self.runner.run(command).returncode)
        except CommandTimeoutError:
            ended = f"was still running after {timeout:g} seconds"
        data = (folder / "said").read_bytes()
        answers = tuple(json.loads(answer) for answer in _ANSWER.findall(data))
        rest = _ANSWER.sub(b"", data).decode(errors="replace").splitlines()
        return Said(answers, ended, tuple(_telling(rest)))

    def _folder(self) -> Path:
        taken = sum(1 for _ in self.scratch.iterdir())
        folder = self.scratch / str(taken)
        for name in ("empty", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        return folder


def _telling(lines: list[str]) -> list[str]:
    """Return the last lines; where they are a crash, its first ones, since the stack of C can come after Python's."""
    crashes = [number for number, line in enumerate(lines) if line.startswith(_CRASH)]
    return lines[crashes[-1] :][:_SHOWN] if crashes else lines[-_SHOWN:]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without what speaks of a user, a screen or another Python; no bytecode is written with it."""
    kept = {
        name: value for name, value in environ.items() if not any(fnmatchcase(name, pattern) for pattern in _DROPPED)
    }
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def how_it_ended(status: int) -> str | None:
    """Say how a process with this exit status (negative: a signal) ended; ``None`` for 0."""
    if status == 0:
        return None
    if status > 0:
        return f"ended with status {status}"
    import signal

    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def script(name: str) -> Path:
    """Return the path of one of our scripts."""
    return Path(__file__).with_name(name)
