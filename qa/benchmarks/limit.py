"""What cannot be gone below: the builds that are needed, the bare compiler on all cores, the bytes written once."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import measure

from pep517_multi.process import Command, LocalRunner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPT = Path(__file__).with_name("target_bare_compile.py")
_CALL = """
cd "$SOURCE"; mkdir "$WORK/wheels"
exec "$PYTHON" -c 'import functools, importlib, os, sys
module, _, name = os.environ["BACKEND"].partition(":")
sys.path[:] = [entry for entry in sys.path if entry]
backend = functools.reduce(getattr, filter(None, name.split(".")), importlib.import_module(module))
backend.build_wheel(os.environ["WORK"] + "/wheels")'
"""


@dataclass(frozen=True)
class Limit:
    """Seconds.

    :param build: wall time of one call of the backend, in a process of its own.
    :param compile_cpu: processor time of ``compile()`` for all files, levels and implementations.
    :param write: wall time of copying all roots.
    """

    build: float
    compile_cpu: float
    write: float
    builds: int
    cores: int

    @property
    def wall(self) -> float:
        """Builds and compiling spread over the cores; one build alone cannot be spread."""
        return self.build * max(1.0, self.builds / self.cores) + self.compile_cpu / self.cores + self.write


def find_limit(  # noqa: PLR0913 - what the limit is of
    roots: Path,
    *,
    pythons: Mapping[str, Path],
    levels: str,
    builds: int,
    cores: int,
    environ: Mapping[str, str],
    source: Path,
) -> Limit:
    """Measure it on the complete ``roots`` (one folder for each implementation), and on the unbuilt ``source``."""
    work = roots.parent / "limit"
    work.mkdir()
    calls = []
    for number in range(3):
        shutil.copytree(source, work / f"source{number}", symlinks=True)
        (work / f"work{number}").mkdir()
        variables = {"SOURCE": str(work / f"source{number}"), "WORK": str(work / f"work{number}")}
        python = str(next(iter(pythons.values())))
        calls.append(measure(_CALL, environ={**environ, **variables, "PYTHON": python}, log=work / "log").wall)
    compiling = [
        _bare_compile(python, roots / impl, levels=levels, environ=environ) for impl, python in pythons.items()
    ]
    began = time.monotonic()
    shutil.copytree(roots, work / "copy", symlinks=True)
    wrote = time.monotonic() - began
    shutil.rmtree(work)
    return Limit(sorted(calls)[1], sum(compiling), wrote, builds, cores)


def _bare_compile(python: Path, root: Path, *, levels: str, environ: Mapping[str, str]) -> float:
    argv: Sequence[str] = (str(python), "-I", "-S", "-B", "-W", "ignore", str(SCRIPT), str(root), levels)
    return float(LocalRunner().run(Command(tuple(argv), cwd=root, env=environ)).stdout)
