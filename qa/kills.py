"""Kill runs at every step and at random moments, and see that nothing is lost. ``qa/README.md`` says how."""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kill_scenes import Bench, Kill, scenes
from kill_trees import NAMES

from pep517_multi.cli.session import finder_of
from pep517_multi.errors import MultibuildError
from pep517_multi.process import LocalRunner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kill_scenes import Scene

IMPLS = ("3.10", "3.11", "3.12")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGINT+SIGINT", "SIGINT+SIGTERM")


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill; the answer is 1 where something was lost, 2 where it could not begin."""
    options = _parser().parse_args(arguments)
    try:
        interpreters = finder_of(LocalRunner()).select(options.impls)
    except MultibuildError as error:
        _say(f"kills: error: {error}")
        return 2
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        bench = Bench(folder.absolute(), tuple(interpreter.executable for interpreter in interpreters))
        chosen = [scene for scene in scenes(options.packages) if not options.scenes or scene.name in options.scenes]
        return _kill_all(bench, chosen, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kills.py", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, metavar="N", help="how many runs are killed (500)")
    parser.add_argument("--every", type=int, metavar="N", help="instead: at every Nth step of each scene, in order")
    parser.add_argument("--signals", action="store_true", help="instead of kills: SIGINT, SIGTERM, SIGHUP, or two")
    parser.add_argument("--seed", type=int, default=1, help="of what is random (1)")
    parser.add_argument("--packages", nargs="+", choices=NAMES, default=NAMES, help="only these packages")
    parser.add_argument("--scenes", nargs="+", metavar="NAME", help="only these scenes, such as install or merge")
    parser.add_argument("--impls", nargs="+", default=IMPLS, metavar="SPEC", help="for these three implementations")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this folder and leave what was lost there")
    return parser


def _kill_all(bench: Bench, chosen: Sequence[Scene], options: argparse.Namespace) -> int:
    began = time.monotonic()
    tally: collections.Counter[str] = collections.Counter()
    lost = 0
    for number, (scene, kill) in enumerate(_plan(bench, chosen, options), 1):
        outcome = bench.attempt(scene, kill)
        tally[f"{scene} {outcome.how}"] += 1
        if outcome.problems:
            lost += 1
            _say(f"{number}: {scene} killed {kill}:", *(f"    {problem}" for problem in outcome.problems))
            if options.keep:
                shutil.copytree(bench.place, options.keep / f"lost-{number}", symlinks=True)
        if number % 25 == 0:
            _say(f"{number} runs killed in {time.monotonic() - began:.0f} s, {lost} lost something")
    for name, count in sorted(tally.items()):
        _say(f"{count:5} {name}")
    if options.signals:
        _say(f"the slowest took {bench.slowest:.1f} s from the signal to its end")
    _say(f"{sum(tally.values())} runs killed, {lost} lost something")
    return 1 if lost else 0


def _plan(bench: Bench, chosen: Sequence[Scene], options: argparse.Namespace) -> Iterator[tuple[Scene, Kill]]:
    """Say what is killed when: at every Nth step, or by turns at a random step and after a random time."""
    chance = random.Random(options.seed)  # noqa: S311 - not for secrets
    if options.every:
        for scene in chosen:
            steps = bench.rehearse(scene).steps
            for step in range(1 + chance.randrange(options.every), steps + 1, options.every):
                signals = chance.choice(_SIGNALS) if options.signals else ""
                yield scene, Kill(step=step, tree=chance.random() < 0.5, signals=signals)  # noqa: PLR2004
        return
    for number in range(options.kills):
        scene = chosen[number % len(chosen)]
        rehearsed = bench.rehearse(scene)
        tree = chance.random() < 0.5  # noqa: PLR2004
        if options.signals:
            yield scene, Kill(step=chance.randint(1, rehearsed.steps), signals=chance.choice(_SIGNALS))
        elif chance.random() < 0.5:  # noqa: PLR2004
            yield scene, Kill(step=chance.randint(1, rehearsed.steps), tree=tree)
        else:
            yield scene, Kill(seconds=chance.uniform(0, rehearsed.seconds), tree=tree)


def _say(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
