"""The plan as JSON and as a table."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pep517_multi import __version__
from pep517_multi.plan import Expected
from pep517_multi.reports.text import Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.plan import Planned
    from pep517_multi.report import SourceReport

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


def render(source: SourceReport, plan: Sequence[Planned]) -> str:
    """Return the plan as JSON text; ``requires`` is empty where an implementation will not build."""
    impls = [
        {
            "impl": planned.interpreter.name,
            "executable": str(planned.interpreter.executable),
            "version": str(planned.interpreter.version),
            "implementation": planned.interpreter.implementation,
            "plan": planned.expected.value,
            "by": planned.by,
            "because": list(planned.because),
            "requires": list(planned.requires),
        }
        for planned in plan
    ]
    document = {"schema": SCHEMA, "multibuild": __version__, "source": asdict(source), "impls": impls}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def table(plan: Sequence[Planned]) -> Table:
    """Lay the plan out, with its reasons."""
    return Table(
        ("implementation", "plan", "needs"),
        tuple(
            Row(
                _LOOKS_LIKE.get(planned.expected, "reused"),
                (
                    planned.interpreter.name,
                    _TOLD[planned.expected].format(by=planned.by or "a wheel of unknown origin"),
                    ", ".join(planned.requires),
                ),
                tuple(f"because {reason}" for reason in planned.because),
            )
            for planned in plan
        ),
    )
