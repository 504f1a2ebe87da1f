"""Time against the number of files and of implementations: what is near linear stays near one value per file."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
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

_GIB, _PIECE = 1 << 30, 1 << 20
_METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: large\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def scale(folder: Path, *, most: int, tools: Path, interpreters: Sequence[Interpreter]) -> str:
    """Return a table: a project of many small modules for all interpreters, and one for more and more of them."""
    lines = ["| files | implementations | wall s | CPU s | CPU ms per file and implementation | memory MiB |"]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for files, used in _steps(interpreters, most):
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
    return "\n".join([*lines, "", _large_member(folder, tools=tools, interpreters=interpreters), ""])


def _large_member(folder: Path, *, tools: Path, interpreters: Sequence[Interpreter]) -> str:
    """Install a wheel with one file of 1 GiB, and tell the memory that it took."""
    wheel = folder / "large-1-py3-none-any.whl"
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("large.bin", "w", force_zip64=True) as stream:
            for number in range(_GIB // _PIECE):
                piece = number.to_bytes(8, "big") * (_PIECE // 8)
                digest.update(piece)
                stream.write(piece)
        record = f"large.bin,sha256={base64.urlsafe_b64encode(digest.digest()).decode().rstrip('=')},{_GIB}\n"
        for name, text in _METADATA.items():
            archive.writestr(f"large-1.dist-info/{name}", text)
            encoded = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record += f"large-1.dist-info/{name},sha256={encoded},{len(text)}\n"
        archive.writestr("large-1.dist-info/RECORD", f"{record}large-1.dist-info/RECORD,,\n")
    python = tools / interpreters[0].name / "bin" / "python"
    command = (
        f'"{tools}/multibuild/bin/multibuild" install --workdir "{folder}/large" --impls "{python}" --wheel "{wheel}"'
    )
    took = measure(command, environ=benchmark_environ(tools), log=folder / "log")
    return f"A wheel with a file of 1 GiB: {took.wall:.1f} s, {took.memory >> 20} MiB of memory."


def _steps(interpreters: Sequence[Interpreter], most: int) -> Iterator[tuple[int, Sequence[Interpreter]]]:
    for files in filter(most.__ge__, FILES):
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
