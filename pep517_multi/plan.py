"""Which implementations build next: a pure function, so that the result never depends on which build ends first."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pep517_multi.wheels.decision import Dependence, Policy, ReuseMode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter


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
    if policy.dependence is Dependence.UNKNOWN and policy.mode is ReuseMode.AUTO:
        return tuple(_ends(waiting, everyone)) or tuple(waiting)
    if policy.dependence is Dependence.EXTENSION:
        shared = {"cpython"} if stable_abi_expected and policy.share_stable_abi else set()
        return tuple(_first_of_each(waiting, tried=tried, shared=shared))
    if not tried:
        return (waiting[0],)
    return tuple(_first_of_each(waiting, tried=tried, shared={interpreter.abi_family for interpreter in waiting}))


def families(interpreters: Sequence[Interpreter]) -> Iterator[list[Interpreter]]:
    """Yield the members of each ABI family, oldest first."""
    for _, members in groupby(interpreters, key=lambda interpreter: interpreter.abi_family):
        yield list(members)


def _ends(waiting: Sequence[Interpreter], everyone: Sequence[Interpreter]) -> Iterator[Interpreter]:
    """Yield of each family the oldest and the newest, if they wait: what lies between may then be proved."""
    ends = [end.name for members in families(everyone) for end in (members[0], members[-1])]
    yield from (interpreter for interpreter in waiting if interpreter.name in ends)


def _first_of_each(
    waiting: Sequence[Interpreter], *, tried: Collection[str], shared: Collection[str]
) -> Iterator[Interpreter]:
    """Yield the oldest of each family that may share and was not tried, and all of the others."""
    for oldest, *others in families(waiting):
        yield oldest
        if oldest.abi_family not in shared or oldest.abi_family in tried:
            yield from others
