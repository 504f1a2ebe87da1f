"""What ``multibuild diff`` found, as JSON and as text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pep517_multi import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.findings import Finding
    from pep517_multi.qa.diffing import Compared

SCHEMA = 1


def render(compared: Compared) -> str:
    """Return JSON text; findings are as in a report."""
    head = {"schema": SCHEMA, "multibuild": __version__, "one": compared.one, "other": compared.other}
    document = {**head, **asdict(compared.report), "remarks": compared.remarks}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def lines(compared: Compared, *, verbose: bool) -> Iterator[str]:
    """Yield each finding with its first differing lines, then what rules hid, then the verdict.

    :param verbose: also what a rule or the policy explains.
    """
    report = compared.report
    for finding in report.findings:
        explained = finding.rule is not None or finding.accepted is not None
        if verbose or not explained:
            yield from _finding(finding)
    if report.hidden:
        yield f"hidden: {', '.join(f'{rule} {count}' for rule, count in report.hidden.items())}"
    yield report.verdict


def _finding(finding: Finding) -> Iterator[str]:
    accepted = f" (accepted: {finding.accepted})" if finding.accepted else ""
    yield f"{finding.kind}: {finding.message}{accepted}"
    yield from (f"    {line}" for line in finding.lines)
