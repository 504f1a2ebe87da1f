"""Which implementations build next, and what is expected of the others: pure functions, never a matter of timing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pep517_multi.report import Expected
from pep517_multi.wheels.decision import Dependence, Policy, ReuseMode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter


def expect(
    interpreter: Interpreter, *, builders: Sequence[Interpreter], everyone: Sequence[Interpreter], policy: Policy
) -> tuple[Expected, str, tuple[str, ...]]:
    """Say what is expected of one who waits while ``builders`` build: what, whose wheel, why.

    :param everyone: all who build from the same inputs, in order of work.
    """
    family = [builder.name for builder in builders if builder.abi_family == interpreter.abi_family]
    relatives = [one.name for one in everyone if one.abi_family == interpreter.abi_family]
    ends = f"{relatives[0]} and {relatives[-1]}"
    if policy.dependence is Dependence.EXTENSION and policy.proof_needed:
        because = (f"if {ends} build the same with the stable ABI, it serves {interpreter.name} between them too",)
        return Expected.PROOF, relatives[0], (*because, *policy.because, *policy.doubts)
    if policy.dependence is Dependence.EXTENSION:
        if policy.tag_may_change:
            stretch = policy.stretch(interpreter.python)
            near = [builder.name for builder in builders if policy.stretch(builder.python) == stretch]
            family = [name for name in family if name in near] or family
        because = (f"{family[0]} builds first; if its wheel uses the stable ABI, it serves {interpreter.name} too",)
        return Expected.STABLE_ABI, family[0], (*because, *policy.because)
    if policy.proof_needed:
        because = (f"if {ends} build the same, {interpreter.name} between them would too",)
        return Expected.PROOF, relatives[0], (*because, *policy.because)
    return Expected.REUSE, family[0] if family else builders[0].name, policy.because


def next_builders(
    waiting: Sequence[Interpreter],
    *,
    policy: Policy,
    everyone: Sequence[Interpreter],
    tried: Collection[str],
    stable_abi_expected: bool,
) -> tuple[Interpreter, ...]:
    """Choose who builds in the next wave, side by side, out of those whom no wheel serves yet.

    :param waiting: in order of work; not empty.
    :param everyone: all who take part in the run, those who are served and not those who failed; in order of work.
    :param tried: ABI families of which a build was made already: a second one of it could not be spared.
    :param stable_abi_expected: whether one build may serve a whole ABI family although there are extension modules.
    """
    if policy.mode is ReuseMode.NEVER:
        return tuple(waiting)
    if policy.dependence is Dependence.EXTENSION:
        shared = {"cpython"} if stable_abi_expected and policy.share_stable_abi else set()
        return _next_of_extensions(waiting, policy=policy, everyone=everyone, tried=tried, shared=shared)
    if policy.proof_needed:
        return tuple(_ends(waiting, everyone, policy)) or tuple(waiting)
    if not tried:
        older = min(waiting, key=lambda interpreter: interpreter.python)
        stops = policy.may_stop(older.python, builders=[waiting[0].python])
        return (waiting[0], older) if stops else (waiting[0],)
    return tuple(_first_of_each(waiting, tried=tried, shared={interpreter.abi_family for interpreter in waiting}))


def _next_of_extensions(
    waiting: Sequence[Interpreter],
    *,
    policy: Policy,
    everyone: Sequence[Interpreter],
    tried: Collection[str],
    shared: Collection[str],
) -> tuple[Interpreter, ...]:
    """Choose who builds extension modules next; of families that may share a stable ABI not all at once."""
    if policy.proof_needed:
        chosen = [*_ends(waiting, everyone, policy)]
    elif policy.tag_may_change and not set(shared) <= set(tried):
        chosen = [*{policy.stretch(one.python): one for one in reversed(waiting) if one.abi_family in shared}.values()]
    else:
        return tuple(_first_of_each(waiting, tried=tried, shared=shared))
    return tuple(one for one in waiting if one.abi_family not in shared or one in chosen) or tuple(waiting)


def families(interpreters: Sequence[Interpreter]) -> Iterator[list[Interpreter]]:
    """Yield the members of each ABI family, oldest first."""
    for _, members in groupby(interpreters, key=lambda interpreter: interpreter.abi_family):
        yield list(members)


def _ends(waiting: Sequence[Interpreter], everyone: Sequence[Interpreter], policy: Policy) -> Iterator[Interpreter]:
    """Yield of each family the oldest and the newest, if they wait: what lies between may then be proved.

    So does the oldest of each stretch of versions between turning points in which neither of the two is.
    """
    chosen: set[str] = set()
    for members in families(everyone):
        stretches: set[int] = set()
        for interpreter in (members[0], members[-1], *members[1:-1]):
            stretch = policy.stretch(interpreter.python)
            if interpreter in (members[0], members[-1]) or stretch not in stretches:
                chosen.add(interpreter.name)
            stretches.add(stretch)
    yield from (interpreter for interpreter in waiting if interpreter.name in chosen)


def _first_of_each(
    waiting: Sequence[Interpreter], *, tried: Collection[str], shared: Collection[str]
) -> Iterator[Interpreter]:
    """Yield the oldest of each family that may share and was not tried, and all of the others."""
    for oldest, *others in families(waiting):
        yield oldest
        if oldest.abi_family not in shared or oldest.abi_family in tried:
            yield from others
