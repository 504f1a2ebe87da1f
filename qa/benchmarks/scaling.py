"""Time against the number of files and of implementations: what is near linear stays near one value per file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from environments import benchmark_environ
from measuring import measure
from peers import ALL_LEVELS, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

FILES = (100, 1_000, 10_000, 100_000)
_FOLDER = 100  # files in each
_PROJECT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n[project]\nname = "many"\n'
_DESCRIBED = 'version = "1"\ndescription = "Many small modules"\n'
_MODULE = (
    '"""Module {number}."""\n\n\ndef answer(question=None):\n    return {number} if question is None else question\n'
)


def scale(folder: Path, *, tools: Path, interpreters: Sequence[Interpreter]) -> str:
    """Return a table: a project of many small modules for all interpreters, and one for more and more of them."""
    lines = ["| files | implementations | wall s | CPU s | CPU ms per file and implementation | memory MiB |"]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for files, used in _steps(interpreters):
        source, work = folder / "source", folder / "work"
        _write(source, files)
        work.mkdir()
        variables = {
            "SOURCE": str(source),
            "WORK": str(work),
            "TOOLS": str(tools),
            "IMPLS": " ".join(one.name for one in used),
            "LEVELS": ALL_LEVELS,
        }
        took = measure(TOOLS[0].script, environ={**benchmark_environ(tools), **variables}, log=folder / "log")
        each = took.cpu / files / len(used) * 1000
        row = (files, len(used), f"{took.wall:.2f}", f"{took.cpu:.2f}", f"{each:.2f}", took.memory >> 20)
        lines.append(f"| {' | '.join(map(str, row))} |")
        shutil.rmtree(source)
        shutil.rmtree(work)
    return "\n".join(lines) + "\n"


def _steps(interpreters: Sequence[Interpreter]) -> Iterator[tuple[int, Sequence[Interpreter]]]:
    for files in FILES:
        yield files, interpreters
    for count in range(1, len(interpreters)):
        yield FILES[1], interpreters[:count]


def _write(source: Path, files: int) -> None:
    package = source / "many"
    package.mkdir(parents=True)
    (source / "pyproject.toml").write_text(_PROJECT + _DESCRIBED, encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    for number in range(files):
        place = package / f"part{number // _FOLDER}"
        if number % _FOLDER == 0:
            place.mkdir()
        (place / f"module{number}.py").write_text(_MODULE.format(number=number), encoding="utf-8")
