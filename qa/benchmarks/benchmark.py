"""multibuild beside the peers, and beside the limit: the same work in turn, round by round. ``README.md`` says how."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chart import draw
from environments import benchmark_environ, make_environments
from limit import Limit, find_limit
from measuring import Measure, count_processes, measure
from peers import OURS, OURS_AT_LOWEST, REPEAT, REUSE, TOOLS, UV
from profiling import profile
from quality import quality
from roots import digests, faults
from scaling import scale
from sdists import fetch
from tables import table

from pep517_multi.cli.session import finder_of
from pep517_multi.errors import IntegrityError, MultibuildError
from pep517_multi.process import LocalRunner
from pep517_multi.settings import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from peers import Tool

    from pep517_multi.interpreters.interpreter import Interpreter

HERE = Path(__file__).resolve().parent
PURE = ("attrs", "packaging", "requests", "rich")
"""Whose QA is measured, unless others are named; each takes another backend."""
IMPLS = ("3.10", "3.11", "3.12", "3.13")
TMPFS = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there


@dataclass
class Work:
    """One package of the benchmark, and what came of it: tool → a measure for each round."""

    name: str
    pin: Mapping[str, Any]
    measures: dict[str, list[Measure]] = field(default_factory=dict)
    processes: dict[str, int | None] = field(default_factory=dict)
    limit: Limit | None = None

    def median(self, tool: str, figure: str) -> float:
        """Return the median of ``wall``, ``cpu`` or ``memory``."""
        return float(statistics.median(getattr(one, figure) for one in self.measures[tool]))

    def ratio(self, tool: str, figure: str = "wall", *, ours: str = OURS) -> float:
        """Return the median of our share of what ``tool`` took, round by round."""
        pairs = zip(self.measures[ours], self.measures[tool], strict=True)
        return float(statistics.median(getattr(one, figure) / getattr(other, figure) for one, other in pairs))

    def as_json(self) -> dict[str, Any]:
        """Return everything that was found out, the goals included."""
        return {
            "file": self.pin["file"],
            "goals": {REUSE: self.pin["reuse"], REPEAT: self.pin["repeat"], UV: 1.0},
            "ratios": {REUSE: self.ratio(REUSE), REPEAT: self.ratio(REPEAT), UV: self.ratio(UV, ours=OURS_AT_LOWEST)},
            "limit": self.limit and {**asdict(self.limit), "wall": self.limit.wall},
            "processes": self.processes,
            "rounds": {tool: [asdict(one) for one in measures] for tool, measures in self.measures.items()},
        }

    @classmethod
    def of_json(cls, name: str, known: Mapping[str, Any]) -> Work:
        """Return what :meth:`as_json` wrote."""
        pin = {"file": known["file"], "reuse": known["goals"][REUSE], "repeat": known["goals"][REPEAT]}
        measures = {tool: [Measure(**one) for one in rounds] for tool, rounds in known["rounds"].items()}
        limit = {key: value for key, value in (known["limit"] or {}).items() if key != "wall"}
        return cls(name, pin, measures, known["processes"], Limit(**limit) if limit else None)


@dataclass(frozen=True)
class Bench:
    """Where the benchmark runs, and for whom."""

    folder: Path
    tools: Path
    interpreters: tuple[Interpreter, ...]

    def run(self, work: Work, *, rounds: int) -> None:
        """Run every tool once to warm up and to check its roots, then all in turn."""
        source = _unpacked(work, self.folder)
        expected = {tool.name: self._warm_up(work, tool, source) for tool in TOOLS}
        for tool in TOOLS:
            _check(work, tool, expected[tool.name], expected[REPEAT])
        for _ in range(rounds):
            for tool in TOOLS:
                with self._prepared(work, tool, source) as (environ, log):
                    work.measures.setdefault(tool.name, []).append(measure(tool.script, environ=environ, log=log))
        shutil.rmtree(source)

    def _warm_up(self, work: Work, tool: Tool, source: Path) -> dict[str, dict[str, str]]:
        with self._prepared(work, tool, source) as (environ, log):
            work.processes[tool.name] = count_processes(tool.script, environ=environ, log=log)
            roots = Path(environ["WORK"], "roots")
            if tool.name == OURS:
                pythons = {one.name: self.tools / one.name / "bin" / "python" for one in self.interpreters}
                builds = len(pythons) if work.pin["builds"] == "each" else 1
                cores = len(os.sched_getaffinity(0))
                work.limit = find_limit(
                    roots,
                    pythons=pythons,
                    levels=tool.levels,
                    builds=builds,
                    cores=cores,
                    environ=environ,
                    source=source,
                )
            return {impl.name: digests(roots / impl.name) for impl in self.interpreters}

    def _prepared(self, work: Work, tool: Tool, source: Path) -> _Prepared:
        variables = {
            "TOOLS": str(self.tools),
            "IMPLS": " ".join(one.name for one in self.interpreters),
            "BACKEND": str(work.pin["backend"]),
            "LEVELS": tool.levels,
            **(tool.variables or {}),
        }
        return _Prepared(self.folder / "run", source, {**benchmark_environ(self.tools), **variables})


@dataclass(frozen=True)
class _Prepared:
    """A source of its own and an empty folder for one run; both are gone after it."""

    folder: Path
    source: Path
    environ: Mapping[str, str]

    def __enter__(self) -> tuple[dict[str, str], Path]:
        shutil.copytree(self.source, self.folder / "source", symlinks=True)
        (self.folder / "work").mkdir()
        places = {"SOURCE": str(self.folder / "source"), "WORK": str(self.folder / "work")}
        return {**self.environ, **places}, self.folder / "log"

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)


def _unpacked(work: Work, folder: Path) -> Path:
    archive = fetch(work.name, file=work.pin["file"], sha256=work.pin["sha256"])
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def _check(
    work: Work, tool: Tool, found: Mapping[str, Mapping[str, str]], expected: Mapping[str, Mapping[str, str]]
) -> None:
    """See to it that a tool did the whole work; extension modules of separate builds may differ in their bytes."""
    for impl, root in found.items():
        wrong = [
            fault for fault in faults(root, expected[impl], levels=tool.levels) if not fault.endswith(".so differs")
        ]
        if wrong:
            raise IntegrityError(f"{tool.name} made another root of {work.name} for {impl}: {'; '.join(wrong[:5])}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the answer is 1 where a goal was missed, and another one where it could not be run."""
    options = _parser().parse_args(arguments)
    try:
        if options.qa:
            return _quality(options)
        works = _earlier(options.earlier) if options.earlier else _measured(options)
    except MultibuildError as error:
        print(f"benchmark: {error}", file=sys.stderr)  # noqa: T201 - a command
        return error.exit_code
    if not works:
        return 0
    print(table(works))  # noqa: T201 - a command
    if options.earlier:
        _keep(works, options.json)
    if options.chart:
        options.chart.write_text(draw(works), encoding="utf-8")
    return int(any(work.ratio(REUSE) > work.pin["reuse"] or work.ratio(REPEAT) > work.pin["repeat"] for work in works))


def _keep(works: Sequence[Work], path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps({work.name: work.as_json() for work in works}, indent=1), encoding="utf-8")


def _measured(options: argparse.Namespace) -> list[Work]:
    interpreters, tools = _prepared_environments(options)
    with _place() as folder:
        bench = Bench(Path(folder), tools, interpreters)
        if options.scale:
            print(scale(bench.folder, most=options.scale, tools=tools, interpreters=interpreters))  # noqa: T201 - a command
            return []
        works = []
        for work in _works(options.only):
            bench.run(work, rounds=options.rounds)
            works.append(work)
            print(table([work]), flush=True)  # noqa: T201 - a command
            _keep(works, options.json)  # what was measured stays, whatever comes of the others
        if options.profile:
            source = _unpacked(works[0], bench.folder)
            print(profile(source, tools=tools, interpreters=interpreters, folder=bench.folder))  # noqa: T201
    return works


def _quality(options: argparse.Namespace) -> int:
    interpreters, tools = _prepared_environments(options)
    works = list(_works(options.only or PURE))
    with _place() as folder:
        sources = {work.name: _unpacked(work, Path(folder)) for work in works}
        shown, is_met = quality(sources, Path(folder), rounds=options.rounds, tools=tools, interpreters=interpreters)
    print(shown)  # noqa: T201 - a command
    return int(not is_met)


def _prepared_environments(options: argparse.Namespace) -> tuple[tuple[Interpreter, ...], Path]:
    interpreters = finder_of(LocalRunner()).select(options.impls)
    tools = options.environments.absolute()
    make_environments(tools, interpreters)
    return interpreters, tools


def _place() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="multibuild-benchmark-", dir=str(TMPFS) if TMPFS.is_dir() else None)


def _earlier(paths: Sequence[Path]) -> list[Work]:
    known = [item for path in paths for item in json.loads(path.read_text(encoding="utf-8")).items()]
    return [Work.of_json(name, entry) for name, entry in known]


def _works(only: Sequence[str]) -> Iterator[Work]:
    for name, pin in read_toml(HERE / "packages.toml").items():
        if not only or name in only:
            yield Work(name, pin)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="these packages")
    parser.add_argument("--impls", nargs="+", default=IMPLS, metavar="SPEC", help="for these interpreters")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each tool is measured (5)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--environments", type=Path, metavar="DIR", help="where peers are installed")
    where.add_argument("--earlier", type=Path, nargs="+", metavar="JSON", help="show earlier runs, measure nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the medians as SVG")
    parser.add_argument("--qa", action="store_true", help="only: what QA of pure packages costs")
    parser.add_argument("--profile", action="store_true", help="show where multibuild's own time goes")
    parser.add_argument(
        "--scale",
        type=int,
        nargs="?",
        const=100_000,
        metavar="FILES",
        help="only: time against files and implementations",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
