"""Two wheels, or two installed trees, compared as QA compares them."""

from __future__ import annotations

import datetime as dt
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
    from pep517_multi.settings import Settings


def compare_paths(one: Path, other: Path, settings: Settings) -> QaReport:
    """Compare the wheels, or the folders, at two paths; they may be of different implementations.

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
    found = compare(*sides, rules)
    policy = Policy(settings.qa_accept, package, dt.datetime.now(tz=dt.timezone.utc).date())
    told = [difference for difference in found if difference.rule is None or is_told(difference)]
    findings = [policy.apply(finding(difference, Sides(str(one), str(other)))) for difference in told]
    return conclude(findings, [difference.rule for difference in found if difference.rule is not None])
