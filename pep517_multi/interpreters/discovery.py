"""From what a user names to the interpreters that are meant."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import InterpreterError, UsageError
from pep517_multi.interpreters import installations
from pep517_multi.interpreters.answer import ProbeError, interpreter_from
from pep517_multi.interpreters.cache import ProbeCache
from pep517_multi.interpreters.interpreter import oldest_supported
from pep517_multi.interpreters.probe import Prober
from pep517_multi.interpreters.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pep517_multi.interpreters.answer import Answer
    from pep517_multi.interpreters.installations import Sighting
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner

_SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Candidate:
    """An executable that looked like an interpreter, and what came of it: either an interpreter or a problem.

    :param executable: where it was seen.
    :param found: how: ``PATH``, ``/usr/bin``, ``pyenv``, ``uv``, ``mise``, ``asdf``, ``given``.
    :param problem: one clause that says why it cannot be used.
    :param chosen_for: the canonical name that finds this one, or ``None`` where a better one has the name.
    """

    executable: Path
    found: str
    interpreter: Interpreter | None = None
    problem: str | None = None
    chosen_for: str | None = None


@dataclass(frozen=True)
class Finder:
    """Finds interpreters on this machine.

    A name finds the first interpreter that matches it in this order: the folders on PATH from left to right (in each
    what ``python3`` or ``pypy3`` runs, then the newest first), ``/usr/bin``, then what version managers keep, the
    newest version first. Shims do not count, and a virtual environment stands for the installation it was made from.
    A path finds exactly what lies there.

    :param environ: the environment of the run: PATH, HOME, the variables of version managers.
    :param cache: folder where answers of interpreters are kept between runs, ``None`` for none.
    :param timeout: seconds that an executable has to say what it is.
    :param system_folders: searched even where PATH does not have them.
    """

    runner: Runner
    environ: Mapping[str, str]
    cache: Path | None
    timeout: float = field(default=15.0, kw_only=True)
    system_folders: tuple[Path, ...] = field(default=installations.SYSTEM_FOLDERS, kw_only=True)

    @property
    def distrusted(self) -> str:
        """Why the cache is not used, although there is one; empty where it is, or where there is none."""
        return ProbeCache(self.cache).distrusted

    def select(self, specs: Sequence[str]) -> tuple[Interpreter, ...]:
        """Return the interpreters that ``specs`` name, in the order of work; nothing or ``all``: all that there are.

        ``all`` is the best CPython or PyPy for each canonical name. One named twice counts once.

        :raises UsageError: a spec is none, or two different interpreters have one canonical name.
        :raises InterpreterError: nothing matches a spec, or a path is no interpreter.
        """
        parsed = [Spec.parse(text) for text in specs] or [Spec.parse("all")]
        paths = list(dict.fromkeys(spec.path for spec in parsed if spec.path))
        named = [spec for spec in parsed if not spec.path]
        given = dict(zip(paths, self._look([installations.given(path) for path in paths]), strict=True))
        seen = self._look([each for each in self._sightings() if _is_wanted(each, named)])
        chosen: dict[str, Interpreter] = {}
        for spec in parsed:
            for interpreter in [_usable(given[spec.path])] if spec.path else self._named(spec, _ordered(seen)):
                _add(interpreter, chosen)
        return tuple(sorted(chosen.values(), key=lambda interpreter: interpreter.sort_key))

    def survey(self) -> tuple[Candidate, ...]:
        """Return all that looks like an interpreter on this machine, best first, with what each canonical name finds.

        An executable that hangs, crashes or lies is a candidate with a problem, never an exception.
        """
        taken: set[str] = set()
        candidates = []
        for look in _ordered(self._look(self._sightings())):
            name = look.interpreter.name if look.interpreter else None
            chosen_for = name if name not in taken else None
            taken.update([name] if name else [])
            sighting = look.sighting
            candidates.append(
                Candidate(sighting.executable, sighting.found, look.interpreter, look.problem, chosen_for)
            )
        return tuple(candidates)

    def _sightings(self) -> list[Sighting]:
        return installations.sightings(self.environ, system_folders=self.system_folders)

    def _look(self, sightings: Sequence[Sighting]) -> list[_Look]:
        """Ask each what it is: what the cache does not know, side by side."""
        cache, prober = ProbeCache(self.cache), Prober(self.runner, self.environ, self.timeout)

        def ask(executable: Path) -> Answer | ProbeError:
            try:
                answer = prober.ask(executable)
            except ProbeError as error:
                return error
            cache.put(executable, answer)
            return answer

        answers: dict[Path, Answer | ProbeError | None] = {
            each.executable: cache.get(each.executable) for each in sightings
        }
        unknown = [executable for executable, answer in answers.items() if answer is None]
        if unknown:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                answers.update(zip(unknown, pool.map(ask, unknown), strict=True))
        return [_looked(sighting, answers[sighting.executable]) for sighting in sightings]

    def _named(self, spec: Spec, seen: Sequence[_Look]) -> list[Interpreter]:
        matching = [look.interpreter for look in seen if look.interpreter and spec.matches(look.interpreter)]
        if not matching:
            raise InterpreterError(self._not_found(spec, seen))
        if spec.implementation is None:
            return list({interpreter.name: interpreter for interpreter in reversed(matching)}.values())
        return matching[:1]

    def _not_found(self, spec: Spec, seen: Sequence[_Look]) -> str:
        interpreters = {each.interpreter.name: each.interpreter for each in self.survey() if each.interpreter}
        found = sorted(interpreters.values(), key=lambda interpreter: interpreter.sort_key)
        broken = [
            f"; {look.sighting.executable}: {look.problem}"
            for look in seen
            if look.problem and spec.release and look.sighting.release[: len(spec.release)] == spec.release
        ]
        names = ", ".join(interpreter.name for interpreter in found) or "none"
        return (
            f"no installed interpreter matches {spec.text!r} (found: {names}{''.join(broken)}); "
            'run "multibuild impls" to see where was looked'
        )


@dataclass(frozen=True)
class _Look:
    """What came of asking: an interpreter or a problem."""

    sighting: Sighting
    interpreter: Interpreter | None = None
    problem: str | None = None


def _is_wanted(sighting: Sighting, specs: Iterable[Spec]) -> bool:
    """Return whether a file name leaves it open that one of ``specs`` is meant by it."""
    oldest = oldest_supported(sighting.implementation or "")
    if sighting.release and sighting.release < oldest[: len(sighting.release)]:
        return False
    return any(spec.may_match(implementation=sighting.implementation, release=sighting.release) for spec in specs)


def _looked(sighting: Sighting, answer: Answer | ProbeError | None) -> _Look:
    if answer is None or isinstance(answer, ProbeError):
        return _Look(sighting, problem=str(answer))
    executable = sighting.executable
    if sighting.found != "given":
        if answer["virtual"]:
            return _Look(sighting, problem="it is the python of a virtual environment: give its path to use it")
        executable = _run_by(executable, answer)
    return _Look(sighting, interpreter_from(answer, executable=executable, found=sighting.found))


def _run_by(executable: Path, answer: Answer) -> Path:
    """Return what a dispatcher such as python-exec runs: that stays the same when the dispatcher is set anew."""
    said = Path(answer["executable"])
    is_other = os.path.realpath(said) != os.path.realpath(executable)
    return said if is_other and said.is_absolute() and os.access(said, os.X_OK) else executable


def _ordered(looks: Sequence[_Look]) -> list[_Look]:
    """Return what version managers keep after all else, newest version first; each interpreter once; problems last."""
    useful = [(look, look.interpreter) for look in looks if look.interpreter]
    managed = [each for each in useful if each[0].sighting.managed]
    managed.sort(key=lambda each: each[1].version, reverse=True)
    unique: dict[object, _Look] = {}
    for look, interpreter in (*(each for each in useful if not each[0].sighting.managed), *managed):
        unique.setdefault(_identity(interpreter), look)
    return [*unique.values(), *(look for look in looks if look.problem)]


def _usable(look: _Look) -> Interpreter:
    if look.interpreter is None:
        message = f"{look.sighting.executable} cannot be used as an interpreter: {look.problem}"
        raise InterpreterError(message)
    return look.interpreter


def _add(interpreter: Interpreter, chosen: dict[str, Interpreter]) -> None:
    other = chosen.setdefault(interpreter.name, interpreter)
    if _identity(other) != _identity(interpreter):
        message = (
            f"{other.executable} and {interpreter.executable} are both {interpreter.name}: "
            "name only one of them in a run"
        )
        raise UsageError(message)


def _identity(interpreter: Interpreter) -> tuple[int, int, str]:
    """Return what two names of one interpreter share: the file, and its virtual environment if it has one.

    :raises InterpreterError: it has vanished since it was asked what it is.
    """
    try:
        status = interpreter.executable.stat()
    except OSError as error:
        message = f"{interpreter.executable} answered, and cannot be found any more ({error.strerror}); try again"
        raise InterpreterError(message) from error
    environment = os.path.realpath(interpreter.executable.parent) if interpreter.is_virtual else ""
    return status.st_dev, status.st_ino, environment
