"""Which sandbox works on this machine: tried, not guessed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import temporaries
from pep517_multi.errors import PlanError
from pep517_multi.process import Command, CommandStartError, CommandTimeoutError
from pep517_multi.sandbox.runner import Sandbox
from pep517_multi.sandbox.view import Own, mounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pep517_multi.process import Runner

_SCRIPT = Path(__file__).with_name("target_sandbox.py")
_SECONDS = 20.0


class NoSandboxError(PlanError):
    """No sandbox can be made on this machine."""


def find_sandbox(runner: Runner, environ: Mapping[str, str]) -> Sandbox:
    """Return the first way to make a sandbox that works here.

    :raises NoSandboxError: there is none; the message says why.
    """
    refusals = []
    for sandbox in _candidates(environ):
        problem = _problem(sandbox, runner, environ)
        if problem is None:
            return sandbox
        refusals.append(f"{sandbox.name}: {problem}")
    raise NoSandboxError(
        f"no sandbox can be made here ({'; '.join(dict.fromkeys(refusals))}); "
        "let the kernel give user namespaces to this user, or build with --sandbox off"
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Sandbox]:
    python = sys.executable  # noqa: TID251 - the script is a part of multibuild itself
    tools: list[tuple[str, tuple[str, ...]]] = [("multibuild's own", (python, "-I", "-S", "-B", str(_SCRIPT)))]
    if found := shutil.which("bwrap", path=environ.get("PATH", "")):
        tools.insert(0, ("bubblewrap", (found,)))
    for name, tool in tools:
        if os.geteuid() == 0:
            yield Sandbox(name, tool, user=False)
        yield Sandbox(name, tool, user=True)


def _problem(sandbox: Sandbox, runner: Runner, environ: Mapping[str, str]) -> str | None:
    """Make the sandbox and do nothing in it; return what was wrong, ``None`` when all is well."""
    with temporaries.scratch("sandbox") as folder:
        own = Own(folder / "home", folder / "tmp")
        own.home.mkdir()
        own.tmp.mkdir()
        view = mounts(environ, own, reads=(), writes=(folder,))
        argv = sandbox.argv(("/bin/sh", "-c", ": > written"), view, cwd=folder)
        command = Command(argv, cwd=Path("/"), env={"PATH": environ.get("PATH", "")}, timeout=_SECONDS, contained=True)
        try:
            completed = runner.run(command)
        except (CommandStartError, CommandTimeoutError) as error:
            return str(error)
        if completed.returncode == 0:
            return None
        said = completed.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return said.removeprefix("bwrap: ") or f"exit status {completed.returncode}"
