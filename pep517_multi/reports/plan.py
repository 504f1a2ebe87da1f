"""The plan as JSON and as a table."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pep517_multi import __version__
from pep517_multi.report import Expected
from pep517_multi.reports.text import Row, Table, reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.report import PlannedImpl, SourceReport

SCHEMA = 1

_TOLD = {
    Expected.BUILD: "build",
    Expected.READY: "built already",
    Expected.REUSE: "reuse from {by}",
    Expected.STABLE_ABI: "reuse from {by}, if for the stable ABI",
    Expected.PROOF: "reuse from {by}, if proved",
    Expected.SKIP: "skip",
    Expected.FAIL: "fail",
}
_LOOKS_LIKE = {Expected.BUILD: "built", Expected.SKIP: "skipped", Expected.FAIL: "failed"}


def render(source: SourceReport, plan: Sequence[PlannedImpl]) -> str:
    """Return the plan as JSON text; ``requires`` is empty where an implementation will not build."""
    impls = [{**asdict(planned), "plan": planned.plan.value} for planned in plan]
    document = {"schema": SCHEMA, "multibuild": __version__, "source": asdict(source), "impls": impls}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def table(plan: Sequence[PlannedImpl]) -> Table:
    """Lay the plan out, with its reasons."""
    return Table(
        ("implementation", "plan", "needs"),
        tuple(
            Row(
                _LOOKS_LIKE.get(planned.plan, "reused"),
                (
                    planned.impl,
                    _TOLD[planned.plan].format(by=planned.by or "a wheel of unknown origin"),
                    ", ".join(planned.requires),
                ),
                reasons(planned.because),
            )
            for planned in plan
        ),
    )
