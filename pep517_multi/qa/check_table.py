"""What ``multibuild check`` looks for: one table, from which severities, ``--check-off`` and the documentation come."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pep517_multi.errors import UsageError
from pep517_multi.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Severity: TypeAlias = Literal["error", "warning"]
Group: TypeAlias = Literal["imports", "bytecode", "strays", "requirements"]

_KINDS: Mapping[Group, str] = {
    "imports": "import",
    "bytecode": "bytecode",
    "strays": "stray",
    "requirements": "requirement",
}


@dataclass(frozen=True)
class Check:
    """One thing that is looked for.

    :param name: what ``--check-off`` takes.
    :param severity: an ``error`` fails the run, a ``warning`` only under ``--qa fail``.
    :param means: what a finding of it says, for people.
    """

    name: str
    group: Group
    severity: Severity
    means: str


@dataclass(frozen=True)
class Problem:
    """A finding, and which check found it."""

    check: Check
    finding: Finding


CHECKS: tuple[Check, ...] = (
    Check("import-fails", "imports", "error", "a module raises an exception or calls sys.exit when it is imported"),
    Check("import-dies", "imports", "error", "the process of an import ends by itself or by a signal"),
    Check("import-hangs", "imports", "error", "an import takes longer than its limit"),
    Check("import-dependency", "imports", "warning", "a module needs another that neither the root nor the target has"),
    Check("import-elsewhere", "imports", "warning", "the name of a module finds another file than the one in the root"),
    Check("import-writes", "imports", "error", "files of the root were written or changed while it was imported from"),
    Check("startup-file", "imports", "error", "a .pth file fails when the interpreter starts"),
    Check("extension-suffix", "imports", "error", "an extension module has no file name that the target imports"),
    Check("extension-machine", "imports", "error", "an extension module of a cross build is for another machine"),
    Check("bytecode-missing", "bytecode", "error", "a module lacks bytecode of a level that was asked for"),
    Check("bytecode-invalid", "bytecode", "error", "bytecode that the target cannot load"),
    Check("bytecode-stale", "bytecode", "error", "bytecode that is not of its source"),
    Check("bytecode-mode", "bytecode", "error", "bytecode that is checked in another way than was asked for"),
    Check("bytecode-path", "bytecode", "error", "bytecode records another path than that of its source once installed"),
    Check("bytecode-stray", "bytecode", "warning", "bytecode without a source, or of a level that was not asked for"),
    Check("source-invalid", "bytecode", "warning", "a .py file that is no valid Python for the target"),
    Check("top-level-name", "strays", "warning", "a top-level name that any project could claim: tests, docs, utils"),
    Check("top-level-file", "strays", "warning", "a file at the top of site-packages that is no module"),
    Check("purelib-extension", "strays", "error", "compiled code in a wheel that says it is pure"),
    Check("nspkg-pth", "strays", "warning", "a namespace package made by a .pth file"),
    Check("outside-scheme", "strays", "error", "a file where the install scheme has no place for it"),
    Check("prefix-stray", "strays", "warning", "a file at an unusual place of the prefix"),
    Check("licence", "strays", "warning", "a licence that is named but not installed, or none at all"),
    Check("build-path", "strays", "error", "a path of the build in a file"),
    Check("build-path-in-binary", "strays", "warning", "a path of the build in compiled code; stripping may remove it"),
    Check("world-writable", "strays", "error", "a file or folder that everybody may write to"),
    Check("setuid", "strays", "error", "a set-user-id or set-group-id bit"),
    Check("odd-mode", "strays", "warning", "a mode that is neither 0644 nor 0755"),
    Check("broken-link", "strays", "error", "a symbolic link that leads nowhere, or out of the root"),
    Check("absolute-link", "strays", "warning", "a symbolic link with an absolute target"),
    Check("special-file", "strays", "error", "a device, socket or pipe"),
    Check("requirement", "requirements", "error", "a requirement that the target does not meet"),
    Check("requirement-invalid", "requirements", "error", "a Requires-Dist that is no requirement"),
)
BY_NAME: Mapping[str, Check] = {check.name: check for check in CHECKS}


def problem(name: str, file: str, message: str, *, lines: Iterable[str] = (), accepted: str | None = None) -> Problem:
    """Return a finding of the check called ``name``."""
    check = BY_NAME[name]
    return Problem(check, Finding(file, _KINDS[check.group], None, message, tuple(lines), accepted))


def switched_off(names: Iterable[str]) -> frozenset[str]:
    """Return the checks that are meant by ``names``, which are names of checks or of groups.

    :raises UsageError: a name is neither.
    """
    off: set[str] = set()
    for name in names:
        meant = {check.name for check in CHECKS if name in (check.name, check.group)}
        if not meant:
            known = {known for check in CHECKS for known in (check.name, check.group)}
            near = difflib.get_close_matches(name, sorted(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"groups are {', '.join(_KINDS)}"
            raise UsageError(f"there is no check {name!r} to switch off; {hint}")
        off |= meant
    return frozenset(off)
