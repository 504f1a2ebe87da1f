"""Build environments: what runs the hooks of a backend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.wheels.installed import Installed


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
