"""Build environments: what runs the hooks of a backend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pep517_multi.backends import scrubbing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.wheels.installed import Installed

UMASK = 0o022
"""Of hooks: some backends put the modes of their files into the wheel."""


@dataclass(frozen=True)
class Environment:
    """Where hooks run.

    :param python: what runs them.
    :param environ: the complete environment for them.
    :param packages: normalised name → version of what they can import and the project asked for.
    :param installed: the same and all that it needs as it is now, where that may change from one run to the next.
    """

    python: Path
    environ: Mapping[str, str]
    packages: Mapping[str, str]
    installed: Installed | None = None


class Environments(Protocol):
    """Where environments come from."""

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """Return an environment of ``interpreter`` in which all of ``requires`` that apply to it can be imported.

        Safe to call from several threads. What is run for it goes to ``log``.

        :raises MissingRequirementsError: a requirement is not there and cannot be had.
        """
        ...


@dataclass(frozen=True)
class ExtendedEnvironments:
    """Environments whose hooks get further variables."""

    environments: Environments
    variables: Mapping[str, str]

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """See :meth:`Environments.prepare`."""
        environment = self.environments.prepare(interpreter, requires, log=log)
        return replace(environment, environ={**environment.environ, **self.variables})


def environ_of_installed(interpreter: Interpreter, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of hooks that run in the interpreter itself.

    The scripts of a virtual environment come first on the PATH, as if it were active. Those of an installation come
    last, so that compiler wrappers that a host puts on the PATH stay where they are. On Gentoo, what is on the PATH by
    the names of Python and of scripts is python-exec, which runs what ``EPYTHON`` names.
    """
    bin_folder = interpreter.executable.parent
    path = [entry for entry in environ.get("PATH", "").split(":") if entry]
    hooks = scrubbing.for_hooks(environ) | {"PYTHONDONTWRITEBYTECODE": "1", "EPYTHON": interpreter.name}
    if interpreter.is_virtual:
        return hooks | {"PATH": ":".join([str(bin_folder), *path]), "VIRTUAL_ENV": str(bin_folder.parent)}
    if str(bin_folder) not in path:
        path.append(str(bin_folder))
    return hooks | {"PATH": ":".join(path)}
