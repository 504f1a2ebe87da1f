"""The campaign: over a corpus of real packages, compare every reuse with a fresh build. ``qa/README.md`` says how."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from judging import Accepted, Judge
from pins import choose, read_corpus
from results import HEADER, Result, Totals, baseline, changes, details, line, row, summary, to_json
from sdists import fetch
from workbench import Workbench, installed_command

from pep517_multi.cli.session import finder_of
from pep517_multi.errors import MultibuildError
from pep517_multi.process import LocalRunner
from pep517_multi.settings import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pins import Package

    from pep517_multi.interpreters.interpreter import Interpreter

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
IMPLS = ("3.10", "3.11", "3.12", "3.13", "pypy3")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign; the answer is 1 where it found a bug, 2 where it could not begin."""
    options = _parser().parse_args(arguments)
    try:
        packages = choose(read_corpus(), only=options.only, smoke=options.smoke)
        interpreters = finder_of(LocalRunner()).select(options.impls)
        command = options.multibuild or installed_command()
    except MultibuildError as error:
        _say(f"campaign: error: {error}")
        return 2
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        results = _judge_all(packages, interpreters, folder.absolute(), command=command, jobs=options.jobs)
    names = [interpreter.name for interpreter in interpreters]
    if options.json:
        options.json.write_text(to_json(results, names), encoding="utf-8")
    _say("", summary(Totals.of(results)))
    _compare_with_baseline(results, names, write=options.write_baseline)
    return 1 if any(result.is_bad for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="campaign.py", description=__doc__)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these packages of the corpus")
    parser.add_argument("--smoke", action="store_true", help="only the few packages that are marked for it")
    parser.add_argument("--impls", nargs="+", default=IMPLS, metavar="SPEC", help="for these implementations")
    parser.add_argument("--jobs", type=int, metavar="N", help="what multibuild is given as -j")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this folder and leave everything there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results here")
    parser.add_argument("--multibuild", type=Path, metavar="FILE", help="the command to examine")
    parser.add_argument("--write-baseline", action="store_true", help="let the results be the baseline from now on")
    return parser


def _judge_all(
    packages: Sequence[Package], interpreters: tuple[Interpreter, ...], folder: Path, *, command: Path, jobs: int | None
) -> list[Result]:
    accepted = [Accepted(**entry) for entry in read_toml(HERE / "accepted.toml").get("accepted", ())]
    results = []
    _say(line(HEADER))
    for package in packages:
        bench_folder = folder / package.name
        bench_folder.mkdir(parents=True, exist_ok=True)
        try:
            source = fetch(package.name, file=package.file, sha256=package.sha256)
            bench = Workbench(command.absolute(), source, bench_folder, interpreters, jobs)
            known = [one for one in accepted if one.package == package.name]
            result = Result(package, Judge(bench, known, package.qa).judge())
        except (MultibuildError, OSError) as error:
            result = Result(package, None, str(error))
        results.append(result)
        _say(row(result), *(f"    {detail}" for detail in details(result)))
    return results


def _compare_with_baseline(results: Sequence[Result], names: Sequence[str], *, write: bool) -> None:
    now = baseline(results, names)
    before = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}
    changed = [*changes(before, now)]
    _say("", *(f"baseline: {change}" for change in changed or ["nothing changed"]))
    if write:
        kept = before.get("packages", {}) if before.get("impls") == now["impls"] else {}
        now["packages"] = {**kept, **now["packages"]}
        BASELINE.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _say(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
