"""May a wheel that one implementation built serve another one? A pure function over values, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.wheels.installed import Installed
    from pep517_multi.wheels.wheel import Wheel


class ReuseMode(str, Enum):
    """What ``--reuse`` says: reuse where it is known to be right, where the tags fit, or never."""

    AUTO = "auto"
    TAGS = "tags"
    NEVER = "never"


class Dependence(str, Enum):
    """What evidence and settings together say about the wheels of a project."""

    INDEPENDENT = "independent"
    EXTENSION = "extension"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Policy:
    """What a run knows of the project, and what it may do.

    :param dependence: the verdict of the evidence, or what ``--ext`` says instead.
    :param extension_required: ``--ext yes``: a wheel without any extension module is a failure.
    :param share_stable_abi: false under ``--no-abi3``.
    :param because: the reasons of ``dependence``.
    :param doubts: what else than extension modules may differ between builders, where there are extension modules.
    :param tag_doubts: what may keep some versions from using the stable ABI that others use.
    :param turning_points: gives the minor versions of Python 3 from which on the build may do something else.
    :param stops_below: the minor version of Python 3 below which the build may stop as too old; 0: it does not.
    """

    mode: ReuseMode = ReuseMode.AUTO
    dependence: Dependence = Dependence.UNKNOWN
    extension_required: bool = False
    share_stable_abi: bool = True
    because: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    tag_doubts: tuple[str, ...] = ()
    turning_points: Callable[[], frozenset[int]] = frozenset
    stops_below: int = 0

    def may_stop(self, python: tuple[int, int], *, builders: Iterable[tuple[int, int]]) -> bool:
        """Whether the build may stop for ``python`` as too old, which no build of ``builders`` tells."""
        return python[1] < self.stops_below and all(python < builder for builder in builders)

    def stretch(self, python: tuple[int, int]) -> int:
        """Return in which stretch of versions between turning points ``python`` lies, as a number."""
        return sum(minor <= python[1] for minor in self.turning_points())

    @property
    def tag_may_change(self) -> bool:
        """Whether a stable-ABI wheel is shared, without proof, between turning points alone."""
        return self.mode is ReuseMode.AUTO and bool(self.tag_doubts) and not self.proof_needed

    @property
    def proof_needed(self) -> bool:
        """Whether a wheel is shared only after builds at two ends were found to be equal."""
        uncertain = self.dependence is Dependence.UNKNOWN or bool(self.doubts)
        return self.mode is ReuseMode.AUTO and uncertain

    def with_ext(self, *, ext: bool | None) -> Policy:
        """Let the user's word on extension modules overrule the evidence; ``None`` is ``--ext auto``."""
        if ext:
            required = ("--ext yes: extension modules are required",)
            doubts = self.because if self.dependence is Dependence.UNKNOWN else self.doubts
            return replace(
                self, dependence=Dependence.EXTENSION, extension_required=True, because=required, doubts=doubts
            )
        if ext is False and self.dependence is Dependence.EXTENSION:
            overruled = ("--ext no: extension modules are not looked for", *self.because)
            return replace(self, dependence=Dependence.UNKNOWN, because=(*overruled, *self.doubts), doubts=())
        return self


@dataclass(frozen=True)
class Built:
    """A wheel and who built it from what.

    :param builders: implementations whose builds gave exactly this file, in order of work; none where nothing tells.
    :param inputs: digest of all that went in besides the interpreter: sources, patches, settings, flags.
    :param objections: what an audit found that speaks against sharing it, one clause each.
    """

    wheel: Wheel
    builders: tuple[Builder, ...]
    inputs: str
    objections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Builder:
    """The implementation that built a wheel, as far as a decision needs it.

    :param identity: which interpreter exactly it was, of all that have this name.
    :param installed: what it built with, where that may change from one run to the next.
    """

    name: str
    abi_family: str
    python: tuple[int, int]
    identity: str
    installed: Installed | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, interpreter: Interpreter) -> Builder:
        """Describe ``interpreter`` as the builder of a wheel."""
        return cls(interpreter.name, interpreter.abi_family, interpreter.python, interpreter.identity)


@dataclass(frozen=True)
class Comparison:
    """Builds at the two ends of a range of implementations were compared.

    :param abi_family: whose range it is.
    :param oldest: language version at its lower end; ``newest`` at the upper one, both included.
    :param wheels: hashes of the wheels at the ends.
    :param equal: whether they would install the same.
    :param because: what was compared and what came of it, one clause.
    :param alike: language versions of all builders of the family whose wheels would install the same as the oldest's.
    """

    abi_family: str
    oldest: tuple[int, int]
    newest: tuple[int, int]
    wheels: frozenset[str]
    equal: bool
    because: str
    alike: frozenset[tuple[int, int]] = frozenset()

    def proves(self, interpreter: Interpreter, built: Built, policy: Policy) -> bool:
        """Whether ``interpreter`` lies in a range whose ends are equal, and ``built`` is the wheel of one of them.

        Somebody on the same side of all turning points must have built the same, too.
        """
        within = self.covers(interpreter) and built.wheel.sha256 in self.wheels
        return self.equal and within and self.speaks_for(interpreter, policy)

    def covers(self, interpreter: Interpreter) -> bool:
        """Whether ``interpreter`` lies between the ends."""
        return self.oldest <= interpreter.python <= self.newest and interpreter.abi_family == self.abi_family

    def speaks_for(self, interpreter: Interpreter, policy: Policy) -> bool:
        """Whether one of those who built alike is on the same side of all turning points as ``interpreter``."""
        stretch = policy.stretch(interpreter.python)
        return any(policy.stretch(python) == stretch for python in {self.oldest, self.newest, *self.alike})


@dataclass(frozen=True)
class Reuse:
    """``built`` serves the implementation, for these reasons."""

    built: Built
    because: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """The implementation must build; ``because`` has a reason for each wheel that could have served."""

    because: tuple[str, ...] = field(default=())


Decision: TypeAlias = Reuse | Build


def decide(
    interpreter: Interpreter,
    wheels: Sequence[Built],
    *,
    policy: Policy,
    inputs: str,
    comparisons: Iterable[Comparison] = (),
) -> Decision:
    """Decide whether one of ``wheels`` serves ``interpreter``, and which is the best.

    A wheel that this very interpreter built from the same inputs always serves it. Of several that may serve, the
    one with the highest compatible version tag wins, a stable ABI before none, whatever the order of ``wheels``.

    :param inputs: digest of what a fresh build would be made from.
    """
    candidates = sorted(wheels, key=lambda built: _preference(interpreter, built))
    refusals: list[str] = []
    comparisons = tuple(comparisons)
    for built in candidates:
        own = any(builder.identity == interpreter.identity for builder in built.builders)
        if own and built.inputs == inputs and not any(misfits(interpreter, built.wheel)):
            return Reuse(built, (f"built by {interpreter.name} itself",))
    for built in candidates:
        reasons = tuple(_against(interpreter, built, policy=policy, inputs=inputs, comparisons=comparisons))
        if not reasons:
            return Reuse(built, tuple(_in_favour(interpreter, built, policy=policy, comparisons=comparisons)))
        refusals.append(f"{_told(built)}: {'; '.join(reasons)}")
    return Build(tuple(refusals) or _first_reasons(policy))


def _told(built: Built) -> str:
    """Name a wheel so that it cannot be mistaken for another of the same name."""
    by = ", ".join(builder.name for builder in built.builders)
    return f"{built.wheel.name} of {by}" if by else f"{built.wheel.name} of unknown origin"


def _first_reasons(policy: Policy) -> tuple[str, ...]:
    """Why there is a build although no wheel was refused."""
    if policy.mode is ReuseMode.NEVER:
        return ("--reuse never: each implementation builds",)
    if policy.dependence is Dependence.UNKNOWN and policy.mode is ReuseMode.AUTO:
        return ("it is not known whether implementations may share a wheel", *policy.because)
    if policy.dependence is Dependence.EXTENSION:
        return ("the project builds extension modules", *policy.because, *_doubted(policy))
    return ("no wheel is there yet",)


def _doubted(policy: Policy) -> Iterator[str]:
    if policy.doubts and policy.proof_needed:
        more = f" and {len(policy.doubts) - 1} more" if len(policy.doubts) > 1 else ""
        yield f"it is not known whether the rest of the wheel would be the same ({policy.doubts[0]}{more})"


def _preference(interpreter: Interpreter, built: Built) -> tuple[object, ...]:
    """Order wheels: those that fit first, then as :func:`decide` says, the oldest builder first among equals."""
    fitting = [tag for tag in built.wheel.name.tags if interpreter.rank([tag]) is not None]
    rank = interpreter.rank(fitting)
    version = max((_tag_version(tag) for tag in fitting), default=())
    stable = any(is_stable_abi(tag) for tag in fitting)
    others = built.wheel.name.filename, tuple((builder.abi_family, builder.python) for builder in built.builders)
    return (rank is None, tuple(-part for part in version), not stable, rank if rank is not None else 0, others)


def _tag_version(tag: Tag) -> tuple[int, ...]:
    digits = tag.interpreter.lstrip("abcdefghijklmnopqrstuvwxyz")
    return (int(digits[0]), int(digits[1:] or 0)) if digits.isdigit() else ()


def is_stable_abi(tag: Tag) -> bool:
    """Whether ``tag`` names a stable ABI (:pep:`384`, :pep:`803`)."""
    return tag.abi in {"abi3", "abi3t"}


def usable(interpreter: Interpreter, tags: Iterable[Tag]) -> list[Tag]:
    """Return those of ``tags`` that the interpreter takes; best first."""
    ranked = [(rank, str(tag), tag) for tag in tags if (rank := interpreter.rank([tag])) is not None]
    return [tag for _, _, tag in sorted(ranked)]


def _against(
    interpreter: Interpreter, built: Built, *, policy: Policy, inputs: str, comparisons: tuple[Comparison, ...]
) -> Iterator[str]:
    """Yield each reason why ``built`` must not serve ``interpreter``; none means that it may."""
    if policy.mode is ReuseMode.NEVER:
        yield "--reuse never: each implementation builds"
        return
    if built.inputs != inputs:
        yield "it was built from other sources, patches, settings or flags"
    yield from built.objections
    yield from misfits(interpreter, built.wheel)
    tags = usable(interpreter, built.wheel.name.tags)
    if tags:
        yield from _against_abi(interpreter, built, tags, policy=policy)
    yield from _against_project(interpreter, built, tags, policy=policy, comparisons=comparisons)


def misfits(interpreter: Interpreter, wheel: Wheel) -> Iterator[str]:
    """Yield what of the wheel itself keeps ``interpreter`` from using it, whoever built it."""
    if not usable(interpreter, wheel.name.tags):
        yield f"{interpreter.name} does not take the tag {wheel.name.tag_text}"
    if not admits(wheel, interpreter):
        yield f"it requires Python {wheel.requires_python}, {interpreter.name} is {interpreter.version}"
    foreign = [member for member in wheel.extensions if not _importable(interpreter, member)]
    if foreign:
        yield f"{interpreter.name} cannot import {_few(foreign)} (it takes {', '.join(interpreter.extension_suffixes)})"


def admits(wheel: Wheel, interpreter: Interpreter) -> bool:
    """Whether ``Requires-Python`` of the wheel admits the interpreter, as :func:`admitted` has it."""
    return admitted(interpreter, wheel.requires_python)


def admitted(interpreter: Interpreter, required: SpecifierSet | None) -> bool:
    """Whether ``Requires-Python`` admits the interpreter; a release candidate counts as its release, too."""
    if required is None:
        return True
    version = interpreter.version
    return required.contains(version, prereleases=True) or required.contains(Version(version.base_version))


def _importable(interpreter: Interpreter, member: str) -> bool:
    """Whether a file name ends as the target's import system wants, and not with another implementation's ABI."""
    name = member.rpartition("/")[2]
    _, dot, ending = name.partition(".")
    return dot + ending in interpreter.extension_suffixes


def _against_abi(interpreter: Interpreter, built: Built, tags: list[Tag], *, policy: Policy) -> Iterator[str]:
    best = tags[0]
    if is_stable_abi(best):
        if not policy.share_stable_abi:
            yield "--no-abi3: a stable-ABI wheel is not shared"
        oldest = min(built.builders, key=lambda builder: builder.python, default=None)
        if oldest is not None and interpreter.python < oldest.python:
            yield (
                f"it was built with the headers of {oldest.name}, and a stable-ABI wheel serves no implementation "
                "older than its builder"
            )
    elif best.abi != "none":
        yield f"its ABI {best.abi} belongs to one implementation"
    elif built.wheel.extensions:
        yield f"its tag says that it has no ABI, but it holds {_few(built.wheel.extensions)}"


def _against_project(
    interpreter: Interpreter, built: Built, tags: list[Tag], *, policy: Policy, comparisons: tuple[Comparison, ...]
) -> Iterator[str]:
    if policy.mode is ReuseMode.AUTO and policy.may_stop(
        interpreter.python, builders=[builder.python for builder in built.builders]
    ):
        yield f"the build stops for Pythons that are too old, which {interpreter.name} may be: who built it is newer"
    stable = bool(tags) and is_stable_abi(tags[0])
    expected = policy.dependence is Dependence.EXTENSION
    if expected and tags and not stable:
        yield "the project builds extension modules, and this wheel without any may be one build's accident"
    if stable and not built.wheel.extensions:
        yield "its tag names a stable ABI, but it holds no extension module"
    if stable and policy.tag_may_change and not _is_near(interpreter, built, policy):
        yield (
            f"whether {interpreter.name} would use the stable ABI is not known, for the build speaks of a version of "
            f"Python that sets it apart from who built this ({policy.tag_doubts[0]})"
        )
    if (
        policy.proof_needed
        and (stable or not expected)
        and not any(comparison.proves(interpreter, built, policy) for comparison in comparisons)
    ):
        doubted = next(_doubted(policy), "it is not known whether a fresh build would give the same")
        yield next(_unproved(interpreter, policy, comparisons), doubted)


def _is_near(interpreter: Interpreter, built: Built, policy: Policy) -> bool:
    """Whether no turning point lies between ``interpreter`` and one of those who built."""
    stretch = policy.stretch(interpreter.python)
    return any(policy.stretch(builder.python) == stretch for builder in built.builders)


def _unproved(interpreter: Interpreter, policy: Policy, comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Yield why comparisons with builds of the interpreter's own family prove nothing for it."""
    for known in comparisons:
        if not known.equal and known.abi_family == interpreter.abi_family:
            yield known.because
        elif known.covers(interpreter) and not known.speaks_for(interpreter, policy):
            yield (
                f"{known.because}, but the build speaks of a version of Python that sets {interpreter.name} apart from "
                "all who built that"
            )


def _in_favour(
    interpreter: Interpreter, built: Built, *, policy: Policy, comparisons: tuple[Comparison, ...]
) -> Iterator[str]:
    tag = usable(interpreter, built.wheel.name.tags)[0]
    yield f"{interpreter.name} takes {tag}"
    if is_stable_abi(tag):
        yield f"its {_few(built.wheel.extensions)} uses the stable ABI and was built by an implementation no newer"
        yield from (known.because for known in comparisons if known.proves(interpreter, built, policy))
    elif policy.dependence is Dependence.INDEPENDENT:
        yield from policy.because
    elif policy.mode is ReuseMode.TAGS:
        yield "--reuse tags: the tags alone are trusted"
    else:
        yield from (known.because for known in comparisons if known.proves(interpreter, built, policy))


def _few(members: Sequence[str]) -> str:
    shown = ", ".join(members[:2])
    return shown if len(members) <= 2 else f"{shown} and {len(members) - 2} more"  # noqa: PLR2004 - as many as are shown
