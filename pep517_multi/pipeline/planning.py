"""What a run would do, told before anything of the project runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.backends.requirements import applicable
from pep517_multi.errors import MultibuildError
from pep517_multi.pipeline.choices import Choices
from pep517_multi.pipeline.shares import changes_of, shares
from pep517_multi.plan import expect
from pep517_multi.report import Expected, PlannedImpl
from pep517_multi.wheels.decision import Reuse

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.sources.tree import SourceTree


def make_plan(run: Run, tree: SourceTree) -> tuple[PlannedImpl, ...]:
    """Say for each implementation, in order of work, whether it will build, or whose wheel is expected to serve it.

    Patches are applied to copies, for they decide who may share; commands of ``--prepare`` are not run.
    """
    try:
        return _Planning(run, tree).all()
    finally:
        files.remove_tree(run.work.changed(""))


@dataclass
class _Planning:
    run: Run
    tree: SourceTree
    planned: dict[str, PlannedImpl] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.choices = Choices(self.run, self.run.store)

    def all(self) -> tuple[PlannedImpl, ...]:
        waiting = [interpreter for interpreter in self._admitted() if not self._is_served(interpreter)]
        builders = self.choices.next_builders(waiting) if waiting else []
        for everyone in self.choices.groups(self.choices.taking_part()):
            policy = self.choices.shares[everyone[0].name].policy
            building = [one for one in everyone if one in builders]
            for interpreter in everyone:
                if interpreter in builders:
                    self._plan(interpreter, Expected.BUILD, self.choices.decide(interpreter).because)
                elif interpreter in waiting:
                    told = expect(interpreter, builders=building, everyone=everyone, policy=policy)
                    self._plan(interpreter, told[0], told[2], by=told[1])
        return tuple(self.planned[interpreter.name] for interpreter in self.run.interpreters)

    def _admitted(self) -> list[Interpreter]:
        for interpreter, share in shares(self.run, self.tree, run_commands=False):
            if isinstance(share, MultibuildError):
                self._plan(interpreter, Expected.FAIL, (str(share),))
            elif excluded := share.excludes(interpreter):
                self._plan(interpreter, Expected.FAIL if self.run.named else Expected.SKIP, (excluded,))
            elif changes_of(self.run, interpreter).commands:
                because = f"its source is changed by {share.changes}, and nothing is run for a plan"
                self._plan(interpreter, Expected.BUILD, (because,))
            else:
                self.choices.shares[interpreter.name] = share
        return self.choices.taking_part()

    def _is_served(self, interpreter: Interpreter) -> bool:
        decision = self.choices.decide(interpreter)
        if not isinstance(decision, Reuse):
            return False
        builders = [builder.name for builder in decision.built.builders]
        own = interpreter.name in builders
        by = interpreter.name if own else next(iter(builders), None)
        self._plan(interpreter, Expected.READY if own else Expected.REUSE, decision.because, by=by)
        return True

    def _plan(
        self, interpreter: Interpreter, expected: Expected, because: tuple[str, ...], *, by: str | None = None
    ) -> None:
        needs: tuple[str, ...] = ()
        if expected.may_build:
            share = self.choices.shares.get(interpreter.name)
            system = (share.tree if share else self.tree).build_system
            needs = tuple(str(requirement) for requirement in applicable(interpreter, system.requires))
        self.planned[interpreter.name] = PlannedImpl(
            impl=interpreter.name,
            executable=str(interpreter.executable),
            version=str(interpreter.version),
            implementation=interpreter.implementation,
            plan=expected,
            by=by,
            because=because,
            requires=needs,
        )
