"""Asking an executable what it is: one process, a time limit, and no belief in what comes back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import temporaries
from pep517_multi.interpreters.answer import Answer, ProbeError, checked
from pep517_multi.interpreters.interpreter import PREFIX_PLACEHOLDER
from pep517_multi.interpreters.platforms import Machine, drivers_machine, drivers_platforms, packaging_folder
from pep517_multi.interpreters.tags import derived_platforms
from pep517_multi.process import Command, CommandStartError, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.process import Completed, Runner

PROBE = Path(__file__).with_name("target_probe.py")
_PLATFORMS = Path(__file__).with_name("target_platforms.py")

_ISOLATED = ("-I", "-S", "-B")
_ISOLATED_OF_OLD = ("-E", "-s", "-S", "-B")
"""For Python 2, which takes ``-I`` for a mistake; so that it, too, can say that it is too old."""
_USAGE_ERROR = 2

_MISLEADING = ("PYTHON", "_PYTHON", "__PYVENV_LAUNCHER__", "DEB_PYTHON_INSTALL_LAYOUT", "RPM_BUILD_ROOT")
"""Variables, or beginnings of them, that change what an interpreter says of itself; ``-I`` does not cover them all."""

_BETWEEN_SEPARATORS = re.compile(rb"\x1e([^\x1e]*)\x1e")


def probe_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without what changes an answer, in a locale that every interpreter knows."""
    return {key: value for key, value in environ.items() if not key.startswith(_MISLEADING)} | {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Prober:
    """Asks executables what they are.

    :param environ: the environment of the run; what would mislead is left out of it.
    :param timeout: seconds that an executable has for an answer.
    """

    runner: Runner
    environ: Mapping[str, str]
    timeout: float = 15.0

    def ask(self, executable: Path) -> Answer:
        """Return the answer of ``executable``, with its ``platforms``.

        :raises ProbeError: it does not start, hangs, crashes, is too old, or is no Python.
        """
        answer = checked(self._answer(executable, PROBE, PREFIX_PLACEHOLDER))
        return {**answer, "platforms": list(self._platforms(executable, answer))}

    def _platforms(self, executable: Path, answer: Answer) -> tuple[str, ...]:
        """Return the driver's where the target's machine is the same; else what ``packaging`` says in the target."""
        libc = tuple(answer["libc"]) if answer["libc"] else None
        machine = Machine(answer["platform"], answer["pointer_bits"], answer["byteorder"], libc)
        if libc and machine == drivers_machine():
            return drivers_platforms()
        try:
            with temporaries.scratch("tags") as folder:
                (folder / "packaging").symlink_to(packaging_folder())
                platforms = self._answer(executable, _PLATFORMS, str(folder))
        except (ProbeError, OSError):  # this packaging does not run there (CPython 3.8), or there is no place for it
            platforms = None
        if isinstance(platforms, list) and platforms and all(isinstance(tag, str) for tag in platforms):
            return tuple(platforms)
        return derived_platforms(machine.platform, pointer_bits=machine.pointer_bits, libc=libc)

    def _answer(self, executable: Path, script: Path, argument: str) -> object:
        completed = self._run((str(executable), *_ISOLATED, str(script), argument))
        if completed.returncode == _USAGE_ERROR and not _BETWEEN_SEPARATORS.search(completed.stdout):
            completed = self._run((str(executable), *_ISOLATED_OF_OLD, str(script), argument))
        answers = _BETWEEN_SEPARATORS.findall(completed.stdout)
        if not answers:
            raise ProbeError(_silence(completed))
        try:
            return json.loads(answers[-1])
        except (ValueError, RecursionError) as error:
            raise ProbeError("its answer is no description of a Python (not JSON)") from error

    def _run(self, argv: tuple[str, ...]) -> Completed:
        command = Command(argv, Path(Path(argv[0]).anchor), probe_environment(self.environ), timeout=self.timeout)
        try:
            return self.runner.run(command)
        except CommandTimeoutError as error:
            message = f"it did not answer within {self.timeout:g} seconds"
            raise ProbeError(message) from error
        except CommandStartError as error:
            message = f"it does not start ({error.__cause__ or error})"
            raise ProbeError(message) from error


def _silence(completed: Completed) -> str:
    lines = completed.stderr.decode(errors="replace").strip().splitlines()
    said = f": {lines[-1].strip():.120}" if lines else ""
    if completed.returncode < 0:
        return f"it was ended by signal {-completed.returncode}{said}"
    return f"it is no Python: exit status {completed.returncode}, and no answer{said}"
