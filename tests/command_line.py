"""``multibuild`` as a packager runs it: another process, nothing but the contract to go by."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import machine

from pep517_multi.reports import json as json_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = (sys.executable, "-m", "pep517_multi")


@dataclass(frozen=True)
class Ran:
    """How a run of multibuild ended, and what its work directory holds."""

    returncode: int
    stdout: str
    stderr: str
    workdir: Path

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.workdir / "report.json").read_text())
        return report

    @property
    def impls(self) -> dict[str, dict[str, Any]]:
        return {entry["impl"]: entry for entry in self.report["impls"]}

    @property
    def actions(self) -> dict[str, str]:
        return {name: entry["action"] for name, entry in self.impls.items()}

    @property
    def built_by(self) -> dict[str, str]:
        return {name: entry["built_by"] for name, entry in self.impls.items()}

    def root(self, impl: str) -> Path:
        return Path(self.impls[impl]["root"])

    def wheel(self, impl: str) -> Path:
        return self.workdir / "wheels" / str(self.impls[impl]["wheel"])

    @property
    def errors(self) -> list[str]:
        """The sentences on standard error, without the prefix."""
        prefix = "multibuild: error: "
        return [line.removeprefix(prefix) for line in self.stderr.splitlines() if line.startswith(prefix)]


def environment(**more: str) -> dict[str, str]:
    """Return this environment without settings of multibuild, and with ``more``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PEP517_MULTI_")}
    return {**inherited, **more}


def multibuild(
    *arguments: str | Path, workdir: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ran:
    """Run multibuild to its end and check what holds for every run.

    The report is valid, has the exit code and is honest on who built; nothing but text is written where there is no
    terminal; no traceback is shown; nothing half-made lies about.
    """
    done = subprocess.run(
        [*COMMAND, *map(str, arguments), "--workdir", str(workdir)],
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr, workdir)
    assert not {"\x1b", "\r", "\b"} & set(done.stdout + done.stderr)
    assert "Traceback (most recent call last)" not in done.stderr.replace("    | Traceback", "")
    if (workdir / "report.json").exists() and not ran.errors:
        check_report(ran)
    assert not left_over(workdir)
    return ran


def check_report(ran: Ran) -> None:
    jsonschema.validate(ran.report, json_report.schema())
    assert ran.report["exit"] == ran.returncode
    for entry in ran.report["impls"]:
        if entry["action"] == "built":
            assert entry["built_by"] == entry["impl"]
        elif entry["action"] == "reused":
            assert entry["built_by"] != entry["impl"]
        else:
            assert entry["root"] is None
            assert entry["error"]
        if entry["built_by"] and entry["action"] != "failed":
            assert hashlib.sha256(ran.wheel(entry["impl"]).read_bytes()).hexdigest() == entry["wheel_sha256"]


def left_over(folder: Path) -> list[str]:
    """Name what a run that has ended must not leave: temporary files, half-made roots, builds that succeeded."""
    return [path.as_posix() for path in folder.rglob("*") if path.name.endswith(".tmp") or path.name == "staging"]


def snapshot(folder: Path, *, times: bool = True) -> dict[str, tuple[Any, ...]]:
    """Return for each path below ``folder`` its mode, its content and, with ``times``, when it was changed."""
    return {
        path.relative_to(folder).as_posix(): (*_described(path), path.lstat().st_mtime_ns if times else 0)
        for path in [folder, *sorted(folder.rglob("*"))]
    }


def _described(path: Path) -> tuple[str, str]:
    status = path.lstat()
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = str(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return stat.filemode(status.st_mode), content


def targets() -> dict[str, Path]:
    """Return whom the tests build for: the two oldest and the two newest CPythons from 3.10 on, and a PyPy."""
    cpythons = [(name, path) for name, path in machine.cpythons().items() if _minor(name) >= 10]
    chosen = cpythons if len(cpythons) <= 4 else cpythons[:2] + cpythons[-2:]
    return dict(chosen + list(machine.pypys().items())[:1])


def cpython_targets() -> list[str]:
    """Return the canonical names of the CPythons among :func:`targets`, oldest first."""
    return [name for name in targets() if name.startswith("python")]


def pypy_targets() -> list[str]:
    return [name for name in targets() if name.startswith("pypy")]


def impls(*names: str) -> list[str]:
    """Return ``--impls`` for these of :func:`targets`, or for all of them; SOURCE has to stand before it."""
    return ["--impls", *(str(targets()[name]) for name in names or targets())]


def import_from(roots: Sequence[Path], impl: str, code: str) -> str:
    """Run ``code`` under the interpreter with the modules of staging roots in front, and return what it prints."""
    places = [str(path) for root in roots for path in root.glob(f"usr/lib*/{impl}/site-packages")]
    script = f"import sys; sys.path[:0] = {places!r}; {code}"
    command: list[str | Path] = [targets()[impl], "-I", "-B", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _minor(name: str) -> int:
    return int(name.rpartition(".")[2])
