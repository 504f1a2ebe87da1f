"""What interpreters already have: the environments of ``--no-isolation``, and what they lack."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pep517_multi.backends.environments import Environment, environ_of_installed
from pep517_multi.backends.packages import importable
from pep517_multi.backends.requirements import applicable, unmet
from pep517_multi.errors import MissingRequirementsError, MultibuildError
from pep517_multi.wheels.installed import Installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from pep517_multi.backends.requirements import Packages
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner


@dataclass
class InstalledEnvironments:
    """The interpreters themselves, with what is installed in them; nothing is ever written there, bytecode neither.

    :param environ: the environment of multibuild.
    """

    runner: Runner
    environ: Mapping[str, str]
    _packages: dict[Path, Packages] = field(default_factory=dict, init=False, repr=False)
    _asking: dict[Path, threading.Lock] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def expect(self, interpreter: Interpreter, requires: Sequence[str]) -> None:
        """Ask ``interpreter`` for what :meth:`prepare` will want to know of it; what is wrong is told there."""

        def ask() -> None:
            with contextlib.suppress(MultibuildError):
                self._importable(interpreter, applicable(interpreter, requires))

        threading.Thread(target=ask, name="packages", daemon=True).start()

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """See :meth:`Environments.prepare`; nothing runs that would have something to say in ``log``."""
        if missing := self.unmet(interpreter, requires):
            message = (
                f"{interpreter.name} ({interpreter.executable}) lacks build requirements: {', '.join(missing)}; "
                f"install them for it, or build without --no-isolation (the log is {log})"
            )
            raise MissingRequirementsError(message)
        requirements = applicable(interpreter, requires)
        known = self._importable(interpreter, requirements)
        where = {name: package.where for name, package in known.needed_by(requirements).items() if package.where}
        environ = environ_of_installed(interpreter, self.environ)
        installed = Installed.of(known.path, where)
        return Environment(interpreter.executable, environ, known.versions(requirements), installed)

    def missing(self, interpreters: Sequence[Interpreter], requires: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return what each interpreter lacks of ``requires`` and of all that these require in turn.

        :returns: canonical name → fragments of a sentence, as :meth:`unmet` has them; an interpreter that lacks nothing
            is not in it.
        :raises PlanError: one of ``requires`` is not a requirement, or an interpreter does not answer.
        """
        if not requires or not interpreters:
            return {}
        with ThreadPoolExecutor(min(len(interpreters), os.cpu_count() or 1)) as pool:
            answers = pool.map(lambda interpreter: self.unmet(interpreter, requires), interpreters)
            return {
                interpreter.name: lacking for interpreter, lacking in zip(interpreters, answers, strict=True) if lacking
            }

    def unmet(self, interpreter: Interpreter, requires: Sequence[str]) -> tuple[str, ...]:
        """See :func:`~pep517_multi.backends.requirements.unmet`; what is installed is asked once."""
        packages = self._importable(interpreter, applicable(interpreter, requires))
        found = unmet(interpreter, requires, packages)
        if found and not packages.complete:
            return unmet(interpreter, requires, self._importable(interpreter, ()))
        return found

    def _importable(self, interpreter: Interpreter, requirements: Iterable[Requirement]) -> Packages:
        """Return what of ``requirements``, or of everything, can be imported."""
        needed = {canonicalize_name(requirement.name) for requirement in requirements}
        with self._lock:
            asking = self._asking.setdefault(interpreter.executable, threading.Lock())
        with asking:
            known = self._packages.get(interpreter.executable)
            if known is None or not (known.complete or (needed and needed <= known.by_name.keys())):
                environ = environ_of_installed(interpreter, self.environ)
                known = importable(interpreter.executable, runner=self.runner, environ=environ, needed=needed)
                self._packages[interpreter.executable] = known
        return known


def missing_requirements(
    interpreters: Sequence[Interpreter], requires: Sequence[str], *, runner: Runner, environ: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    """See :meth:`InstalledEnvironments.missing`."""
    return InstalledEnvironments(runner, environ).missing(interpreters, requires)
