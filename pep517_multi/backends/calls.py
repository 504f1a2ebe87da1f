"""Calls of :pep:`517` hooks in a build environment, with an answer that can be relied upon."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi.backends import build_log
from pep517_multi.backends.environments import UMASK
from pep517_multi.backends.requirements import parsed
from pep517_multi.errors import BuildError, PlanError
from pep517_multi.events import PhaseFinished, PhaseStarted, ignore
from pep517_multi.process import Command, CommandStartError, CommandTimeoutError
from pep517_multi.sources.asked import asks_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pep517_multi.backends.environments import Environment, Environments
    from pep517_multi.events import Observer
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.sources.tree import BuildSystem
    from pep517_multi.wheels.installed import Installed

_LONGEST_ANSWER = 16 << 20
"""Bytes of what a hook answers; the longest of real ones, a list of requirements, have some hundred."""
_LONGEST_SHOWN = 100


@dataclass(frozen=True)
class BuildCall:
    """One wheel to be built.

    :param tree: a copy of the source that is this build's own: backends write into it.
    :param output: where the wheel goes; made where it is not there.
    :param log: where all output is appended.
    :param timeout: seconds for each call of the backend, ``None`` for no limit.
    :param reads: what the backend may look at besides ``tree`` and the environment: where links in ``tree`` lead to.
    :param started: is called as soon as a hook of the backend runs.
    """

    interpreter: Interpreter
    build_system: BuildSystem
    tree: Path
    output: Path
    config_settings: Mapping[str, str | list[str]]
    log: Path
    timeout: float | None = None
    reads: tuple[Path, ...] = ()
    started: Callable[[], None] | None = None


@dataclass(frozen=True)
class BuiltWheel:
    """A wheel as the backend left it: a file that is there, with nothing known of what is in it.

    :param requires: all build requirements, those that the backend asked for included.
    :param packages: normalised name → version of these in the environment that built.
    :param installed: what it was built with, where that may change from one run to the next.
    :param env_seconds: wall time until the environment was complete, the question for requirements included.
    """

    path: Path
    requires: tuple[str, ...]
    packages: Mapping[str, str]
    env_seconds: float
    build_seconds: float
    installed: Installed | None = None


def build_wheel(
    call: BuildCall, environments: Environments, *, runner: Runner, observer: Observer = ignore
) -> BuiltWheel:
    """Build one wheel: the environment, what the backend asks for besides, the environment with that, the build.

    :raises MissingRequirementsError: a requirement is not there and cannot be had.
    :raises BuildError: the backend is not there, fails, takes too long, or does not answer as :pep:`517` says.
    """
    name = call.interpreter.name
    observer(PhaseStarted(name, "env"))
    started = time.monotonic()
    call.output.mkdir(parents=True, exist_ok=True)
    environment, requires = _complete_environment(call, environments, runner)
    env_seconds = time.monotonic() - started
    observer(PhaseFinished(name, "env", env_seconds))

    observer(PhaseStarted(name, "build", call.build_system.backend))
    started = time.monotonic()
    answer = _Backend(call, environment, runner).call("build_wheel", str(call.output))
    path = _wheel(call, answer)
    build_seconds = time.monotonic() - started
    observer(PhaseFinished(name, "build", build_seconds, path.name))
    return BuiltWheel(path, requires, environment.packages, env_seconds, build_seconds, environment.installed)


def _complete_environment(
    call: BuildCall, environments: Environments, runner: Runner
) -> tuple[Environment, tuple[str, ...]]:
    """Return an environment with all that is declared and all that the backend asks for, and the list of both."""
    static = call.build_system.requires
    environment = environments.prepare(call.interpreter, static, log=call.log)
    if asks_nothing(call.tree, call.build_system, environment.packages):
        return environment, static
    answer = _Backend(call, environment, runner).call("get_requires_for_build_wheel")
    asked = _requirements(call, answer)
    requires = tuple(dict.fromkeys((*static, *asked)))
    if requires != static:
        environment = environments.prepare(call.interpreter, requires, log=call.log)
    return environment, requires


def _requirements(call: BuildCall, answer: object) -> tuple[str, ...]:
    if not isinstance(answer, list) or not all(isinstance(item, str) for item in answer):
        raise _broken_promise(
            call, f"get_requires_for_build_wheel with {_shown(answer)} instead of a list of requirements"
        )
    try:
        for item in answer:
            parsed(item)
    except PlanError as error:
        raise _broken_promise(call, f"get_requires_for_build_wheel with {_shown(answer)}: {error}") from error
    return tuple(answer)


def _wheel(call: BuildCall, answer: object) -> Path:
    """Return the wheel that is answered: a regular file right in the output directory, under a plain name."""
    plain = isinstance(answer, str) and answer.isprintable() and "/" not in answer and answer.endswith(".whl")
    if not isinstance(answer, str) or not plain:
        raise _broken_promise(call, f"build_wheel with {_shown(answer)} instead of the file name of a wheel")
    path = call.output / answer
    try:
        there = stat.S_ISREG(path.lstat().st_mode) and stat.S_ISDIR(call.output.lstat().st_mode)
    except OSError:
        there = False
    if not there:
        raise _broken_promise(call, f"build_wheel with {_shown(answer)}, but there is no such file in {call.output}")
    return path


def _shown(answer: object) -> str:
    text = repr(answer)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _broken_promise(call: BuildCall, how: str) -> BuildError:
    who = f"the backend {call.build_system.backend} of {call.interpreter.name}"
    return BuildError(f"{who} answered {how}; this is for the backend to mend", log=str(call.log))


class _HookFailedError(Exception):
    """The process of a hook ended with a status that is not zero."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class _NoAnswerError(Exception):
    """The process of a hook ended as if all was well, and left nothing that can be understood."""


@dataclass(frozen=True)
class _Backend:
    """The backend of a call, in an environment; its processes run in the tree and write to the log."""

    build_call: BuildCall
    environment: Environment
    runner: Runner

    def call(self, hook: str, *arguments: str) -> object:
        """Call a hook with ``arguments`` and the config settings; return what it answers, whatever that is.

        :raises BuildError: it fails in whichever way.
        """
        from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller

        system = self.build_call.build_system
        before = build_log.size(self.build_call.log)
        try:
            caller = BuildBackendHookCaller(
                str(self.build_call.tree),
                system.backend,
                backend_path=system.backend_path or None,
                runner=self._run,
                python_executable=str(self.environment.python),
            )
            return getattr(caller, hook)(*arguments, config_settings=dict(self.build_call.config_settings))
        except BackendUnavailable as error:
            raise self._unavailable(error) from error
        except CommandTimeoutError as error:
            what = f"was still in {hook} after {self.build_call.timeout:g} seconds and was stopped; raise --timeout"
            raise self._failure(what, before) from error
        except CommandStartError as error:
            raise self._failure(f"could not be called: {error}", before) from error
        except _HookFailedError as error:
            raise self._failure(f"failed in {hook} ({_status(error.returncode)})", before) from error
        except (OSError, _NoAnswerError) as error:
            raise self._failure(f"ended in {hook} without an answer", before) from error
        except ValueError as error:  # backend-path, checked by pyproject_hooks
            raise self._failure(f"cannot be called: in backend-path, {error}; mend [build-system]", before) from error

    def _run(self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        """Run a hook's process; this is pyproject_hooks' port for it."""
        call = self.build_call
        tree = Path(cwd or call.tree)
        environ = {**self.environment.environ, **(extra_environ or {}), **_no_repository_above(self.environment, tree)}
        command = Command(
            tuple(cmd),
            cwd=tree,
            env=environ,
            timeout=call.timeout,
            contained=True,
            umask=UMASK,
            reads=call.reads,
            writes=(call.tree, call.output, Path(cmd[-1])),
            started=call.started,
        )
        title = f"{call.interpreter.name}: {cmd[-2]} of {call.build_system.backend}"
        completed = build_log.run_logged(self.runner, command, title=title, log=call.log)
        if completed.returncode != 0:
            raise _HookFailedError(completed.returncode)
        _check_answer(Path(cmd[-1]) / "output.json", call.log)

    def _failure(self, what: str, before: int) -> BuildError:
        call = self.build_call
        tail = build_log.worth_showing(build_log.output_from(call.log, before))
        who = f"the backend {call.build_system.backend} of {call.interpreter.name}"
        return BuildError(f"{who} {what}; the whole output is in {call.log}", log=str(call.log), tail=tail)

    def _unavailable(self, error: Any) -> BuildError:  # noqa: ANN401 - pyproject_hooks is imported late
        call = self.build_call
        build_log.append(call.log, error.traceback)
        reason = (error.traceback.strip() or str(error)).rpartition("\n")[2]
        if call.build_system.backend_path:
            where = f"backend-path ({', '.join(call.build_system.backend_path)})"
        else:
            where = f"what [build-system] requires ({', '.join(call.build_system.requires) or 'nothing'})"
        message = (
            f"{call.interpreter.name} cannot import the backend {call.build_system.backend} ({reason}); "
            f"it should come from {where}"
        )
        return BuildError(message, log=str(call.log), tail=build_log.worth_showing(error.traceback.splitlines()))


def _status(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"


def _no_repository_above(environment: Environment, tree: Path) -> dict[str, str]:
    """Keep version plugins from taking a repository around the work directory for the project's own."""
    ceilings = [str(tree.resolve().parent), *environment.environ.get("GIT_CEILING_DIRECTORIES", "").split(":")]
    return {"GIT_CEILING_DIRECTORIES": ":".join(filter(None, ceilings))}


def _check_answer(path: Path, log: Path) -> None:
    """See to it that pyproject_hooks can rely upon the answer of a hook, and move its warnings to the log.

    A device, a pipe or something without end is not read; warnings would be given out as those of this very process.

    :raises _NoAnswerError: it is none.
    """
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_ANSWER:
            raise _NoAnswerError
        content = json.loads(path.read_text(encoding="utf-8"))
        if "return_val" not in content and not isinstance(content["traceback"], str):
            raise _NoAnswerError
        warnings = content.pop("warnings", [])
        said = [f"{item['filename']}:{item['lineno']}: warning: {item['message']}" for item in warnings]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _NoAnswerError from error
    if said:
        build_log.append(log, *said)
        path.write_text(json.dumps(content), encoding="utf-8")
