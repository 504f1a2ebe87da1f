"""From the runs of one package to its judgement: false reuses, lost extensions, builds against the fewest possible."""

from __future__ import annotations

import fnmatch
import textwrap
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from comparing import compared
from pins import expected_verdict
from workbench import extension_name

from pep517_multi.wheels.decision import is_stable_abi, misfits, usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pins import Expectation
    from workbench import Impl, Run, Workbench

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.wheels.wheel import Wheel

_LONELY = " is in one of them only"
_ENDINGS = (_LONELY, " differs")
_SHOWN = 3
_WIDTH = 160


@dataclass(frozen=True)
class Accepted:
    """A difference that is known and accepted: where (a pattern of file names or ``METADATA: …``), and why."""

    package: str
    file: str
    reason: str


@dataclass
class Judgement:
    """What a package came to.

    :param impls: those that count: a fresh build of theirs succeeds.
    :param builds: made with reuse; ``minimum`` is the smallest number that would have done.
    :param false_reuses: implementation → differences between what it was served and what it would have built.
    :param lost: implementation → extension modules that its own build has and the wheel it was served lacks.
    :param failed: implementation → why it has no wheel with reuse, although its own build gives one.
    :param broken_promises: implementation → what the plan said and what happened.
    :param verdicts: implementation → what QA said of the wheel that it was served.
    :param unexpected: implementation → that verdict and the one that the corpus expects, where it is another.
    :param excused: differences that are no fault of reuse, with the reason.
    :param unconfirmed: implementations that were served but cannot build for themselves.
    """

    impls: tuple[str, ...]
    verdict: str
    because: tuple[str, ...]
    builds: int
    minimum: int = 0
    false_reuses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    broken_promises: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    unexpected: dict[str, str] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    unconfirmed: tuple[str, ...] = ()
    seconds: float = 0.0
    seconds_fresh: float = 0.0

    @property
    def outcome(self) -> str:
        """One word for all of it: the worst that was found."""
        found = {
            "false reuse": self.false_reuses,
            "lost extension": self.lost,
            "failed": self.failed,
            "broken promise": self.broken_promises,
            "unexpected verdict": self.unexpected,
        }
        return next((name for name, problems in found.items() if problems), "ok" if self.impls else "not supported")


@dataclass
class Judge:
    """Compares what each implementation was served with what it would have built.

    :param accepted: the accepted differences of this package.
    :param expectations: what QA is expected to say of it.
    """

    bench: Workbench
    accepted: Sequence[Accepted] = ()
    expectations: Sequence[Expectation] = ()
    noise: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def judge(self) -> Judgement:
        """Build with and without reuse, and compare."""
        promised = self.bench.promised()
        shared = self.bench.build("shared")
        self.fresh = self.bench.build("fresh", "--no-reuse")
        counted = tuple(impl.name for impl in self.fresh.impls.values() if impl.wheel is not None)
        self.found = Judgement(
            impls=counted,
            verdict=shared.verdict,
            because=shared.because,
            builds=sum(impl.action in {"built", "failed"} for impl in shared.impls.values() if impl.name in counted),
            unconfirmed=tuple(
                impl.name for impl in shared.impls.values() if impl.action == "reused" and impl.name not in counted
            ),
            seconds=shared.seconds,
            seconds_fresh=self.fresh.seconds,
        )
        for name in counted:
            self._judge_impl(shared.impls[name])
        self.found.broken_promises = broken_promises(promised, shared)
        self._examine(shared)
        self.found.minimum = self._minimum(counted)
        return self.found

    def _judge_impl(self, impl: Impl) -> None:
        if impl.wheel is None:
            self.found.failed[impl.name] = impl.error or "no reason given"
            return
        if impl.action != "reused":
            return
        own = self._wheel(impl.name)
        if lost := _modules(own) - _modules(impl.wheel):
            self.found.lost[impl.name] = tuple(sorted(lost))
        wrong = [*self._unexplained(impl.wheel, impl.name, str(impl.built_by)), *self._not_loaded(impl)]
        if wrong:
            self.found.false_reuses[impl.name] = tuple(wrong)

    def _examine(self, shared: Run) -> None:
        """Let the program itself judge what it shared, and hold its verdicts against those that are expected."""
        reused = [impl for impl in shared.impls.values() if impl.action == "reused"]
        if not reused:
            return
        served = [impl.name for impl in shared.impls.values() if impl.wheel is not None]
        said = self.bench.examine("shared", impls=served)
        for impl in reused:
            verdict, why = said.get(impl.name, ("nothing", ()))
            self.found.verdicts[impl.name] = verdict
            expected = expected_verdict(self.expectations, impl.name)
            # Which versions an old Python still gets is a fact of the day, not of the package.
            versions = verdict == "benign" and self._had_other_versions(impl.name, str(impl.built_by))
            if verdict != expected and not (versions and expected == "identical"):
                told = "".join(f"; {textwrap.shorten(one, _WIDTH)}" for one in why[:_SHOWN])
                self.found.unexpected[impl.name] = f"QA says {verdict}, not {expected}{told}"

    def _had_other_versions(self, impl: str, builder: str) -> bool:
        """Whether the two build with other versions of their build requirements."""
        return self.fresh.packages.get(impl) != self.fresh.packages.get(builder)

    def _wheel(self, name: str) -> Wheel:
        wheel = self.fresh.impls[name].wheel
        if wheel is None:
            raise LookupError(f"{name} has no fresh wheel")
        return wheel

    def _not_loaded(self, impl: Impl) -> Iterable[str]:
        """Name the stable-ABI modules that load from what ``impl`` built and not from what it was served."""
        if impl.wheel is None or not all(is_stable_abi(tag) for tag in impl.wheel.name.tags):
            return
        interpreter = self._interpreters[impl.name]
        own = self.bench.load_extensions(interpreter, self._wheel(impl.name))
        for module, problem in self.bench.load_extensions(interpreter, impl.wheel).items():
            if problem is not None and own.get(module, problem) is None:
                yield f"{module} cannot be loaded: {problem}"

    @property
    def _interpreters(self) -> Mapping[str, Interpreter]:
        return {one.name: one for one in self.bench.interpreters}

    # What is different, and whose fault it is

    def _unexplained(self, wheel: Wheel, impl: str, builder: str) -> tuple[str, ...]:
        """Return the differences between ``wheel`` and the fresh wheel of ``impl`` that nothing but reuse explains."""
        left = self._left(compared(wheel, self._wheel(impl)))
        if left:
            self._excuse(self._accepted_of(left))
            self._excuse(self._noise_of(impl))
            left = self._left(left)
        if left and self._had_other_versions(impl, builder):
            self._excuse(self._of_versions(left, impl, builder))
            left = self._left(left)
        return left

    def _left(self, found: Iterable[str]) -> tuple[str, ...]:
        return tuple(one for one in found if one not in self.found.excused)

    def _excuse(self, excused: Mapping[str, str]) -> None:
        self.found.excused |= {clause: why for clause, why in excused.items() if clause not in self.found.excused}

    def _accepted_of(self, found: Iterable[str]) -> Mapping[str, str]:
        return {
            clause: f"accepted: {known.reason}"
            for known in self.accepted
            for clause in found
            if fnmatch.fnmatchcase(subject(clause), known.file)
        }

    def _noise_of(self, impl: str) -> Mapping[str, str]:
        """Let ``impl`` build once more: what differs from its first build, reuse has nothing to do with."""
        if impl not in self.noise:
            again = self.bench.build(f"again-{impl}", "--no-reuse", impls=[impl]).impls[impl].wheel
            found = () if again is None else compared(again, self._wheel(impl))
            self.noise[impl] = dict.fromkeys(found, f"two builds of {impl} differ in it")
        return self.noise[impl]

    def _of_versions(self, found: Iterable[str], impl: str, builder: str) -> Mapping[str, str]:
        """Let both build with the versions that ``impl`` had: what then is the same was the versions' doing."""
        pins = self.bench.folder / f"versions-{impl}.txt"
        had = self.fresh.packages.get(impl, {})
        pins.write_text("".join(f"{name}=={version}\n" for name, version in sorted(had.items())), encoding="utf-8")
        options = ("--no-reuse", "--build-constraint", str(pins))
        both = self.bench.build(f"versions-{impl}-{builder}", *options, impls=[impl, builder])
        wheels = [both.impls[name].wheel for name in (impl, builder)]
        if wheels[0] is None or wheels[1] is None:
            return {}
        remaining = compared(wheels[0], wheels[1])
        theirs = self.fresh.packages.get(builder, {})
        changed = [
            f"{name} {theirs[name]} or {had[name]}"
            for name in sorted(had)
            if theirs.get(name, "") not in ("", had[name])
        ]
        why = f"the versions of {', '.join(changed)}, not the implementation"
        return {clause: why for clause in found if clause not in remaining}

    # The fewest builds possible

    def _minimum(self, impls: Sequence[str]) -> int:
        groups = {(builder, impl) for builder in impls for impl in impls if self._could_serve(builder, impl)}
        return fewest(impls, groups)

    def _could_serve(self, builder: str, impl: str) -> bool:
        """Whether the wheel that ``builder`` makes is what ``impl`` would make, and is one that it takes."""
        if builder == impl:
            return True
        wheel, interpreter = self._wheel(builder), self._interpreters[impl]
        if any(misfits(interpreter, wheel)) or _modules(wheel) != _modules(self._wheel(impl)):
            return False
        if (
            is_stable_abi(usable(interpreter, wheel.name.tags)[0])
            and interpreter.python < self._interpreters[builder].python
        ):
            return False
        if any(clause.endswith(_LONELY) for clause in compared(wheel, self._wheel(impl)) if ": " not in clause):
            return False  # another set of files is no noise, and to make sure would cost builds
        return not self._unexplained(wheel, impl, builder)


def _modules(wheel: Wheel) -> set[str]:
    return {extension_name(member) for member in wheel.extensions}


def fewest(impls: Sequence[str], serves: Iterable[tuple[str, str]]) -> int:
    """Return the size of the smallest set of builders that serves all; ``serves`` has (builder, served)."""
    known = set(serves)
    for size in range(len(impls) + 1):
        for builders in combinations(impls, size):
            if all(any((builder, impl) in known for builder in builders) for impl in impls):
                return size
    raise ValueError("some implementation is served by nobody, not even by itself")


def subject(clause: str) -> str:
    """Return what a difference is about: a file, ``METADATA: header``, ``entry point …``."""
    for ending in _ENDINGS:
        clause = clause.removesuffix(ending)
    return clause


PROMISES = {
    "build": frozenset({"built", "failed"}),
    "reuse": frozenset({"reused"}),
    "stable-abi": frozenset({"reused", "built", "failed"}),
    "proof": frozenset({"reused", "built", "failed"}),
    "skip": frozenset({"skipped"}),
    "fail": frozenset({"failed"}),
}
"""What ``multibuild plan`` says of an implementation in a fresh work directory → what may then happen."""


def broken_promises(promised: Mapping[str, str], run: Run) -> dict[str, str]:
    """Return for each implementation for which something else happened than the plan said, what."""
    return {
        name: f"planned {said}, happened {run.impls[name].action}"
        for name, said in promised.items()
        if run.impls[name].action not in PROMISES.get(said, frozenset())
    }
