"""What a comparison came to: findings that the policy accepts, and the one word for all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi.findings import QaReport
from pep517_multi.qa.findings import SECOND_BUILD
from pep517_multi.qa.rulebook import ACROSS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pep517_multi.acceptance import Acceptance
    from pep517_multi.findings import Finding, QaVerdict

_PACKING = {rule.name for rule in ACROSS if rule.packing}


@dataclass
class Policy:
    """What a packager accepts of one package, and what of it was of use.

    :param package: its name; ``None`` where it is not known, and only acceptances for all packages hold.
    """

    acceptances: Sequence[Acceptance]
    package: str | None
    today: dt.date
    used: set[Acceptance] = field(default_factory=set)

    def apply(self, finding: Finding) -> Finding:
        """Give an unexplained finding the reason for which it is accepted, if it is."""
        if finding.rule not in {None, SECOND_BUILD}:
            return finding
        for acceptance in self.acceptances:
            if acceptance.matches(package=self.package or "", file=finding.file, kind=finding.kind):
                self.used.add(acceptance)
                if not acceptance.expired(self.today):
                    return replace(finding, accepted=acceptance.reason)
        return finding

    def remarks(self, *, complete: bool = True) -> Iterator[str]:
        """Say which acceptances are of no use any more.

        :param complete: whether everything could be compared; else what was not needed may be needed all the same.
        """
        for acceptance in self.acceptances:
            if acceptance.expired(self.today) and acceptance.is_about(self.package or ""):
                yield f"qa.accept of {acceptance} expired on {acceptance.expires}; look again, or remove it"
            elif complete and acceptance not in self.used and acceptance.names(self.package or ""):
                yield f"qa.accept of {acceptance} accepts nothing; remove it"


def counts(finding: Finding) -> bool:
    """Whether nothing explains the finding and nobody accepts it."""
    return finding.rule is None and finding.accepted is None


def conclude(findings: Sequence[Finding], hidden: Iterable[str]) -> QaReport:
    """Join everything into a report.

    :param hidden: for each difference that a rule hid the name of the rule.
    """
    told: Mapping[str, int] = dict(sorted(Counter(hidden).items()))
    return QaReport(_verdict(findings, told), tuple(sorted(findings, key=_first_what_counts)), told)


def _verdict(findings: Sequence[Finding], hidden: Mapping[str, int]) -> QaVerdict:
    if any(counts(finding) for finding in findings):
        return "differs"
    if any(finding.rule == SECOND_BUILD and finding.accepted is None for finding in findings):
        return "nondeterministic"
    return "benign" if findings or hidden.keys() - _PACKING else "identical"


def _first_what_counts(finding: Finding) -> tuple[bool, bool, str, str]:
    return not counts(finding), finding.rule != SECOND_BUILD, finding.file, finding.message
