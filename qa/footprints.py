"""What a run leaves: its report, its wheels, its roots, taken down so that two runs can be compared."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CACHED = re.compile(r"__pycache__/([^/]+?)\.[^/.]+(\.opt-\d)?\.pyc$")
_DATA = re.compile(r"^[^/]+\.data/[^/]+/")
_TIMES = frozenset({"seconds"})  # of the report: how long it took, and nothing else that a clock tells
_HASHES = frozenset({"wheel_sha256"})  # says only what the wheel itself says
_KEPT = 30  # lines of a log
_STAMP = slice(8, 12)  # of bytecode: the time of its source, see PEP 552


@dataclass(frozen=True)
class Difference:
    """Something that two runs left differently: ``where`` is the report, a wheel or a root; ``file`` what in it."""

    where: str
    file: str
    how: str

    def __str__(self) -> str:
        return f"{self.where}: {self.file} ({self.how})"


@dataclass(frozen=True)
class Entry:
    """A file, link or folder as one can see it, or a member of a wheel.

    :param content: digest of the bytes, or where a link leads.
    :param moment: in nanoseconds, or as an archive has it.
    """

    kind: str
    mode: int
    content: str
    moment: object


Tree = dict[str, Entry]


@dataclass(frozen=True)
class Footprint:
    """What one run left.

    :param report: path of keys → value; without times, and with a placeholder for the folder of the run.
    :param wheels: file name below ``wheels/`` → digest of the file, entries of its members.
    :param roots: implementation → entries.
    :param builders: file name of a wheel → the implementation that built it.
    :param failed: implementation → why it has no wheel, with the end of the log of its build.
    """

    report: Mapping[str, object]
    wheels: Mapping[str, tuple[str, Tree]]
    roots: Mapping[str, Tree]
    builders: Mapping[str, str]
    failed: Mapping[str, str]


def footprint(workdir: Path, *, source: str, times: bool = True) -> Footprint:
    """Take down what a run left in ``workdir``.

    :param source: how the report names the source; it goes in as a placeholder, like the folder of the run.
    :param times: whether times of files count; without, bytecode is taken without the time of its source as well.
    """
    report = json.loads((workdir / "report.json").read_text(encoding="utf-8"))
    served = [entry for entry in report["impls"] if entry["wheel"]]
    wheels = {entry["wheel"]: workdir / "wheels" / entry["wheel"] for entry in served}
    return Footprint(
        report=dict(_leaves(report, {source: "{source}", str(workdir): "{workdir}"})),
        wheels={
            name: (files.sha256(path) if times else "", dict(_members(path, times=times)))
            for name, path in wheels.items()
        },
        roots={path.name: dict(_entries(path, times=times)) for path in sorted((workdir / "roots").glob("*"))},
        builders={entry["wheel"]: entry["built_by"] for entry in served},
        failed={
            entry["impl"]: "\n".join((str(entry["error"]), *_end_of(workdir / "logs" / f"{entry['impl']}-build.log")))
            for entry in report["impls"]
            if entry["action"] == "failed"
        },
    )


def _end_of(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_KEPT:] if log.is_file() else []


def _leaves(value: Any, replaced: Mapping[str, str], path: str = "") -> Iterator[tuple[str, object]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key in value.keys() - _TIMES - _HASHES:
            yield from _leaves(value[key], replaced, f"{path}/{key}")
    elif isinstance(value, list):
        yield f"{path}/#", len(value)
        for place, item in enumerate(value):
            yield from _leaves(item, replaced, f"{path}/{place}")
    elif isinstance(value, str):
        for old, new in replaced.items():
            value = value.replace(old, new)
        yield path, value
    else:
        yield path, value


def _members(wheel: Path, *, times: bool) -> Iterator[tuple[str, Entry]]:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            content = hashlib.sha256(archive.read(info)).hexdigest()
            yield info.filename, Entry("member", info.external_attr >> 16, content, info.date_time if times else None)


def _entries(root: Path, *, times: bool) -> Iterator[tuple[str, Entry]]:
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            data = bytearray(path.read_bytes())
            if path.suffix == ".pyc" and not times:
                data[_STAMP] = b""
            content = hashlib.sha256(data).hexdigest()
        moment = status.st_mtime_ns if times else None
        yield (
            path.relative_to(root).as_posix(),
            Entry(stat.filemode(status.st_mode)[0], stat.S_IMODE(status.st_mode), content, moment),
        )


def compare(one: Footprint, other: Footprint) -> tuple[Difference, ...]:
    """Name what two runs left differently; what only follows from another difference is left out.

    A module that differs in a wheel differs in the root, too, and so do its bytecode and every RECORD.
    """
    found: list[Difference] = []
    for name in sorted(one.wheels.keys() & other.wheels.keys()):
        found += _of_wheels(name, one.wheels[name], other.wheels[name])
    blamed = [_DATA.sub("", difference.file) for difference in found]
    for name in sorted(one.roots.keys() & other.roots.keys()):
        staged = _of_trees(f"root of {name}", one.roots[name], other.roots[name])
        found += [
            difference
            for difference in staged
            if not any(f"/{_source_of(difference.file)}".endswith(f"/{file}") for file in blamed)
        ]
    found += _of_reports(one, other)
    return _without_records(found)


def _source_of(path: str) -> str:
    """Return the module of which ``path`` is bytecode; else ``path``."""
    return _CACHED.sub(r"\1.py", path)


def _of_wheels(name: str, one: tuple[str, Tree], other: tuple[str, Tree]) -> list[Difference]:
    if one == other and list(one[1]) == list(other[1]):
        return []
    where = f"wheel {name}"
    found = _of_trees(where, one[1], other[1])
    return found or ([Difference(where, "*", "how the archive is packed")] if one[0] != other[0] else [])


def _of_trees(where: str, one: Tree, other: Tree) -> list[Difference]:
    found = []
    for path in sorted(one.keys() | other.keys()):
        before, after = one.get(path), other.get(path)
        if before is None or after is None:
            found.append(Difference(where, path, "only in one"))
        elif before != after:
            found.append(Difference(where, path, _how(before, after)))
    return found


def _how(one: Entry, other: Entry) -> str:
    if one.kind != other.kind:
        return f"{one.kind} or {other.kind}"
    if one.content != other.content:
        return "content"
    return f"mode {one.mode:o} or {other.mode:o}" if one.mode != other.mode else "time"


def _of_reports(one: Footprint, other: Footprint) -> Iterator[Difference]:
    for path in sorted(one.report.keys() | other.report.keys()):
        before, after = one.report.get(path), other.report.get(path)
        if before != after:
            yield Difference("report", path, f"{before!r} or {after!r}")


def _without_records(found: list[Difference]) -> tuple[Difference, ...]:
    """Leave out each RECORD whose wheel or root has another difference that it only tells of."""
    telling = {one.where for one in found if not one.file.endswith(".dist-info/RECORD")}
    anything = any(where.startswith("wheel ") for where in telling)
    return tuple(
        one
        for one in found
        if not one.file.endswith(".dist-info/RECORD")
        or not (one.where in telling or (anything and one.where.startswith("root")))
    )
