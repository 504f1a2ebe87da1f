"""What a run produced, as data: versioned, plain values only, keys only ever added."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pep517_multi import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.findings import QaReport
    from pep517_multi.qa.check_report import ChecksTotal, ImplChecks

SCHEMA = 1
PHASES = ("env", "build", "install", "bytecode", "qa")

Action: TypeAlias = Literal["built", "reused", "failed", "skipped"]


@dataclass(frozen=True)
class EvidenceReport:
    """The verdict on the source, with its reasons."""

    verdict: str
    because: tuple[str, ...]


@dataclass(frozen=True)
class SourceReport:
    """What was built; every field is ``None`` where there was no source but ready wheels."""

    path: str | None = None
    name: str | None = None
    version: str | None = None
    digest: str | None = None
    backend: str | None = None
    evidence: EvidenceReport | None = None


class Expected(str, Enum):
    """What a plan says of an implementation."""

    BUILD = "build"
    """It will build."""
    READY = "ready"
    """It has built already, from the same inputs."""
    REUSE = "reuse"
    """Another's wheel will serve it."""
    STABLE_ABI = "stable-abi"
    """Another's wheel will serve it if that turns out to use the stable ABI; else it builds."""
    PROOF = "proof"
    """Another's wheel will serve it if the ends of its family build the same; else it builds."""
    SKIP = "skip"
    """The project does not support it, and nobody named it."""
    FAIL = "fail"
    """It was named, but cannot be built."""

    @property
    def may_build(self) -> bool:
        """Whether its build requirements may be needed."""
        return self in {Expected.BUILD, Expected.STABLE_ABI, Expected.PROOF}


@dataclass(frozen=True)
class PlannedImpl:
    """The plan for one implementation.

    :param plan: what is expected of it.
    :param by: canonical name of the implementation whose wheel is expected to serve it.
    :param requires: build requirements that its environment must have, as far as the project declares them; none where
        it will not build. The backend may ask for more when it runs.
    """

    impl: str
    executable: str
    version: str
    implementation: str
    plan: Expected
    by: str | None
    because: tuple[str, ...]
    requires: tuple[str, ...]


@dataclass(frozen=True)
class ImplReport:
    """What became of one implementation.

    :param wheel: path below ``wheels/`` of the work directory, or of a ready wheel as it was given.
    :param built_by: the implementation whose build made the wheel; ``impl`` itself unless ``action`` is ``reused``.
    :param root: path of the staging root, ``None`` where none was made.
    :param error: one sentence where ``action`` is ``failed`` or ``skipped``.
    :param log: path of the whole output of the build, where there was one.
    :param not_compiled: installed files that are no valid Python for this implementation and so have no bytecode.
    :param platform: what was built for, as ``sysconfig.get_platform()`` has it there.
    :param sysroot: where the target is, in a cross build.
    :param notes: what is odd about the wheel, and what was settled where several implementations share an image.
    """

    impl: str
    executable: str
    version: str
    implementation: str
    action: Action
    wheel: str | None = None
    wheel_sha256: str | None = None
    built_by: str | None = None
    tag: str | None = None
    because: tuple[str, ...] = ()
    root: str | None = None
    error: str | None = None
    log: str | None = None
    not_compiled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    platform: str | None = None
    sysroot: str | None = None
    seconds: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    qa: QaReport | None = None
    checks: ImplChecks | None = None


@dataclass(frozen=True)
class Report:
    """One run: the source, each implementation in order of work, wall seconds, exit code.

    :param remarks: which accepted differences of the settings are of no use any more, as sentences.
    :param checks: what the checks on the staged roots came to, ``None`` where there were none.
    """

    source: SourceReport
    impls: tuple[ImplReport, ...]
    seconds: float
    exit: int
    remarks: tuple[str, ...] = ()
    checks: ChecksTotal | None = None

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON values, as ``report.schema.json`` has it."""
        values = asdict(self)
        for entry, of in zip(values["impls"], self.impls, strict=True):
            entry["checks"] = of.checks.plain() if of.checks else None
            entry["seconds"] = {phase: round(entry["seconds"].get(phase, 0.0), 4) for phase in PHASES}
        return {"schema": SCHEMA, "multibuild": __version__, **values, "seconds": round(self.seconds, 4)}
