"""diffoscope, run as a command: differences at length, as text and as HTML."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files, temporaries
from pep517_multi.backends.scrubbing import scrubbed
from pep517_multi.errors import MultibuildError, UsageError
from pep517_multi.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.process import Runner

_COMMAND = "diffoscope"
_SAME, _DIFFERENT = 0, 1
_REPORT_BYTES = 20 << 20
_LINES = 200_000
_SOFT_SECONDS, _HARD_SECONDS = 120, 300


class DiffoscopeError(MultibuildError):
    """diffoscope did not get through a comparison."""


def find_diffoscope(environ: Mapping[str, str]) -> Path | None:
    """Return the diffoscope installed beside multibuild, else the one on the PATH of ``environ``, else ``None``."""
    here = str(Path(sys.executable).parent)  # noqa: TID251 - diffoscope is a tool of multibuild itself
    found = shutil.which(_COMMAND, path=f"{here}:{environ.get('PATH', '')}".rstrip(":"))
    return Path(found) if found else None


def required_diffoscope(environ: Mapping[str, str]) -> Path:
    """Return diffoscope for somebody who asked for it.

    :raises UsageError: there is none.
    """
    tool = find_diffoscope(environ)
    if tool is None:
        raise UsageError(
            "--qa-tool diffoscope: there is no diffoscope beside multibuild or on PATH; install it, with your "
            "distribution (diffoscope-minimal) or as the extra pep517-multi[qa]"
        )
    return tool


@dataclass(frozen=True)
class Diffoscope:
    """diffoscope, with limits on its time (seconds) and on the size of what it writes."""

    tool: Path
    runner: Runner
    environ: Mapping[str, str]
    soft_seconds: float = _SOFT_SECONDS
    hard_seconds: float = _HARD_SECONDS

    def compare(self, one: Path, other: Path, *, report: Path) -> tuple[Path, ...]:
        """Compare two files or two folders; return what was written: ``report``.txt and .html, or nothing if equal.

        :raises DiffoscopeError: it fails or takes too long.
        """
        written = report.with_name(f"{report.name}.txt"), report.with_name(f"{report.name}.html")
        with files.explained(f"write {report}"):
            report.parent.mkdir(parents=True, exist_ok=True)
            for path in written:
                path.unlink(missing_ok=True)
        argv = self._arguments(one, other, written)
        try:
            with files.explained("make a folder for diffoscope"), temporaries.scratch("diffoscope") as scratch:
                environ = {**scrubbed(self.environ), "TMPDIR": str(scratch)}  # what it unpacks stays if it is ended
                done = self.runner.run(Command(argv, report.parent, environ, timeout=self.hard_seconds))
        except MultibuildError as error:
            raise DiffoscopeError(f"diffoscope did not compare {one.name}: {error}") from error
        if done.returncode not in {_SAME, _DIFFERENT}:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"status {done.returncode}"
            raise DiffoscopeError(f"diffoscope did not compare {one.name}: {said}")
        return tuple(path for path in written if path.exists())

    def _arguments(self, one: Path, other: Path, written: tuple[Path, Path]) -> tuple[str, ...]:
        text, html = map(str, written)
        return (
            str(self.tool),
            "--no-progress",
            "--exclude-directory-metadata=recursive",
            f"--timeout={self.soft_seconds:g}",
            f"--max-text-report-size={_REPORT_BYTES}",
            f"--max-report-size={_REPORT_BYTES}",
            f"--max-diff-input-lines={_LINES}",
            f"--text={text}",
            f"--html={html}",
            str(one),
            str(other),
        )
