"""Which implementations build from the very same inputs, and so may share wheels at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.backends import recorded
from pep517_multi.containment import without_credentials
from pep517_multi.errors import MultibuildError
from pep517_multi.sources.changes import Changing, changes_for
from pep517_multi.sources.variables import named_variables
from pep517_multi.wheels.decision import Dependence, admitted
from pep517_multi.wheels.store import Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pep517_multi.backends.ordinary_abi import AbiSwitch
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.sources.changes import Changes
    from pep517_multi.sources.tree import SourceTree
    from pep517_multi.wheels.decision import Policy


_CONSTRAINING = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT")


@dataclass(frozen=True)
class Share:
    """What implementations with equal inputs have in common.

    :param changes: what was changed in the source for these implementations, one clause; empty where nothing was.
    """

    tree: SourceTree
    inputs: Inputs
    policy: Policy
    changes: str = ""

    def ordinary_abi(self, run: Run, *, folder: Path) -> AbiSwitch | None:
        """Return how the backend is asked for the ordinary ABI; ``None`` where it need not be asked.

        :param folder: an existing folder that stays until the build is over.
        """
        if run.settings.abi3 or self.policy.dependence is Dependence.INDEPENDENT:
            return None
        from pep517_multi.backends.ordinary_abi import ordinary_abi

        settings = run.settings.config_settings
        return ordinary_abi(
            self.tree.path, self.tree.build_system, config_settings=settings, environ=run.environ, folder=folder
        )

    def excludes(self, interpreter: Interpreter) -> str:
        """Say why the project does not admit ``interpreter``; empty where it does, or where only a build will tell."""
        required = self.tree.requires_python
        if admitted(interpreter, required):
            return ""
        return f"the project requires Python {required}, {interpreter.name} is {interpreter.version}"


def changes_of(run: Run, interpreter: Interpreter) -> Changes:
    """Return what the settings change in the source for ``interpreter``."""
    settings = run.settings
    return changes_for(interpreter, sources=settings.source_for, patches=settings.patch, commands=settings.prepare)


def shares(
    run: Run, tree: SourceTree, *, run_commands: bool = True
) -> Iterator[tuple[Interpreter, Share | MultibuildError]]:
    """Yield each implementation of the run with what it builds from, or why that could not be made ready.

    :param run_commands: whether commands of ``--prepare`` are run; without, the tree is what it was before them.
    """
    settings = _settings(run)
    changing = Changing(tree, run.runner, run.environ, run.outputs, run.limits)
    variables: dict[str, Mapping[str, str]] = {}  # by digest of the tree: most implementations have the same one
    for interpreter in run.interpreters:
        try:
            changes = changes_of(run, interpreter)
            own = tree
            if changes:
                log = run.work.log(interpreter.name)
                made = changes if run_commands else replace(changes, commands=())
                own = changing.tree_for(interpreter, made, target=run.work.changed(interpreter.name), log=log)
        except MultibuildError as error:
            yield interpreter, error
            continue
        if own.digest not in variables:
            variables[own.digest] = _variables(run, own)
        inputs = Inputs(own.digest, {**settings, **_sysroot(interpreter), "variables": variables[own.digest]})
        yield interpreter, Share(own, inputs, run.policy(own.evidence), changes.described())


def _settings(run: Run) -> Mapping[str, object]:
    settings = run.settings
    return {
        "config_settings": dict(settings.config_settings),
        "constraints": list(_constraints(run)),
        "environment": recorded(run.environ),
        "abi3": settings.abi3,
        "isolation": settings.isolation,
        **({"sandbox": True} if run.sandbox is not None else {}),
    }


def _sysroot(interpreter: Interpreter) -> Mapping[str, object]:
    """Return where headers and libraries come from in a cross build, and which machine they are for."""
    sysroot = interpreter.sysroot
    return {} if sysroot is None else {"sysroot": [str(sysroot.path), sysroot.platform]}


def _constraints(run: Run) -> Iterator[str]:
    """Yield what stands for each file of constraints that is in force: the digest of its content where it is a file."""
    yield from map(files.sha256, run.settings.build_constraint)
    for text in (text for variable in _CONSTRAINING for text in run.environ.get(variable, "").split()):
        yield files.sha256(Path(text)) if Path(text).is_file() else without_credentials(text)


def _variables(run: Run, tree: SourceTree) -> Mapping[str, str]:
    """Return the variables that the project itself looks at, as far as they are set."""
    names = named_variables(tree.path, backend_path=tree.build_system.backend_path)
    return {name: run.environ[name] for name in names if name in run.environ}
