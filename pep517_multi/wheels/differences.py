"""Two trees compared under rules: what differs, and which rule calls it noise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pep517_multi.wheels import aspects
from pep517_multi.wheels.rules import BY_MEANING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pep517_multi.wheels.aspects import Aspect, Value
    from pep517_multi.wheels.rules import Rule
    from pep517_multi.wheels.trees import Contents, File

_OF_BOTH = ("mode", "name", "time")
"""Aspects that say nothing where a file is in one of two trees only."""


@dataclass(frozen=True)
class Difference:
    """One aspect in which two trees differ.

    :param one: what the first has, as it is written there; ``None`` for nothing.
    :param meant: both values after all rules, where these left something different.
    :param rule: name of the rule under which both are the same, ``None`` where none says so.
    """

    aspect: Aspect
    one: Value | None
    other: Value | None
    meant: tuple[Value | None, Value | None] = (None, None)
    rule: str | None = None

    @property
    def in_one_only(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Of a header or a group of entry points: the items that the first has alone, and those of the second."""
        one, other = (Counter(value if isinstance(value, tuple) else ()) for value in self.meant)
        return tuple((one - other).elements()), tuple((other - one).elements())

    @property
    def clauses(self) -> tuple[str, ...]:
        """Say what differs, without saying in which of the two."""
        aspect = self.aspect
        if aspect.kind == "bytes":
            lonely = self.one is None or self.other is None
            return (f"{aspect.file} is in one of them only" if lonely else f"{aspect.file} differs",)
        if aspect.kind == "mode":
            return (f"the mode of {aspect.file} differs",)
        items = [item for side in self.in_one_only for item in side]
        if aspect.kind == "metadata":
            name = aspect.file.rpartition("/")[2]
            return tuple(f"{name}: {shortened(f'{aspect.label}: {item}')} is in one of them only" for item in items)
        if aspect.kind == "entry-point":
            return tuple(f"entry point {aspect.label}: {item} is in one of them only" for item in items)
        one, other = (", ".join(value) if isinstance(value, tuple) else value for value in self.meant)
        return (f"{'one is' if not aspect.file else aspect.file + ' is'} {one}, the other {other}",)


def compare(one: Contents, other: Contents, rules: Sequence[Rule]) -> tuple[Difference, ...]:
    """Return everything in which two trees differ, in the order of paths; also what a rule hides.

    Rules are tried in their order; a difference belongs to the rule after which both sides are the same.
    """
    sides = _aspects(one, rules), _aspects(other, rules)
    lonely = {aspect.file for aspect in sides[0].keys() ^ sides[1].keys() if aspect.kind == "bytes"}
    natures = [{aspect.file: aspect.nature for aspect in side if aspect.kind == "bytes"} for side in sides]
    found = []
    for aspect in sorted(sides[0].keys() | sides[1].keys()):
        values = sides[0].get(aspect), sides[1].get(aspect)
        unimportant = (aspect.kind in _OF_BOTH and aspect.file in lonely) or (aspect.kind == "order" and lonely)
        if values[0] == values[1] or unimportant:
            continue
        if aspect.kind == "bytes" and aspect.file not in lonely and natures[0][aspect.file] != natures[1][aspect.file]:
            found.append(_judged(replace(aspect, nature="file"), values, rules))
        else:
            found.append(_judged(aspect, values, rules))
    return tuple(_without_spelled(found))


def shortened(text: str, limit: int = 100) -> str:
    """Cut ``text`` to what fits into a line with others."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _aspects(contents: Contents, rules: Sequence[Rule]) -> Mapping[Aspect, Value]:
    known = dict(aspects.of_archive(contents))
    for path, file in _renamed(contents, rules).items():
        known.update(aspects.of_file(file, path))
    return known


def _renamed(contents: Contents, rules: Sequence[Rule]) -> Mapping[str, File]:
    """Give each file its normalised path; where two would get the same, the later one keeps its own."""
    named: dict[str, File] = {}
    for file in contents.files:
        path = file.path
        for rule in rules:
            path = rule.rename(path) if rule.rename else path
        named[file.path if path in named else path] = file
    return named


def _judged(aspect: Aspect, values: tuple[Value | None, Value | None], rules: Sequence[Rule]) -> Difference:
    one, other = values
    for rule in rules:
        one, other = (_under(rule, aspect, value) for value in (one, other))
        if one == other:
            return Difference(aspect, *values, rule=rule.name)
    return Difference(aspect, *values, meant=(one, other))


def _under(rule: Rule, aspect: Aspect, value: Value | None) -> Value | None:
    if aspect.kind == "name" and aspect.file and rule.rename is not None and isinstance(value, str):
        return rule.rename(value)
    if value is None or rule.normalise is None or not rule.about(aspect):
        return value
    return rule.normalise(value)


def _without_spelled(found: Sequence[Difference]) -> Iterator[Difference]:
    """Leave out that a file of metadata is spelled differently, where a difference in what it says explains that."""
    said = {difference.aspect.file for difference in found if difference.aspect.kind in {"metadata", "entry-point"}}
    for difference in found:
        if difference.rule != BY_MEANING.name or difference.aspect.file not in said:
            yield difference
