"""What the checks of a run came to, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pep517_multi import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.qa.check_table import Problem

SCHEMA = 1


@dataclass(frozen=True)
class ImplChecks:
    """What was found in the root of one implementation.

    :param files: how many files the root has.
    :param modules: how many modules were imported, or tried.
    :param problems: in the order of their files.
    """

    impl: str
    root: str
    files: int
    modules: int
    problems: tuple[Problem, ...]

    def plain(self) -> dict[str, Any]:
        """Return what was found as JSON values."""
        findings = [
            {"check": problem.check.name, "severity": problem.check.severity, **asdict(problem.finding)}
            for problem in self.problems
        ]
        return {"files": self.files, "modules": self.modules, "findings": findings}

    def open(self, severity: str) -> Iterator[Problem]:
        """Yield the problems of this severity that nobody has accepted."""
        for problem in self.problems:
            if problem.check.severity == severity and problem.finding.accepted is None:
                yield problem


@dataclass(frozen=True)
class ChecksTotal:
    """What the checks of all implementations came to.

    :param unused_allows: the entries of the allow list that were not needed, as sentences.
    """

    errors: int
    warnings: int
    unused_allows: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class CheckReport:
    """The checks of all implementations, in order of work.

    :param unused: the entries of the allow list that were not needed, as sentences.
    :param strict: warnings fail the run, too.
    """

    impls: tuple[ImplChecks, ...]
    unused: tuple[str, ...]
    seconds: float
    strict: bool = False

    def open(self, severity: str) -> Iterator[Problem]:
        """Yield the problems of this severity that nobody has accepted."""
        for checks in self.impls:
            yield from checks.open(severity)

    @property
    def exit(self) -> int:
        """The exit code: 1 for errors, else 4 for warnings where these fail the run, else 0."""
        if any(self.open("error")):
            return 1
        return 4 if self.strict and any(self.open("warning")) else 0

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": SCHEMA,
            "multibuild": __version__,
            "impls": [{"impl": checks.impl, "root": checks.root, **checks.plain()} for checks in self.impls],
            "unused_allows": list(self.unused),
            "errors": sum(1 for _ in self.open("error")),
            "warnings": sum(1 for _ in self.open("warning")),
            "seconds": round(self.seconds, 4),
            "exit": self.exit,
        }
