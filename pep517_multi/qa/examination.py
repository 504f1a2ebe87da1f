"""A reused wheel beside a fresh one: differences, noise, acceptance, verdict. Builds and installs through its ports."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.qa.findings import SAME_VERSIONS, SECOND_BUILD, finding, is_told
from pep517_multi.qa.noise import is_noise
from pep517_multi.qa.verdicts import conclude, counts
from pep517_multi.wheels.differences import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pep517_multi.findings import Finding, QaReport
    from pep517_multi.qa.findings import Sides
    from pep517_multi.qa.verdicts import Policy
    from pep517_multi.wheels.differences import Difference
    from pep517_multi.wheels.rules import Rule
    from pep517_multi.wheels.trees import Contents

Comparing: TypeAlias = "Callable[[Contents, Contents, tuple[Rule, ...]], tuple[Difference, ...]]"

_DATA = re.compile(r"^[^/]+\.data/[^/]+/")
_OF_VERSIONS = (None, "generator", "metadata-version", "dynamic", "license-file", "licence-folder", SAME_VERSIONS)
_HOW_LIKELY = {None: "may be the", SAME_VERSIONS: "is the"}


@dataclass(frozen=True)
class Pair:
    """What is compared, and what it is called."""

    one: Contents
    other: Contents
    sides: Sides


@dataclass(frozen=True)
class Controls:
    """Further builds, made when they are asked for; ``None`` as answer where one cannot be had.

    :param fresh: of the implementation whose fresh build is looked at.
    :param served: of the implementation whose build made the reused wheel.
    :param versions: of that implementation, with the versions of build requirements that the fresh build had.
    """

    fresh: Callable[[], Contents | None]
    served: Callable[[], Contents | None]
    versions: Callable[[], Contents | None] = lambda: None


@dataclass(frozen=True)
class Examination:
    """Everything but the files: rules, policy and what may be the cause of differences.

    :param causes: packages that the two builds had in different versions, one clause each.
    :param compare: what compares two trees under rules.
    """

    rules: tuple[Rule, ...]
    policy: Policy
    causes: tuple[str, ...] = ()
    compare: Comparing = compare

    def examine(
        self, wheels: Pair, *, installed: Callable[[], Pair], controls: Controls, others: Sequence[Finding] = ()
    ) -> tuple[QaReport, tuple[Difference, ...]]:
        """Compare two wheels, and what they install; a second build tells noise where something is left.

        :param others: findings of other tools, which count as they are.
        :returns: the report, and the differences of the wheels.
        """
        found = self.compare(wheels.one, wheels.other, self.rules)
        trees = installed() if found else None
        more = () if trees is None else _beside(found, self.compare(trees.one, trees.other, self.rules))
        tested = False
        told = [self._told(difference, wheels.sides) for difference in found]
        if any(one is not None and counts(one) for one in told):
            alike = controls.versions() if self.causes else None
            found = self._without_noise(found, wheels, controls, alike)
            tested = alike is not None
            told = [self._told(difference, wheels.sides, tested=tested) for difference in found]
        if trees is not None:
            # What is installed follows from the wheel: where that differs by noise alone, so does this.
            rule = _rule_of_all(found)
            told += [self._told(replace(one, rule=rule), trees.sides, tested=tested) for one in more]
        findings = [one for one in told if one is not None] + [self.policy.apply(one) for one in others]
        hidden = [one.rule for one in found if one.rule not in {None, SECOND_BUILD}]
        return conclude(findings, filter(None, hidden)), found

    def _told(self, difference: Difference, sides: Sides, *, tested: bool = False) -> Finding | None:
        """Make a finding; ``tested``: the versions are known to be no cause of what no rule explains."""
        if difference.rule is not None and not is_told(difference):
            return None
        told = finding(difference, sides)
        if self.causes and difference.rule in _OF_VERSIONS and not (tested and difference.rule is None):
            likely = f"which {_HOW_LIKELY.get(difference.rule, 'is the likely')} cause"
            told = replace(told, message=f"{told.message} (built with other versions, {likely}: {_list(self.causes)})")
        return self.policy.apply(told)

    def _without_noise(
        self, found: tuple[Difference, ...], wheels: Pair, controls: Controls, alike: Contents | None
    ) -> tuple[Difference, ...]:
        """Give each difference that a further build explains the rule that says so.

        That is what goes away with the same versions of build requirements, and what differs between two builds for one
        implementation, on either side.
        """
        if alike is not None:
            left = {one.aspect for one in self.compare(alike, wheels.other, self.rules) if one.rule is None}
            found = tuple(
                replace(one, rule=SAME_VERSIONS) if one.rule is None and one.aspect not in left else one
                for one in found
            )
        for base, build, swap in ((wheels.other, controls.fresh, False), (wheels.one, controls.served, True)):
            if all(difference.rule is not None for difference in found):
                break
            again = build()
            if again is not None:
                control = self.compare(base, again, self.rules)
                found = tuple(_judged(difference, control, swap=swap) for difference in found)
        return found


def _rule_of_all(found: Iterable[Difference]) -> str | None:
    """Return the rule of what installed trees differ in, since that follows from the wheels."""
    rules = {difference.rule for difference in found}
    return next((rule for rule in (None, SECOND_BUILD, SAME_VERSIONS) if rule in rules), None)


def _judged(difference: Difference, control: Sequence[Difference], *, swap: bool) -> Difference:
    if difference.rule is not None:
        return difference
    seen = replace(difference, one=difference.other, other=difference.one) if swap else difference
    return replace(difference, rule=SECOND_BUILD) if is_noise(seen, control) else difference


def _beside(found: Iterable[Difference], trees: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return the unexplained differences of installed trees that no difference of the wheels already tells."""
    known = {_DATA.sub("", difference.aspect.file) for difference in found}
    return tuple(
        difference
        for difference in trees
        if difference.rule is None and not any(f"/{difference.aspect.file}".endswith(f"/{tail}") for tail in known)
    )


def _list(causes: Sequence[str]) -> str:
    return ", ".join(causes)
