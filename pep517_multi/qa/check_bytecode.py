"""Whether each staged module has the bytecode that was asked for, and no other bytecode lies about."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.qa.check_table import problem
from pep517_multi.qa.check_target import script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem
    from pep517_multi.qa.check_target import Said, Target

_SCRIPT = script("target_bytecode.py")
_OPTIONS = ("-I", "-S", "-B", "-X", "utf8")
_START_SECONDS = 60
_SECONDS = 5  # more than any file takes


def check_bytecode(root: StagedRoot, entries: Sequence[Entry], target: Target) -> tuple[Problem, ...]:
    """Look at the bytecode of all modules of ``root``.

    :raises CommandStartError: the interpreter cannot be started.
    """
    inside = [entry for entry in entries if entry.is_file and root.library_of(entry.name)]
    sources = [entry for entry in inside if entry.name.endswith(".py")]
    found: list[Problem] = []
    expected: set[str] = set()
    while sources and root.levels:
        said = _ask(root, sources, target)
        for answer in said.answers:
            expected |= {_name(root, path) for path in answer["bytecode"]}
            for path, check, message in answer["faults"]:
                found.append(problem(check, root.shown(_name(root, path)), message.replace(str(root.path), "")))
        sources = sources[len(said.answers) :]
        if sources and said.ended:  # bytecode can be broken in ways that end the process
            found.append(_fatal(root, sources.pop(0), said))
    known = {entry.name for entry in entries}
    return (*found, *_strays(root, [entry for entry in inside if entry.name not in expected], known))


def _ask(root: StagedRoot, sources: Sequence[Entry], target: Target) -> Said:
    request = {
        "levels": root.levels,
        "invalidation": root.invalidation,
        "files": [[str(entry.path), entry.name] for entry in sources],
    }
    return target.ask(_SCRIPT, _OPTIONS, request, timeout=_START_SECONDS + _SECONDS * len(sources))


def _fatal(root: StagedRoot, source: Entry, said: Said) -> Problem:
    told = f"{root.interpreter.name} {said.ended} while it read the bytecode of {root.shown(source.name)}"
    return problem("bytecode-invalid", root.shown(source.name), told, lines=said.rest)


def _name(root: StagedRoot, path: str) -> str:
    return "/" + posixpath.relpath(path, root.path)


def _strays(root: StagedRoot, entries: Sequence[Entry], known: set[str]) -> Iterator[Problem]:
    for entry in entries:
        if not entry.name.endswith((".pyc", ".pyo")):
            continue
        folder, file = posixpath.split(entry.name)
        if posixpath.basename(folder) != "__pycache__":
            if f"{posixpath.splitext(entry.name)[0]}.py" in known:
                yield problem("bytecode-stray", root.shown(entry.name), "it lies beside its source and is not used")
            else:
                yield problem("bytecode-stray", root.shown(entry.name), "it has no source and is imported all the same")
        elif f"{posixpath.dirname(folder)}/{file.partition('.')[0]}.py" not in known:
            yield problem("bytecode-stray", root.shown(entry.name), "its source is not there")
        elif (tag := _tag(file)) not in {other.cache_tag for other in root.others}:
            yield problem("bytecode-stray", root.shown(entry.name), _unasked(root, tag))


def _tag(file: str) -> str:
    """Return the cache tag in the name of a bytecode file: ``cpython-312`` of ``x.cpython-312.opt-1.pyc``."""
    return Path(file).stem.partition(".")[2].partition(".")[0]


def _unasked(root: StagedRoot, tag: str) -> str:
    if tag != root.interpreter.cache_tag:
        return f"it is of another implementation ({tag})"
    levels = ",".join(map(str, root.levels)) or "none"
    return f"bytecode of this level was not asked for (--compile {levels})"
