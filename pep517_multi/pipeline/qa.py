"""QA: whoever reuses a wheel builds after all, and both are compared. Fresh builds run side by side."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import events, files
from pep517_multi.errors import MultibuildError, SourceError
from pep517_multi.findings import QaReport
from pep517_multi.pipeline.shares import shares
from pep517_multi.pipeline.workshop import Workshop, may_compile
from pep517_multi.qa.code_objects import CodeObjects
from pep517_multi.qa.details import Details
from pep517_multi.qa.examination import Controls, Examination, Pair
from pep517_multi.qa.findings import Sides
from pep517_multi.qa.installed import read_tree
from pep517_multi.qa.rulebook import QA, chosen
from pep517_multi.qa.stable import StableAbiAudit
from pep517_multi.qa.verdicts import Policy, counts
from pep517_multi.staging import Stager, StageRequest
from pep517_multi.wheels.comparison import other_versions
from pep517_multi.wheels.contents import contents
from pep517_multi.wheels.validation import validated
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.pipeline.shares import Share
    from pep517_multi.sources.tree import SourceTree
    from pep517_multi.wheels.trees import Contents
    from pep517_multi.wheels.wheel import Wheel

_APART = 1.1
"""Seconds between two builds that a clock in a file can tell apart."""
_OTHER_SEED = {"PYTHONHASHSEED": "4242"}
"""What a second build has for a hash seed: an order of sets that nobody fixed then shows."""


@dataclass(frozen=True)
class Reused:
    """An implementation that uses the wheel of another.

    :param built_by: canonical name of the other; ``None`` where nothing tells.
    :param inputs: digest of what the wheel was made from.
    """

    interpreter: Interpreter
    wheel: Wheel
    built_by: str | None
    inputs: str


@dataclass(frozen=True)
class Examined:
    """What QA came to for one implementation, after so many seconds."""

    report: QaReport
    seconds: float


@dataclass(frozen=True)
class Quality:
    """What QA came to.

    :param by_name: canonical name → what was found.
    :param remarks: which acceptances are of no use any more, as sentences.
    """

    by_name: Mapping[str, Examined] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def check_settings(run: Run) -> None:
    """Say before any build what QA would stumble over.

    :raises UsageError: the settings name a rule or a tool that is not there.
    """
    chosen(QA, run.settings.qa_rules)
    Details.chosen(run.settings.qa_tool, runner=run.runner, environ=run.environ, base=run.work.path)


def examine(run: Run, tree: SourceTree, reused: Sequence[Reused]) -> Quality:
    """Build for everyone who reuses a wheel, and compare.

    :raises UsageError: the settings name a rule or a tool that is not there.
    """
    if not reused:
        return Quality()
    return _Examining(run, tree, reused).all()


@dataclass(frozen=True)
class _Fresh:
    wheel: Wheel
    packages: Mapping[str, str]


@dataclass
class _Examining:
    run: Run
    tree: SourceTree
    reused: Sequence[Reused]
    shares: dict[str, Share | MultibuildError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run, settings = self.run, self.run.settings
        package = self.reused[0].wheel.name.name
        today = dt.datetime.now(tz=dt.timezone.utc).date()
        self.policy = Policy(settings.qa_accept, package, today)
        self.rules = chosen(QA, settings.qa_rules)
        self.details = Details.chosen(settings.qa_tool, runner=run.runner, environ=run.environ, base=run.work.path)
        self.audit = StableAbiAudit(run.runner, run.environ, run.observer)
        self.packages = run.store.packages()
        # The builds of QA are not those of the run: what they do is told as one phase.
        self.workshop = Workshop(replace(run, observer=events.ignore))
        self.again = _Once()

    def all(self) -> Quality:
        run = self.run
        self.shares = {interpreter.name: share for interpreter, share in shares(run, self.tree)}
        compiles = any(
            not isinstance(share, MultibuildError) and may_compile(share.policy) for share in self.shares.values()
        )
        try:
            with (
                run.work.under_examination(),
                self.workshop.open(compiles=compiles),
                self._stager() as self.stager,
            ):
                done = self._side_by_side()
        finally:
            files.remove_tree(run.work.changed(""))
        self._tidy_builders(done)
        complete = all(examined.report.verdict != "error" for examined in done.values())
        remarks = tuple(self.policy.remarks(complete=complete))
        for remark in remarks:
            run.observer(events.Note(remark, level="warning"))
        return Quality(done, remarks)

    def _stager(self) -> Stager:
        run = self.run
        return Stager(runner=run.runner, environ=run.environ, jobs=run.settings.jobs, demands=run.demands)

    def _side_by_side(self) -> Mapping[str, Examined]:
        with ThreadPoolExecutor(max_workers=self.run.settings.jobs) as pool:
            try:
                attempts = {one.interpreter.name: pool.submit(self._examine, one) for one in self.reused}
                return {name: attempt.result() for name, attempt in attempts.items()}
            except BaseException:
                self.run.runner.close()
                pool.shutdown(cancel_futures=True)
                raise

    def _examine(self, reused: Reused) -> Examined:
        name = reused.interpreter.name
        started = time.monotonic()
        self.run.observer(events.PhaseStarted(name, "qa"))
        try:
            with files.explained(f"compare what {name} reuses with a fresh build"):
                report = self._compared(reused)
        except MultibuildError as error:
            report = QaReport("error", error=str(error))
        seconds = time.monotonic() - started
        self.run.observer(events.PhaseFinished(name, "qa", seconds, report.verdict))
        for message in _told(report):
            self.run.observer(events.Note(f"qa: {message}", name, "warning"))
        return Examined(report, seconds)

    def _compared(self, reused: Reused) -> QaReport:
        name = reused.interpreter.name
        folder = self.run.work.qa(name)
        files.remove_tree(folder)
        fresh = self._built(reused.interpreter, folder / "fresh", inputs=reused.inputs)
        ended = time.monotonic()
        audited = self.audit.findings(reused.wheel)
        causes = tuple(other_versions(self.packages.get(reused.built_by or "", {}), fresh.packages))
        code = CodeObjects(lambda: self.run.interpreters, self.run.runner, self.run.environ)
        examination = Examination(self.rules, self.policy, causes, code.compare)
        sides = Sides(f"the wheel of {reused.built_by or 'unknown origin'}", f"a fresh build for {name}")
        pair = Pair(contents(reused.wheel), contents(fresh.wheel), sides)
        controls = Controls(
            fresh=lambda: self._control(reused.interpreter, folder / "again", inputs=reused.inputs, after=ended),
            served=lambda: self._control_of_builder(reused, after=ended),
            versions=lambda: self._control_of_versions(reused, fresh.packages, folder / "versions"),
        )
        report, found = examination.examine(
            pair,
            installed=lambda: self._installed(reused, fresh.wheel, folder, sides),
            controls=controls,
            others=audited,
        )
        report = self.details.add(report, found, folder=folder, trees=(folder / "reused-root", folder / "fresh-root"))
        self._tidy(folder, keep_wheels=report.verdict not in {"identical", "benign"})
        return report

    def _built(
        self, interpreter: Interpreter, folder: Path, *, inputs: str, workshop: Workshop | None = None, what: str = "qa"
    ) -> _Fresh:
        """Build a wheel below ``folder`` from what the reused one was made from.

        :param workshop: another one than for fresh builds.
        :param what: names its log.
        :raises SourceError: the source is not what it was.
        :raises BuildError: it cannot be built.
        """
        share = self.shares[interpreter.name]
        if isinstance(share, MultibuildError):
            raise share
        if share.inputs.digest != inputs:
            raise SourceError(
                f"what {interpreter.name} would build from is not what its wheel was made from (source, patches, "
                "settings or flags); run the build phase again"
            )
        log = self.run.work.log(interpreter.name).with_name(f"{interpreter.name}-{what}.log")
        made = (workshop or self.workshop).make(interpreter, share, folder=folder, log=log, builds=self._builds)
        if isinstance(made, MultibuildError):
            raise made
        return _Fresh(read_wheel(validated(made.path, self.run.demands)), made.packages)

    @property
    def _builds(self) -> int:
        return min(len(self.reused), self.run.settings.jobs)

    def _control(self, interpreter: Interpreter, folder: Path, *, inputs: str, after: float) -> Contents | None:
        """Build a second time: in another folder, with another hash seed, and when a clock has gone on."""
        time.sleep(max(0.0, _APART - (time.monotonic() - after)))
        workshop = self.workshop.with_environ(_OTHER_SEED)
        return contents(self._built(interpreter, folder, inputs=inputs, workshop=workshop).wheel)

    def _control_of_builder(self, reused: Reused, *, after: float) -> Contents | None:
        """Let the builder of the reused wheel build again, once for all who reuse it; ``None`` if it is not there."""
        builder = self._builder(reused)
        if builder is None:
            return None
        folder = self.run.work.qa(builder.name) / "again"
        return self.again.made(
            reused.wheel.sha256, lambda: self._control(builder, folder, inputs=reused.inputs, after=after)
        )

    def _control_of_versions(self, reused: Reused, versions: Mapping[str, str], folder: Path) -> Contents | None:
        """Let the builder of the reused wheel build with these versions of requirements; ``None`` if it cannot."""
        builder = self._builder(reused)
        workshop = self.workshop.with_versions(versions, folder) if builder else None
        if builder is None or workshop is None:
            return None
        what = f"qa-versions-of-{reused.interpreter.name}"
        try:
            made = self._built(builder, folder / "build", inputs=reused.inputs, workshop=workshop, what=what)
        except MultibuildError:
            return None  # the versions of the one are not for the other; the log has it
        return contents(made.wheel)

    def _builder(self, reused: Reused) -> Interpreter | None:
        return next((one for one in self.run.interpreters if one.name == reused.built_by), None)

    def _installed(self, reused: Reused, fresh: Wheel, folder: Path, sides: Sides) -> Pair:
        """Install both wheels for the implementation, without bytecode, which each makes from its source."""
        layout = replace(self.run.layout, levels=())
        staged = [
            self.stager.submit(StageRequest(reused.interpreter, (wheel.path,), folder / root, layout))
            for wheel, root in ((reused.wheel, "reused-root"), (fresh, "fresh-root"))
        ]
        one, other = (read_tree(future.result().root) for future in staged)
        return Pair(one, other, sides)

    def _tidy(self, folder: Path, *, keep_wheels: bool) -> None:
        """Leave what helps to look further: wheels that differ, and longer comparisons."""
        for build in ("fresh", "again"):
            files.remove_tree(folder / build / "source")
            if not keep_wheels:
                files.remove_tree(folder / build)
        for needless in ("reused-root", "fresh-root", "versions"):
            files.remove_tree(folder / needless)

    def _tidy_builders(self, done: Mapping[str, Examined]) -> None:
        """Leave of the second builds of those who built the wheels what belongs to a difference."""
        differ = {name for name, examined in done.items() if examined.report.verdict not in {"identical", "benign"}}
        for builder in {one.built_by for one in self.reused if one.built_by} - done.keys():
            again = self.run.work.qa(builder) / "again"
            files.remove_tree(again / "source")
            if not any(one.built_by == builder and one.interpreter.name in differ for one in self.reused):
                files.remove_tree(self.run.work.qa(builder))


class _Once:
    """What is made once, for all threads that ask for it."""

    def __init__(self) -> None:
        self._made: dict[str, Future[Contents | None]] = {}
        self._lock = threading.Lock()

    def made(self, key: str, make: Callable[[], Contents | None]) -> Contents | None:
        with self._lock:
            mine = key not in self._made
            future = self._made.setdefault(key, Future())
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()


def _told(report: QaReport) -> Sequence[str]:
    """Return one line for each finding that nothing excuses, or the error."""
    if report.error:
        return (report.error,)
    if report.verdict == "nondeterministic":
        return tuple(finding.message for finding in report.findings if finding.accepted is None)
    return tuple(finding.message for finding in report.findings if counts(finding))
