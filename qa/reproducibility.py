"""The matrix: the same package in two surroundings, and nothing may differ. ``qa/README.md`` says how."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import footprints
import surroundings
from pins import choose, read_corpus
from sdists import fetch
from surroundings import VARIATIONS, Surroundings
from workbench import CampaignError, installed_command

from pep517_multi import files
from pep517_multi.cli.session import finder_of
from pep517_multi.errors import MultibuildError, UsageError
from pep517_multi.process import LocalRunner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from footprints import Difference, Footprint
    from pins import Package
    from surroundings import Variation

    from pep517_multi.interpreters.interpreter import Interpreter

IMPLS = ("3.10", "3.11", "3.12", "3.13", "pypy3")
NOTHING = "nothing"
_OFFLINE = {"UV_OFFLINE": "1"}  # what was downloaded for the first run is what there is for all others
_WITHOUT_EPOCH = ("jobs",)
_SHOWN = 6


@dataclass
class Outcome:
    """What came of a package.

    :param found: differences between the first run and the one in which everything was varied.
    :param causes: variation → what differed where it was the only one; ``nothing`` is a second equal run.
    :param excused: differences that the corpus expects, with the reason.
    :param builders: who built.
    :param failed: implementation → why it could not build in one of the two runs, and could in the other.
    """

    found: tuple[Difference, ...] = ()
    causes: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    builders: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def word(self) -> str:
        """The outcome in one or two words."""
        if self.error:
            return "error"
        if not self.found:
            return "same"
        return "backend" if len(self.excused) == len(self.found) else "DIFFERS"


@dataclass(frozen=True)
class Matrix:
    """Runs one package in several surroundings.

    :param folder: of this package alone.
    :param epoch: whether ``SOURCE_DATE_EPOCH`` is set; without, times do not count.
    """

    multibuild: Path
    package: Package
    source: Path
    folder: Path
    variations: tuple[Variation, ...]
    epoch: bool = True

    def judge(self, interpreters: Sequence[Interpreter]) -> Outcome:
        """Vary everything at once; only where that makes a difference, look for the variation that does."""
        before = self._footprint((), interpreters, online=True)
        after = self._footprint(self.variations, interpreters)
        if not before.builders and not after.builders:
            raise CampaignError("; ".join(before.failed.values()) or "it is for none of these implementations")
        outcome = Outcome(found=footprints.compare(before, after), builders=tuple(sorted({*before.builders.values()})))
        if outcome.found:
            failed = {**before.failed, **after.failed}
            outcome.failed = {name: failed[name] for name in sorted(before.failed.keys() ^ after.failed.keys())}
            chosen = [one for one in interpreters if one.name in self._concerned(outcome.found, before)]
            outcome.causes = self._causes(chosen or interpreters)
            outcome.excused = self.excused(outcome)
        return outcome

    def _concerned(self, found: Sequence[Difference], before: Footprint) -> set[str]:
        """Return the one implementation, or the few, with which the causes are looked for."""
        first = found[0].where.rpartition(" ")[2]
        return {before.builders.get(first, first)} & {*before.roots}

    def _causes(self, interpreters: Sequence[Interpreter]) -> dict[str, tuple[Difference, ...]]:
        """Compare a run in which nothing is varied with a second one, and with ever fewer variations."""
        before = self._footprint((), interpreters)
        random = footprints.compare(before, self._footprint((), interpreters))
        known = {(one.where, one.file) for one in random}
        causes = {NOTHING: random} if random else {}
        waiting = [self.variations]
        while waiting:
            variations = waiting.pop()
            found = footprints.compare(before, self._footprint(variations, interpreters))
            found = tuple(one for one in found if (one.where, one.file) not in known)
            if found and len(variations) == 1:
                causes[variations[0].name] = found
            elif found:
                middle = len(variations) // 2
                waiting += [variations[middle:], variations[:middle]]
        return causes

    def excused(self, outcome: Outcome) -> dict[str, str]:
        """Return which differences the corpus expects, with the reason."""
        causes = outcome.causes.keys()
        return {
            str(difference): varies.reason
            for difference in outcome.found
            for varies in self.package.varies
            if causes <= set(varies.by) and any(fnmatch.fnmatch(difference.file, pattern) for pattern in varies.files)
        }

    def _footprint(
        self, variations: Sequence[Variation], interpreters: Sequence[Interpreter], *, online: bool = False
    ) -> Footprint:
        usual = Surroundings.usual(self.folder / "here", epoch=self.epoch)
        around = reduce(lambda so_far, variation: variation.apply(so_far), variations, usual)
        around = around if online else around.having(**_OFFLINE)
        impls = ("--impls", *(str(one.executable) for one in interpreters))
        ran = surroundings.run(self.multibuild, self.source, around, *impls)
        try:
            return footprints.footprint(ran.workdir, source=ran.source, times=self.epoch)
        except (OSError, ValueError) as error:
            raise CampaignError(f"no report for {self.source.name}: {ran.said.strip() or error}") from error
        finally:
            files.remove_tree(around.folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; the answer is 1 where something differs that nothing explains, 2 where it could not begin."""
    options = _parser().parse_args(arguments)
    try:
        packages = choose(read_corpus(), only=options.only, smoke=options.smoke)
        interpreters = finder_of(LocalRunner()).select(options.impls)
        command = (options.multibuild or installed_command()).absolute()
        variations = _chosen(options.vary, epoch=not options.no_epoch)
    except MultibuildError as error:
        _say(f"reproducibility: error: {error}")
        return 2
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reproducibility-")))
        outcomes: dict[str, Outcome] = {}
        _say(_line(("package", "builders", "differences", "outcome", "made by")))
        for package in packages:
            outcomes[package.name] = outcome = _judge(
                package, interpreters, folder.absolute(), command, variations, epoch=not options.no_epoch
            )
            _say(_row(package, outcome), *(f"    {detail}" for detail in details(outcome)))
    if options.json:
        options.json.write_text(_to_json(outcomes, variations), encoding="utf-8")
    words = [outcome.word for outcome in outcomes.values()]
    _say("", f"{len(words)} packages: " + ", ".join(f"{words.count(word)} {word}" for word in sorted({*words})))
    return 1 if {"DIFFERS", "error"} & {*words} else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reproducibility.py", description=__doc__)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these packages of the corpus")
    parser.add_argument("--smoke", action="store_true", help="only the few packages that are marked for it")
    parser.add_argument("--impls", nargs="+", default=IMPLS, metavar="SPEC", help="for these implementations")
    parser.add_argument(
        "--vary", nargs="+", metavar="NAME", help=f"only these: {', '.join(one.name for one in VARIATIONS)}"
    )
    parser.add_argument(
        "--no-epoch", action="store_true", help="without SOURCE_DATE_EPOCH: only -j is varied, and times do not count"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="work in this folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results here")
    parser.add_argument("--multibuild", type=Path, metavar="FILE", help="the command to examine")
    return parser


def _chosen(names: Sequence[str] | None, *, epoch: bool) -> tuple[Variation, ...]:
    """Return what is varied; what this machine cannot vary is told, and an error where it was asked for by name.

    :raises UsageError: a name is not known, or its program is not there.
    """
    known = {variation.name: variation for variation in VARIATIONS}
    wanted = names or (known if epoch else _WITHOUT_EPOCH)
    if strange := [name for name in wanted if name not in known]:
        raise UsageError(f"nothing is called {', '.join(strange)}; there are {', '.join(known)}")
    chosen = []
    for variation in (known[name] for name in wanted):
        if not variation.lacking:
            chosen.append(variation)
        elif names:
            raise UsageError(f"{variation.name} cannot be varied without {', '.join(variation.lacking)}; install it")
        else:
            _say(f"not varied: {variation.name} (there is no {', '.join(variation.lacking)})")
    return tuple(chosen)


def _judge(
    package: Package,
    interpreters: Sequence[Interpreter],
    folder: Path,
    command: Path,
    variations: tuple[Variation, ...],
    *,
    epoch: bool,
) -> Outcome:
    try:
        source = fetch(package.name, file=package.file, sha256=package.sha256)
        matrix = Matrix(command, package, source, folder / package.name, variations, epoch)
        try:
            return matrix.judge(interpreters)
        finally:
            files.remove_tree(matrix.folder)
    except (MultibuildError, OSError) as error:
        return Outcome(error=str(error))


def _row(package: Package, outcome: Outcome) -> str:
    made_by = ", ".join(outcome.causes) or ("everything together only" if outcome.found else "")
    return _line((package.name, str(len(outcome.builders)), str(len(outcome.found)), outcome.word, made_by))


def _line(texts: Sequence[str]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(texts, (22, 8, 11, 8, 0), strict=True)).rstrip()


def details(outcome: Outcome) -> list[str]:
    """Return what a reader should look at: what differs, what failed, and what makes the difference."""
    if outcome.error:
        return [outcome.error]
    shown = [f"{one}{_excuse(outcome, one)}" for one in outcome.found[:_SHOWN]]
    if len(outcome.found) > _SHOWN:
        shown.append(f"and {len(outcome.found) - _SHOWN} more")
    for name, why in outcome.failed.items():
        shown += [f"{name} failed in one of the runs only:", *(f"    {line}" for line in why.splitlines())]
    for name, found in outcome.causes.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        shown.append(f"by {name}: {found[0]}{more}")
    return shown


def _excuse(outcome: Outcome, difference: Difference) -> str:
    reason = outcome.excused.get(str(difference))
    return f" - {reason}" if reason else ""


def _to_json(outcomes: Mapping[str, Outcome], variations: Sequence[Variation]) -> str:
    document = {
        "schema": 1,
        "variations": {variation.name: variation.what for variation in variations},
        "packages": {name: {"outcome": one.word, **asdict(one)} for name, one in outcomes.items()},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _say(*lines: str) -> None:
    for text in lines:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
