"""What a packager has to do after a run, the most urgent first; everything else of a report says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.report import Report


@dataclass(frozen=True)
class Advice:
    """One thing to do.

    :param word: what is the matter, in a word.
    :param topic: what it is about: ``failures``, ``qa`` or ``checks``.
    :param impls: canonical names of whom it concerns.
    :param told: what to do; what is to be typed stands between backticks.
    """

    word: str
    topic: str
    impls: tuple[str, ...]
    told: str

    def __str__(self) -> str:
        return f"{self.word}: {', '.join(self.impls)}: {self.told.replace('`', '')}"


_OF_VERDICTS = {
    "differs": "the reused wheel is not what a fresh build gives. Let each build for itself (`--no-reuse`), or accept "
    "what you have looked at, with a reason (`[[qa.accept]]`).",
    "error": "there was no fresh build to compare with. Look into the log of that build.",
    "nondeterministic": "the project does not build the same twice for one implementation. Reuse is not to blame; "
    "tell the project.",
}
_OF_CHECKS = {
    "error": "a check found what breaks for users. Mend it, or allow an import with a reason (`[[check.allow]]`).",
    "warning": "a check found what is odd. Look once, and mend it or leave it.",
}


def advice(report: Report) -> Iterator[Advice]:
    """Yield what is to do."""
    failed = tuple(entry.impl for entry in report.impls if entry.action == "failed")
    if failed:
        yield Advice("failed", "failures", failed, "there is nothing to install. Read the error and its log.")
    for verdict, told in _OF_VERDICTS.items():
        names = tuple(entry.impl for entry in report.impls if entry.qa is not None and entry.qa.verdict == verdict)
        if names:
            yield Advice(verdict, "qa", names, told)
    for severity, told in _OF_CHECKS.items():
        names = tuple(entry.impl for entry in report.impls if entry.checks and any(entry.checks.open(severity)))
        if names:
            yield Advice(f"{severity}s", "checks", names, told)
