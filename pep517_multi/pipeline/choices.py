"""Who is served by which wheel, and who builds next: asked by the build phase, and by the plan before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import plan
from pep517_multi.errors import MissingRequirementsError
from pep517_multi.pipeline.own import is_of
from pep517_multi.wheels.decision import Build, Built, ReuseMode, decide
from pep517_multi.wheels.validation import validated
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.pipeline.shares import Share
    from pep517_multi.wheels.decision import Builder, Comparison, Decision
    from pep517_multi.wheels.installed import Installed
    from pep517_multi.wheels.store import Store


@dataclass
class Choices:
    """The choices of one run, made afresh from the wheels that are there whenever one is asked for.

    :param shares: what each implementation builds from; whoever failed or was left out is not in it.
    """

    run: Run
    store: Store
    shares: dict[str, Share] = field(default_factory=dict)
    _objections: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _changes: dict[Installed, str] = field(default_factory=dict)

    def taking_part(self) -> list[Interpreter]:
        """Return those who neither failed nor were left out, in order of work."""
        return [interpreter for interpreter in self.run.interpreters if interpreter.name in self.shares]

    def decide(self, interpreter: Interpreter) -> Decision:
        """Decide whether a wheel that is there serves ``interpreter``."""
        share = self.shares[interpreter.name]
        decision = decide(
            interpreter,
            self._candidates(share),
            policy=share.policy,
            inputs=share.inputs.digest,
            comparisons=self._comparisons(share),
        )
        if isinstance(decision, Build) and share.changes:
            own = f"it builds from a source of its own: {share.changes}"
            return replace(decision, because=(own, *decision.because))
        return decision

    def groups(self, interpreters: Iterable[Interpreter]) -> list[list[Interpreter]]:
        """Join those who build from the same inputs."""
        joined: dict[str, list[Interpreter]] = {}
        for interpreter in interpreters:
            joined.setdefault(self.shares[interpreter.name].inputs.digest, []).append(interpreter)
        return list(joined.values())

    def next_builders(self, waiting: Sequence[Interpreter]) -> list[Interpreter]:
        """Choose who of ``waiting`` builds next, side by side, in order of work."""
        everyone = self.groups(self.taking_part())
        chosen: list[Interpreter] = []
        for group in self.groups(waiting):
            share = self.shares[group[0].name]
            digest = share.inputs.digest
            chosen += plan.next_builders(
                group,
                policy=share.policy,
                everyone=next(members for members in everyone if group[0] in members),
                tried={builder.abi_family for built in self._made_from(digest) for builder in built.builders},
                stable_abi_expected=share.tree.stable_abi_expected,
            )
        return [interpreter for interpreter in waiting if interpreter in chosen]

    def _made_from(self, digest: str) -> list[Built]:
        return [built for built in self._wheels() if built.inputs == digest]

    def _wheels(self) -> list[Built]:
        """Return the wheels of the store, without builders that would now build with something else."""
        return [self._as_of_now(built) for built in self.store.wheels()]

    def _as_of_now(self, built: Built) -> Built:
        changes = [(builder, change) for builder in built.builders if (change := self._change(builder))]
        if not changes:
            return built
        same = tuple(builder for builder in built.builders if not self._change(builder))
        if same:
            return replace(built, builders=same)
        told = tuple(f"{change} is another one than {builder.name} built it with" for builder, change in changes)
        return replace(built, inputs="", objections=(*built.objections, *told))

    def _change(self, builder: Builder) -> str:
        """Return what has changed of that with which ``builder`` built; it is looked at once."""
        installed = builder.installed
        if installed is None:
            return ""
        if installed not in self._changes:
            self._changes[installed] = installed.changed()
        return self._changes[installed]

    def _comparisons(self, share: Share) -> tuple[Comparison, ...]:
        """Compare what the ends of each family built, where nothing else tells whether those between may share."""
        if not share.policy.proof_needed:
            return ()
        from pep517_multi.wheels.comparison import compare_ends

        return tuple(compare_ends(self._made_from(share.inputs.digest), self.store.packages()))

    def _candidates(self, share: Share) -> tuple[Built, ...]:
        """Return the wheels that may serve; those of unknown origin only where the tags alone are trusted."""
        wheels = self._wheels()
        if share.policy.mode is ReuseMode.TAGS:
            strangers = [read_wheel(validated(path, self.run.demands)) for path in self.store.strangers()]
            wheels += [Built(wheel, (), share.inputs.digest) for wheel in strangers if is_of(share.tree, wheel)]
        return tuple(map(self._audited, wheels) if self.run.settings.abi3_audit else wheels)

    def _audited(self, built: Built) -> Built:
        """Add what abi3audit has against sharing a stable-ABI wheel.

        :raises MissingRequirementsError: it is not there.
        """
        wheel = built.wheel
        if "abi3" not in wheel.abis:
            return built
        if wheel.sha256 not in self._objections:
            from pep517_multi.qa.abi3audit import audit

            violations = audit(wheel.path, runner=self.run.runner, environ=self.run.environ)
            if violations is None:
                raise MissingRequirementsError(
                    "there is no abi3audit; install pep517-multi[qa], or leave --abi3-audit out"
                )
            self._objections[wheel.sha256] = tuple(f"abi3audit: {violation}" for violation in violations)
        return replace(built, objections=self._objections[wheel.sha256])
