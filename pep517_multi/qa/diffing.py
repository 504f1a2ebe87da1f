"""Two wheels, or two installed trees, compared as QA compares them."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.errors import UsageError
from pep517_multi.qa.findings import Sides, finding, is_told
from pep517_multi.qa.installed import read_tree
from pep517_multi.qa.rulebook import ACROSS, chosen
from pep517_multi.qa.verdicts import Policy, conclude
from pep517_multi.wheels.contents import contents
from pep517_multi.wheels.differences import compare
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.findings import QaReport
    from pep517_multi.qa.examination import Comparing
    from pep517_multi.settings import Settings


@dataclass(frozen=True)
class Compared:
    """What a comparison came to.

    :param one: the first path, as it was given.
    :param remarks: which acceptances of the settings are of no use any more, as sentences.
    """

    one: str
    other: str
    report: QaReport
    remarks: tuple[str, ...] = ()


def compare_paths(one: Path, other: Path, settings: Settings, *, comparing: Comparing = compare) -> Compared:
    """Compare the wheels, or the folders, at two paths; they may be of different implementations.

    :param comparing: what compares two trees under rules.
    :raises UsageError: one of them is not there, or they are not of one kind; or the settings name no rule.
    :raises IntegrityError: a wheel cannot be read.
    """
    for path in (one, other):
        if not path.exists():
            raise UsageError(f"there is nothing at {path}; give two wheels or two installed trees")
    if one.is_dir() != other.is_dir():
        raise UsageError(f"{one} and {other} are not of one kind; give two wheels or two installed trees")
    rules = chosen(ACROSS, settings.qa_rules)
    package = None
    if one.is_dir():
        sides = read_tree(one), read_tree(other)
    else:
        wheels = read_wheel(one), read_wheel(other)
        package = wheels[0].name.name
        sides = contents(wheels[0]), contents(wheels[1])
    found = comparing(*sides, rules)
    policy = Policy(settings.qa_accept, package, dt.datetime.now(tz=dt.timezone.utc).date())
    told = [difference for difference in found if difference.rule is None or is_told(difference)]
    named = Sides(*_names(one, other))
    findings = [policy.apply(finding(difference, named)) for difference in told]
    report = conclude(findings, [difference.rule for difference in found if difference.rule is not None])
    return Compared(str(one), str(other), report, tuple(policy.remarks()))


def _names(one: Path, other: Path) -> tuple[str, str]:
    """Return what tells two paths apart, for sentences: without the parts that both begin or end with."""
    parts = one.parts, other.parts
    before = _same(*parts)
    after = _same(*(part[before:][::-1] for part in parts))
    names = ["/".join(part[before : len(part) - after]) for part in parts]
    return (names[0], names[1]) if all(names) else (str(one), str(other))


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many parts at the beginning are the same."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
