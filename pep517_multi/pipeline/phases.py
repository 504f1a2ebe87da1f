"""The phases as a caller sees them: each takes a run and gives a report."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import events, files, state
from pep517_multi.errors import FindingsError, MultibuildError, StagingError
from pep517_multi.pipeline.building import Building, Outcome
from pep517_multi.pipeline.drafting import drafts_of
from pep517_multi.pipeline.installing import fitting_wheels, served_by_build, stage_request
from pep517_multi.pipeline.merging import merge_staged, place_of
from pep517_multi.pipeline.reporting import write_report
from pep517_multi.report import EvidenceReport, ImplReport, Report, SourceReport
from pep517_multi.state import maybe, texts, the
from pep517_multi.wheels.validation import validated
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Any

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline import qa as quality
    from pep517_multi.pipeline.run import Run
    from pep517_multi.report import Action
    from pep517_multi.sources.tree import SourceTree
    from pep517_multi.staging import Staged, Stager
    from pep517_multi.wheels.wheel import Wheel


def whole_job(run: Run, tree: SourceTree) -> Report:
    """Build or reuse for every implementation and stage each as soon as its wheel is there.

    :raises MissingRequirementsError: without isolation, build requirements are missing.
    """
    phase = _Phase(run)
    if run.settings.qa != "off":
        from pep517_multi.pipeline import qa as quality

        quality.check_settings(run)
    with run.work.second_names() as folder, phase.stager() as stager:

        def stage(outcome: Outcome) -> None:
            if outcome.built is not None:
                # Staging goes on beside further builds, whose wheels may move this one to another place.
                wheel = run.store.second_name(outcome.built.wheel, folder)
                phase.stage(stager, outcome.interpreter, wheels=[wheel])

        def expect(everyone: Sequence[Interpreter]) -> None:
            drafts = drafts_of(building, folder / "drafts") if run.settings.jobs > 1 else None
            stager.expect(everyone, run.layout, drafts=drafts, turn=building.workshop.spare)

        building = Building(run, tree, stage, expect)
        outcomes = building.all()
        phase.entries = [_built(run, outcome) for outcome in outcomes]
        if run.settings.qa != "off":
            phase.examine(tree, [_reused(outcome) for outcome in outcomes])
    return phase.report(
        _source_built(run, tree, outcomes), [outcome.error for outcome in outcomes if not outcome.skipped]
    )


def build(run: Run, tree: SourceTree) -> Report:
    """Build or reuse for every implementation, and leave in the work directory which wheel serves whom.

    :raises MissingRequirementsError: without isolation, build requirements are missing.
    """
    phase = _Phase(run)
    outcomes = Building(run, tree, lambda _: None).all()
    phase.entries = [_built(run, outcome) for outcome in outcomes]
    return phase.report(
        _source_built(run, tree, outcomes), [outcome.error for outcome in outcomes if not outcome.skipped]
    )


def qa(run: Run, tree: SourceTree) -> Report:
    """Compare what the build phase left to be reused with fresh builds.

    :raises PlanError: it left nothing for a named implementation.
    """
    phase = _Phase(run)
    from pep517_multi.pipeline import qa as quality

    quality.check_settings(run)
    served = served_by_build(run)
    reused = []
    for interpreter in run.interpreters:
        left = served.get(interpreter.name)
        if left is None:
            continue
        action: Action = "built" if left.built_by == interpreter.name else "reused"
        entry = _target(interpreter, action=action, because=left.because, built_by=left.built_by)
        try:
            wheel = run.store.locate(left)
        except MultibuildError as error:
            phase.fail(entry, error)
        else:
            phase.entries.append(_with_wheel(entry, wheel, place=run.store.relative(wheel)))
            reused.append(
                quality.Reused(interpreter, wheel, left.built_by, left.inputs) if action == "reused" else None
            )
    phase.examine(tree, reused)
    return phase.report(_remembered_source(run))


def install(run: Run) -> Report:
    """Stage what the build phase left in the work directory.

    :raises PlanError: it left nothing for a named implementation.
    """
    phase = _Phase(run)
    served = served_by_build(run)
    with phase.stager() as stager:
        stager.expect([one for one in run.interpreters if one.name in served], run.layout)
        for interpreter in run.interpreters:
            left = served.get(interpreter.name)
            if left is None:
                continue
            action: Action = "built" if left.built_by == interpreter.name else "reused"
            entry = _target(interpreter, action=action, because=left.because, built_by=left.built_by)
            try:
                wheel = run.store.locate(left)
                phase.entries.append(_with_wheel(entry, wheel, place=run.store.relative(wheel)))
                phase.stage(stager, interpreter, wheels=[wheel])
            except MultibuildError as error:
                phase.fail(entry, error)
    return phase.report(_remembered_source(run))


def install_wheels(run: Run, paths: Sequence[Path]) -> Report:
    """Stage ready wheels, for each implementation the best of each project; no source and no build is needed.

    Implementations that nobody named are skipped where a wheel does not fit, unless it fits none at all.

    :raises UsageError: two versions of a project fit equally well.
    :raises IntegrityError: one of them is not what it says; nothing is staged then.
    """
    phase = _Phase(run)
    wheels = [read_wheel(validated(path, run.demands)) for path in paths]
    choices = {interpreter.name: _choice(interpreter, wheels) for interpreter in run.interpreters}
    fitting = [one for one in run.interpreters if not isinstance(choices[one.name], StagingError)]
    with phase.stager() as stager:
        stager.expect(fitting, run.layout)
        for interpreter in run.interpreters:
            entry = _target(interpreter, action="reused", because=("a ready wheel was given",), built_by=None)
            chosen = choices[interpreter.name]
            if not isinstance(chosen, StagingError):
                phase.entries.append(_with_wheel(entry, chosen[0], place=str(chosen[0].path)))
                phase.stage(stager, interpreter, wheels=chosen)
            elif run.named or not fitting:
                phase.fail(entry, chosen)
            else:
                phase.skip(entry, str(chosen))
    return phase.report(SourceReport())


def _choice(interpreter: Interpreter, wheels: Sequence[Wheel]) -> list[Wheel] | StagingError:
    try:
        return fitting_wheels(interpreter, wheels)
    except StagingError as error:
        return error


@dataclass
class _Phase:
    """What a phase gathers on its way to a report."""

    run: Run
    entries: list[ImplReport] = field(default_factory=list)
    staging: dict[str, Future[Staged]] = field(default_factory=dict)
    errors: list[MultibuildError] = field(default_factory=list)
    remarks: tuple[str, ...] = ()
    started: float = field(default_factory=time.monotonic)

    def stager(self) -> Stager:
        """Make what stages for this run.

        :raises UsageError: the layout that is asked for is none that every implementation has.
        """
        from pep517_multi.staging import Stager

        run = self.run
        for interpreter in run.interpreters:  # what cannot be installed need not be built
            run.layout.paths(interpreter, distribution="")
            run.layout.script_interpreter(interpreter)
        return Stager(
            runner=run.runner,
            environ=run.environ,
            jobs=run.settings.jobs,
            observer=run.observer,
            demands=run.demands,
        )

    def stage(self, stager: Stager, interpreter: Interpreter, *, wheels: Sequence[Wheel]) -> None:
        self.staging[interpreter.name] = stager.submit(stage_request(self.run, interpreter, wheels))

    def examine(self, tree: SourceTree, reused: Sequence[quality.Reused | None]) -> None:
        """Compare with fresh builds, and say so in the entries; under ``--qa fail``, what differs is an error."""
        from pep517_multi.pipeline import qa as quality

        came = quality.examine(self.run, tree, [one for one in reused if one is not None])
        found, self.remarks = came.by_name, came.remarks
        self.entries = [
            replace(entry, qa=found[entry.impl].report, seconds={**entry.seconds, "qa": found[entry.impl].seconds})
            if entry.impl in found
            else entry
            for entry in self.entries
        ]
        wrong = [name for name, examined in found.items() if examined.report.verdict in {"differs", "error"}]
        if wrong and self.run.settings.qa == "fail":
            self.errors.append(FindingsError(f"QA found something for {', '.join(wrong)}"))

    def fail(self, entry: ImplReport, error: MultibuildError) -> None:
        self.run.observer(events.Failed(entry.impl, str(error)))
        self.errors.append(error)
        self.entries.append(replace(entry, action="failed", error=str(error)))

    def skip(self, entry: ImplReport, why: str) -> None:
        self.run.observer(events.Note(f"skipped: {why}", impl=entry.impl))
        self.entries.append(replace(entry, action="skipped", error=why))

    def report(self, source: SourceReport, errors: Sequence[MultibuildError | None] = ()) -> Report:
        """Join what was staged, and write the report."""
        self.errors += [error for error in errors if error is not None]
        gathered, self.entries = self.entries, []
        for entry in gathered:
            self._staged(entry)
        self._merge()
        status = max((error.exit_code for error in self.errors), default=0)
        report = Report(source, tuple(self.entries), time.monotonic() - self.started, status, self.remarks)
        write_report(report, self.run.settings, work=self.run.work if self.run.holds_work else None)
        return report

    def _staged(self, entry: ImplReport) -> None:
        if entry.impl not in self.staging:
            self.entries.append(entry)
            return
        try:
            with files.explained(f"stage for {entry.impl}"):
                staged = self.staging[entry.impl].result()
        except MultibuildError as error:
            self.fail(entry, error)
            return
        seconds = {**entry.seconds, "install": staged.install_seconds, "bytecode": staged.bytecode_seconds}
        done = replace(entry, root=str(staged.root), not_compiled=staged.not_compiled, seconds=seconds)
        self.entries.append(done)

    def _merge(self) -> None:
        """Put what was staged into images, where such are wanted; all of it, or none."""
        staged = [entry for entry in self.entries if entry.root is not None]
        places = {entry.impl: place_of(self.run, entry.impl) for entry in staged}
        if not any(places.values()):
            return
        lacking = [entry.impl for entry in self.entries if entry.action == "failed"]
        if lacking and self.run.settings.destdir is not None:
            message = f"nothing was put into {self.run.settings.destdir}, because {', '.join(lacking)} failed"
            self.run.observer(events.Note(message, level="warning"))
            self.entries = [replace(entry, root=None) for entry in self.entries]
            return
        interpreters = [one for one in self.run.interpreters if one.name in places]
        try:
            notes = merge_staged(self.run, interpreters)
        except MultibuildError as error:
            self.run.observer(events.Failed(", ".join(places), str(error)))
            self.errors.append(error)
            failed = {entry.impl: replace(entry, action="failed", root=None, error=str(error)) for entry in staged}
            self.entries = [failed.get(entry.impl, entry) for entry in self.entries]
            return
        for note in dict.fromkeys(note for several in notes.values() for note in several):
            self.run.observer(events.Note(note))
        roots = {impl: str(place.directory) for impl, place in places.items() if place is not None}
        self.entries = [
            replace(entry, root=roots.get(entry.impl, entry.root), notes=(*entry.notes, *notes.get(entry.impl, ())))
            for entry in self.entries
        ]


def _target(interpreter: Interpreter, *, action: Action, because: tuple[str, ...], built_by: str | None) -> ImplReport:
    return ImplReport(
        impl=interpreter.name,
        executable=str(interpreter.executable),
        version=str(interpreter.version),
        implementation=interpreter.implementation,
        platform=interpreter.platform,
        sysroot=str(interpreter.sysroot.path) if interpreter.sysroot else None,
        action=action,
        because=because,
        built_by=built_by,
    )


def _with_wheel(entry: ImplReport, wheel: Wheel, *, place: str) -> ImplReport:
    return replace(entry, wheel=place, wheel_sha256=wheel.sha256, tag=wheel.name.tag_text)


def _built(run: Run, outcome: Outcome) -> ImplReport:
    action: Action = "skipped" if outcome.skipped else "failed"
    if outcome.built is not None:
        action = "built" if outcome.built_by == outcome.interpreter.name else "reused"
    entry = _target(outcome.interpreter, action=action, because=outcome.because, built_by=outcome.built_by)
    error = str(outcome.error) if outcome.error else None
    log = str(outcome.log) if outcome.log else None
    entry = replace(entry, error=error, log=log, notes=outcome.notes, seconds={**entry.seconds, **outcome.seconds})
    if outcome.built is None:
        return entry
    wheel = outcome.built.wheel
    return _with_wheel(entry, wheel, place=run.store.relative(wheel))


def _reused(outcome: Outcome) -> quality.Reused | None:
    """Return what there is to compare; nothing where the implementation built itself, or not at all."""
    if outcome.built is None or outcome.built_by == outcome.interpreter.name:
        return None
    from pep517_multi.pipeline import qa as quality

    return quality.Reused(outcome.interpreter, outcome.built.wheel, outcome.built_by, outcome.built.inputs)


def source_report(tree: SourceTree) -> SourceReport:
    """Describe a source as far as it can be told without a build."""
    evidence = EvidenceReport(tree.evidence.verdict.value, (*tree.evidence.because, *tree.evidence.doubts))
    backend = tree.build_system.backend
    return SourceReport(str(tree.given), tree.name, tree.version, tree.digest, backend, evidence)


def _source_built(run: Run, tree: SourceTree, outcomes: Sequence[Outcome]) -> SourceReport:
    """Describe the source, its name and version taken from a wheel where the source leaves them open."""
    source = source_report(tree)
    names = [outcome.built.wheel.name for outcome in outcomes if outcome.built is not None]
    if names:
        source = replace(source, name=source.name or names[0].name, version=source.version or str(names[0].version))
    with files.explained("write the work directory"):
        files.write_whole(run.work.source, json.dumps(asdict(source)).encode())
    return source


def _remembered_source(run: Run) -> SourceReport:
    try:
        return state.read(run.work.source, _source_of, otherwise="run the build phase again")
    except FileNotFoundError:
        return SourceReport()


def _source_of(plain: Mapping[str, Any]) -> SourceReport:
    evidence = EvidenceReport(the(str, plain["evidence"]["verdict"]), texts(plain["evidence"]["because"]))
    told = {name: maybe(str, plain[name]) for name in ("path", "name", "version", "digest", "backend")}
    return SourceReport(**told, evidence=evidence)
