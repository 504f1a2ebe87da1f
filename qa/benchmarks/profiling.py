"""Where multibuild's own time goes: its functions under the profiler, and what each phase took."""

from __future__ import annotations

import json
import pstats
from io import StringIO
from typing import TYPE_CHECKING

from environments import benchmark_environ
from measuring import measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

_LINES = 30
_SCRIPT = """
cd "$SOURCE"
exec "$TOOLS/multibuild/bin/python" -c 'import cProfile, os, sys
from pep517_multi.cli.commands import run
profiler = cProfile.Profile()
code = profiler.runcall(run, sys.argv[1:])
profiler.dump_stats(os.environ["PROFILE"])
sys.exit(code)' --workdir "$WORK" --no-isolation --quiet --compile 0,1,2 --impls $PYTHONS
"""


def profile(source: Path, *, tools: Path, interpreters: Sequence[Interpreter], folder: Path) -> str:
    """Return the functions of the main thread that took most time, and the seconds of the report."""
    statistics, work = folder / "profile", folder / "profiled"
    variables = {
        "SOURCE": str(source),
        "TOOLS": str(tools),
        "WORK": str(work),
        "PROFILE": str(statistics),
        "PYTHONS": " ".join(str(tools / one.name / "bin" / "python") for one in interpreters),
    }
    measure(_SCRIPT, environ={**benchmark_environ(tools), **variables}, log=folder / "log")
    shown = StringIO()
    pstats.Stats(str(statistics), stream=shown).strip_dirs().sort_stats("tottime").print_stats(_LINES)
    report = json.loads((work / "report.json").read_text(encoding="utf-8"))
    phases = [f"{entry['impl']}: {entry['action']}, {entry['seconds']}" for entry in report["impls"]]
    return "\n".join([*phases, shown.getvalue()])
