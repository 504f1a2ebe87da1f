"""The build phase: waves of builds, each followed by serving everyone whom the wheels at hand can serve."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from pep517_multi import events, files
from pep517_multi.errors import BuildError, MissingRequirementsError, MultibuildError
from pep517_multi.pipeline.choices import Choices
from pep517_multi.pipeline.own import check_own, own_oddities
from pep517_multi.pipeline.shares import shares
from pep517_multi.pipeline.workshop import Workshop, may_compile
from pep517_multi.wheels.decision import Builder, Built, Reuse
from pep517_multi.wheels.store import Origin, Served
from pep517_multi.wheels.validation import validated
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from pep517_multi.backends import BuiltWheel
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.sources.tree import SourceTree


@dataclass(frozen=True)
class Outcome:
    """What the build phase came to for one implementation.

    :param built: the wheel it uses, ``None`` where it failed or was skipped.
    :param error: why it failed; ``skipped`` where it was left out without blame.
    :param notes: what is odd about the wheel that it built.
    """

    interpreter: Interpreter
    built: Built | None = None
    because: tuple[str, ...] = ()
    error: MultibuildError | None = None
    skipped: bool = False
    log: Path | None = None
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def built_by(self) -> str | None:
        """The implementation whose build made the wheel: itself, where it is one of several that made the same."""
        if self.built is None:
            return None
        names = [builder.name for builder in self.built.builders]
        return self.interpreter.name if self.interpreter.name in names else next(iter(names), None)


@dataclass
class Building:
    """The build phase of one run on one source tree.

    :param ready: told of each implementation that has its wheel, as soon as that is certain.
    :param expected: told who takes part, as soon as the first builds have begun; not where none are needed.
    """

    run: Run
    tree: SourceTree
    ready: Callable[[Outcome], None]
    expected: Callable[[Sequence[Interpreter]], None] = lambda _: None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    refusals: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = self.run.store
        self.choices = Choices(self.run, self.store)
        self.workshop = Workshop(self.run)
        self._began = threading.Event()

    def all(self) -> tuple[Outcome, ...]:
        """Build for every implementation, or serve it; in order of work. One that fails does not stop the others.

        :raises MissingRequirementsError: without isolation, requirements of the first wave are missing.
        """
        self._mention_strangers()
        first = True
        if may_compile(self.run.policy(self.tree.evidence)) and not self.run.work.wheels.exists():
            self.workshop.expect_compilers()
        waiting = taking_part = self._admitted()
        compiles = any(may_compile(share.policy) for share in self.choices.shares.values())
        with self.workshop.open(compiles=compiles), ThreadPoolExecutor(1, "tidy") as self._tidying:
            while waiting := self._not_served(waiting):
                self._wave(waiting, tell=taking_part if first else ())
                waiting = [interpreter for interpreter in waiting if interpreter.name not in self.outcomes]
                first = False
        outcomes = tuple(self._settled(self.outcomes[interpreter.name]) for interpreter in self.run.interpreters)
        self._record(outcomes)
        files.remove_tree(self.run.work.changed(""))
        return outcomes

    def _mention_strangers(self) -> None:
        trusted = self.run.settings.reuse == "tags"
        for path in self.store.strangers():
            what = "is trusted all the same (--reuse tags)" if trusted else "serves nobody without --reuse tags"
            message = f"{path} was not built here, nothing tells where it comes from; it {what}"
            self.run.observer(events.Note(message, level="warning"))

    def _admitted(self) -> list[Interpreter]:
        """Make the sources ready, and leave out the implementations that the project itself excludes."""
        for interpreter, share in shares(self.run, self.tree):
            if isinstance(share, MultibuildError):
                self._fail(interpreter, share)
            elif excluded := share.excludes(interpreter):
                self._exclude(interpreter, excluded)
            else:
                self.choices.shares[interpreter.name] = share
        return self.choices.taking_part()

    def _exclude(self, interpreter: Interpreter, why: str) -> None:
        if self.run.named:
            self._fail(interpreter, BuildError(f"{why}; leave {interpreter.name} out"))
        else:
            self.outcomes[interpreter.name] = Outcome(interpreter, error=BuildError(why), skipped=True)
            self.run.observer(events.Note(f"skipped: {why}", impl=interpreter.name))

    def _not_served(self, waiting: Iterable[Interpreter]) -> list[Interpreter]:
        """Serve whom the wheels at hand can serve, and return the others."""
        left = []
        for interpreter in waiting:
            decision = self.choices.decide(interpreter)
            if isinstance(decision, Reuse):
                outcome = Outcome(interpreter, decision.built, decision.because)
                self._tell(outcome, action="reuse")
                self._finish(outcome)
            else:
                self.refusals[interpreter.name] = decision.because
                left.append(interpreter)
        return left

    def _with_requirements(self, builders: Sequence[Interpreter], *, first: bool) -> Sequence[Interpreter]:
        """Without isolation, leave out those who lack requirements; in the first wave that ends the run."""
        if self.run.settings.isolation:
            return builders
        missing: dict[str, tuple[str, ...]] = {}
        for requires in sorted({self.choices.shares[one.name].tree.build_system.requires for one in builders}):
            asking = [one for one in builders if self.choices.shares[one.name].tree.build_system.requires == requires]
            missing |= self.workshop.missing_requirements(asking, requires)
        if missing and first:
            listed = "; ".join(f"{name} lacks {', '.join(lacking)}" for name, lacking in missing.items())
            raise MissingRequirementsError(
                f"build requirements are missing: {listed}; install them, or build with --isolation"
            )
        for interpreter in builders:
            if lacking := missing.get(interpreter.name):
                message = f"{interpreter.name} lacks build requirements: {', '.join(lacking)}; install them"
                self._fail(interpreter, MissingRequirementsError(message))
        return [interpreter for interpreter in builders if interpreter.name not in missing]

    def _wave(self, waiting: Sequence[Interpreter], *, tell: Sequence[Interpreter]) -> None:
        """Build for some of ``waiting`` side by side; what comes of it is taken in order of work.

        :param tell: in the first wave who takes part.
        """
        with ThreadPoolExecutor(max_workers=self.run.settings.jobs) as pool:
            try:
                begun = self._begin(waiting, pool) if tell else {}
                builders = self._with_requirements(self.choices.next_builders(waiting), first=bool(tell))
                others = [one for one in waiting if one not in builders]
                builds = min(len(builders), self.run.settings.jobs)
                attempts = [
                    (one, begun.get(one.name) or pool.submit(self._attempt, one, builds=builds)) for one in builders
                ]
                if tell:
                    self._began.wait()  # getting ready for what follows must not hold it up
                    self.expected(tell)
                for place, (interpreter, attempt) in enumerate(attempts, 1):
                    made = attempt.result()
                    if isinstance(made, MultibuildError):
                        self._fail(interpreter, made)
                    else:
                        self._take(interpreter, made)
                    if not any(later.is_cpython for later in builders[place:]):
                        # What may still come is no better for a CPython, so nobody has to wait for it.
                        self._not_served([one for one in others if one.is_cpython and one.name not in self.outcomes])
            except BaseException:
                self.run.runner.close()
                pool.shutdown(cancel_futures=True)
                raise

    def _begin(self, waiting: Sequence[Interpreter], pool: Executor) -> dict[str, Future[BuiltWheel | MultibuildError]]:
        """Begin with a build that is needed in any case, where it takes a while to find out who else has to build."""
        oldest = waiting[0]
        policy = self.choices.shares[oldest.name].policy
        if self.outcomes or not (policy.proof_needed or policy.tag_may_change):
            return {}
        if self.workshop.missing_requirements([oldest], self.choices.shares[oldest.name].tree.build_system.requires):
            return {}  # told with what others lack
        builds = min(2, self.run.settings.jobs, len(waiting)) if policy.proof_needed else 1
        begun = pool.submit(self._attempt, oldest, builds=builds)
        self._began.wait()  # what is found out meanwhile must not hold it up
        return {oldest.name: begun}

    def _attempt(self, interpreter: Interpreter, *, builds: int) -> BuiltWheel | MultibuildError:
        share = self.choices.shares[interpreter.name]
        work = self.run.work
        try:
            folder, log = work.build(interpreter.name), work.log(interpreter.name)
            if not share.changes:  # otherwise it was begun anew when the source was changed
                log.unlink(missing_ok=True)
            return self.workshop.make(
                interpreter, share, folder=folder, log=log, builds=builds, started=self._began.set
            )
        finally:
            self._began.set()

    def _take(self, interpreter: Interpreter, made: BuiltWheel) -> None:
        """Put a wheel that was just built into the store, if it is one that its own builder can use."""
        share = self.choices.shares[interpreter.name]
        builder = replace(Builder.of(interpreter), installed=made.installed)
        origin = Origin(
            builder, str(interpreter.version), share.inputs, made.requires, made.packages, made.build_seconds
        )
        try:
            with files.explained(f"keep the wheel of {interpreter.name}"):
                wheel = read_wheel(validated(made.path, self.run.demands))
                notes = tuple(own_oddities(interpreter, wheel, policy=share.policy))
                for oddity in notes:
                    self.run.observer(events.Note(oddity, impl=interpreter.name, level="warning"))
                check_own(interpreter, wheel, tree=share.tree, policy=share.policy)
                built = self.store.add(made.path, interpreter, origin)
        except MultibuildError as error:
            self._fail(interpreter, error)
            return
        because = self.refusals[interpreter.name]
        seconds = {"env": made.env_seconds, "build": made.build_seconds}
        outcome = Outcome(
            interpreter, built, because, log=self.run.work.log(interpreter.name), notes=notes, seconds=seconds
        )
        self._tell(outcome, action="build")
        self._finish(outcome)
        self._tidying.submit(self._tidy, interpreter)  # nobody has to wait until thousands of files are gone

    def _tidy(self, interpreter: Interpreter) -> None:
        try:
            with files.explained(f"clear away the build of {interpreter.name}"):
                files.remove_tree(self.run.work.build(interpreter.name))
        except MultibuildError as error:
            self.run.observer(events.Note(str(error), impl=interpreter.name, level="warning"))

    def _tell(self, outcome: Outcome, *, action: Literal["build", "reuse"]) -> None:
        name, built = outcome.interpreter.name, outcome.built
        if built is not None:
            self.run.observer(events.Decided(name, action, built.wheel.name.filename, outcome.because))

    def _finish(self, outcome: Outcome) -> None:
        self.outcomes[outcome.interpreter.name] = outcome
        self.ready(outcome)

    def _fail(self, interpreter: Interpreter, error: MultibuildError) -> None:
        self.choices.shares.pop(interpreter.name, None)
        log = self.run.work.log(interpreter.name)
        path = log if log.exists() else None
        self.outcomes[interpreter.name] = Outcome(interpreter, error=error, log=path)
        tail = error.tail if isinstance(error, BuildError) else ""
        self.run.observer(events.Failed(interpreter.name, str(error), str(path) if path else None, tail))

    def _settled(self, outcome: Outcome) -> Outcome:
        """Say where the wheel has come to lie: wheels of one name make room for each other as long as any are built."""
        return outcome if outcome.built is None else replace(outcome, built=self.store.current(outcome.built))

    def _record(self, outcomes: Iterable[Outcome]) -> None:
        """Leave for later phases which wheel serves whom, and whose build failed."""
        self.store.serve(
            [self._served(outcome) for outcome in outcomes if not outcome.skipped], source=self.tree.digest
        )

    def _served(self, outcome: Outcome) -> Served:
        name, built = outcome.interpreter.name, outcome.built
        if built is None:
            because = (str(outcome.error),)
            return Served(name, None, None, "failed", None, because, inputs="", source=self.tree.digest, seconds={})
        return Served(
            impl=name,
            wheel=self.store.relative(built.wheel),
            sha256=built.wheel.sha256,
            action="built" if outcome.built_by == name else "reused",
            built_by=outcome.built_by,
            because=outcome.because,
            inputs=self.choices.shares[name].inputs.digest,
            source=self.tree.digest,
            seconds=dict(outcome.seconds),
        )
