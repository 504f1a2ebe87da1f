"""Proof by comparison: where the oldest and the newest of a family build the same, those between would build it too."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pep517_multi.wheels.contents import contents, differences
from pep517_multi.wheels.decision import Builder, Built, Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pep517_multi.wheels.wheel import Wheel

_SHOWN = 3


def compare_ends(wheels: Sequence[Built], packages: Mapping[str, Mapping[str, str]]) -> Iterator[Comparison]:
    """Compare, for each ABI family with at least two builders, the wheels of its oldest and its newest builder.

    :param wheels: all made from the same inputs.
    :param packages: what each builder built with: canonical name → package → version.
    """
    made_by = {builder: built for built in wheels for builder in built.builders}
    for family in sorted({builder.abi_family for builder in made_by}):
        builders = sorted((one for one in made_by if one.abi_family == family), key=lambda builder: builder.python)
        if builders[0].python < builders[-1].python:
            yield _compared(builders, made_by, packages)


def _compared(
    builders: Sequence[Builder], made_by: Mapping[Builder, Built], packages: Mapping[str, Mapping[str, str]]
) -> Comparison:
    """Compare what ``builders`` of one family made, who come in the order of their versions."""
    oldest, newest = builders[0], builders[-1]
    ends = made_by[oldest], made_by[newest]
    found = _different(ends[0].wheel, ends[1].wheel)
    if not found:
        because = f"{oldest.name} and {newest.name} built the same, so whoever lies between them would too"
        if any(tag.abi.startswith("abi3") for built in ends for tag in built.wheel.name.tags):
            because += " (compiled modules apart, which keep to the stable ABI)"
    else:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        because = f"{oldest.name} and {newest.name} built different wheels: {'; '.join(found[:_SHOWN])}{more}"
        causes = list(other_versions(packages.get(oldest.name, {}), packages.get(newest.name, {})))
        if causes:
            because += f" (they built with different versions, which may be the cause: {', '.join(causes)})"
    hashes = frozenset(built.wheel.sha256 for built in ends)
    alike = frozenset(one.python for one in builders if not _different(ends[0].wheel, made_by[one].wheel))
    return Comparison(oldest.abi_family, oldest.python, newest.python, hashes, not found, because, alike)


@lru_cache(maxsize=64)
def _different(one: Wheel, other: Wheel) -> tuple[str, ...]:
    return () if one == other else differences(contents(one), contents(other))


def other_versions(one: Mapping[str, str], other: Mapping[str, str]) -> Iterable[str]:
    """Name the packages that two builds had in different versions, one clause each."""
    common = sorted(one.keys() & other.keys())
    return (f"{name} {one[name]} and {other[name]}" for name in common if one[name] != other[name])
