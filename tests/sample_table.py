"""The table of ``tests/packages/README.md`` as values: what is to be expected of each sample tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """One row; texts as they stand in the table, a dash where there is none."""

    name: str
    backend: str
    verdict: str
    tag: str
    builds: int
    same: str


@cache
def samples() -> tuple[Sample, ...]:
    """Return the rows of all tables, in their order."""
    text = (Path(__file__).parent / "packages" / "README.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return tuple(
        Sample(name, backend, verdict, tag, int(builds), same)
        for name, backend, verdict, tag, builds, same in rows
        if name != "name" and not name.startswith("---")
    )
