"""What QA and checks find, as plain values: made by those who compare and check, shown by reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

QaVerdict: TypeAlias = Literal["identical", "benign", "nondeterministic", "differs", "error"]


@dataclass(frozen=True)
class Finding:
    """One difference between what was reused and a fresh build, or one thing that a check found.

    :param file: where: a path in the wheel or the installed tree, normalised as the rules have it.
    :param kind: what sort of thing it is about: ``file``, ``text``, ``metadata``, ``entry-point``, ``extension``,
        ``script``, ``mode``, ``layout``, ``bytecode``, ``import``, ``stray``, ``requirement``, ``abi3``.
    :param rule: the name of the rule that calls it noise, ``None`` where none does.
    :param message: one sentence: what differs, or what is wrong.
    :param lines: the first differing lines, as a unified diff, without line ends.
    :param accepted: the reason why the policy accepts it, ``None`` where it does not.
    :param details: paths of longer comparisons, relative to the work directory.
    """

    file: str
    kind: str
    rule: str | None
    message: str
    lines: tuple[str, ...] = ()
    accepted: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class QaReport:
    """What the comparison with a fresh build came to.

    :param hidden: how many differences each rule of normalisation hid, by its name.
    :param error: why nothing could be compared, where the verdict is ``error``.
    """

    verdict: QaVerdict
    findings: tuple[Finding, ...] = ()
    hidden: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
