"""The checks on what was staged: all roots side by side, never more at a time than ``--jobs`` allows."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import events, temporaries
from pep517_multi.backends.packages import importable
from pep517_multi.errors import PlanError
from pep517_multi.pipeline.installing import stage_request
from pep517_multi.pipeline.merging import place_of, read_manifest
from pep517_multi.qa.check_build_paths import check_build_paths, pattern_of
from pep517_multi.qa.check_bytecode import check_bytecode
from pep517_multi.qa.check_imports import Judge, import_modules, written
from pep517_multi.qa.check_metadata import check_licences, check_purity, check_requirements, distributions
from pep517_multi.qa.check_modules import Found, find_modules
from pep517_multi.qa.check_report import CheckReport, ImplChecks
from pep517_multi.qa.check_root import StagedRoot
from pep517_multi.qa.check_strays import check_strays
from pep517_multi.qa.check_table import switched_off
from pep517_multi.qa.check_target import Target, environment

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.qa.check_metadata import Distribution
    from pep517_multi.qa.check_modules import Module
    from pep517_multi.qa.check_root import Entry
    from pep517_multi.qa.check_table import Problem
    from pep517_multi.settings import AllowedImport


def check(run: Run, source: Path) -> CheckReport:
    """Look at the staging root of each implementation; nothing in it is changed.

    :param source: the tree that was built; its path is one that must not be found in what is installed.
    :raises PlanError: nothing is staged for an implementation that was named, or for none.
    :raises UsageError: ``--check-off`` names something that is no check.
    """
    off = switched_off(run.settings.check_off)
    roots = staged_roots(run)
    with temporaries.scratch("check") as scratch:
        return _Checking(run, off, scratch.resolve(), source).all(roots)


def staged_roots(run: Run) -> tuple[StagedRoot, ...]:
    """Return what is staged for the implementations of the run, in order of work.

    :raises PlanError: for one that was named there is nothing, or for none at all.
    """
    roots = [_root(run, interpreter) for interpreter in run.interpreters]
    staged = [root for root in roots if root.is_there]
    lacking = [root.interpreter.name for root in roots if root not in staged]
    if lacking and (run.named or not staged):
        where = run.settings.destdir or run.settings.roots or run.work.roots
        raise PlanError(
            f"nothing is staged for {', '.join(lacking)} in {where}; run the install phase first, with the "
            f"same options: multibuild install --impls {' '.join(lacking)}"
        )
    return tuple(_with_others(root, staged) for root in staged)


def _root(run: Run, interpreter: Interpreter) -> StagedRoot:
    request = stage_request(run, interpreter, ())
    layout, path, owned = request.layout, request.root, None
    if place := place_of(run, interpreter.name):
        path = place.directory
        if place.shared:
            entries = read_manifest(place).entries
            owned = frozenset(entry.path for entry in entries if interpreter.name in entry.owners)
    return StagedRoot(
        interpreter=interpreter,
        path=path,
        prefix=layout.prefix.rstrip("/"),
        libraries=layout.libraries(interpreter),
        levels=layout.levels,
        invalidation=layout.invalidation,
        license_dir=layout.license_dir,
        owned=owned,
    )


def _with_others(root: StagedRoot, staged: Iterable[StagedRoot]) -> StagedRoot:
    sharing = [other for other in staged if other is not root and other.path == root.path]
    return replace(
        root,
        others=tuple(other.interpreter for other in sharing),
        foreign_libraries=tuple(library for other in sharing for library in other.libraries),
    )


@dataclass
class _Subject:
    """One root, with what was seen of it before anything ran."""

    root: StagedRoot
    everything: tuple[Entry, ...]
    entries: tuple[Entry, ...]
    modules: Found
    distributions: tuple[Distribution, ...]
    problems: list[Problem] = field(default_factory=list)


@dataclass
class _Checking:
    run: Run
    off: frozenset[str]
    scratch: Path
    source: Path

    def __post_init__(self) -> None:
        self._folders = itertools.count()
        self._used: set[AllowedImport] = set()

    def all(self, roots: Sequence[StagedRoot]) -> CheckReport:
        started = time.monotonic()
        with ThreadPoolExecutor(max_workers=self.run.settings.jobs) as pool:
            try:
                subjects = list(pool.map(self._look, roots))
                work = [(subject, job) for subject in subjects for job in self._jobs(subject, pool, len(roots))]
                for subject, job in work:
                    subject.problems += job.result()
                for subject, problems in zip(subjects, pool.map(self._written, subjects), strict=True):
                    subject.problems += problems
            except BaseException:
                self.run.runner.close()
                pool.shutdown(cancel_futures=True)
                raise
        impls = tuple(self._outcome(subject) for subject in subjects)
        return CheckReport(
            impls, self._unused(subjects), time.monotonic() - started, strict=self.run.settings.qa == "fail"
        )

    def _look(self, root: StagedRoot) -> _Subject:
        everything = root.walk()
        entries = root.own(everything)
        modules = find_modules(root, entries, all_modules=self.run.settings.all_modules)
        if modules.has_extensions and root.interpreter.sysroot is not None and self._wants("imports"):
            modules = replace(modules, tops=())
            message = f"nothing is imported: this machine cannot load modules of {root.interpreter.platform}"
            self.run.observer(events.Note(message, impl=root.interpreter.name))
        return _Subject(root, everything, entries, modules, distributions(root, entries))

    def _wants(self, *groups_or_names: str) -> bool:
        return not switched_off(groups_or_names) <= self.off

    def _jobs(self, subject: _Subject, pool: ThreadPoolExecutor, roots: int) -> Iterator[Future[list[Problem]]]:
        """Begin everything there is to do for one root."""
        if self._wants("imports"):
            parts = max(1, min(-(-self.run.settings.jobs // roots), len(subject.modules.tops)))
            for part in range(parts):
                yield pool.submit(self._imports, subject, subject.modules.tops[part::parts])
        if self._wants("bytecode"):
            yield pool.submit(self._bytecode, subject)
        if self._wants("strays"):
            yield pool.submit(self._strays, subject)
        if self.run.settings.deps and self._wants("requirements"):
            yield pool.submit(self._requirements, subject)

    def _imports(self, subject: _Subject, modules: Sequence[Module]) -> list[Problem]:
        timeout = self.run.settings.check_timeout
        judge = Judge(
            root=subject.root,
            tops=subject.modules.tops,
            packages=frozenset(each.name for each in subject.distributions),
            requires=frozenset(name for each in subject.distributions for name in each.required_names),
            allowed=self.run.settings.check_allow,
            timeout=timeout,
            used=self._used,
        )
        target = self._target(subject.root.interpreter)
        imported = import_modules(subject.root, modules, target, timeout=timeout)
        return [*subject.modules.problems, *judge.problems(imported)]

    def _bytecode(self, subject: _Subject) -> list[Problem]:
        return list(check_bytecode(subject.root, subject.entries, self._target(subject.root.interpreter)))

    def _strays(self, subject: _Subject) -> list[Problem]:
        root, entries = subject.root, subject.entries
        found = [*check_strays(root, entries), *check_build_paths(root, entries, self._build_paths)]
        names = [entry.name for entry in entries if entry.is_file]
        alone = len(subject.distributions) == 1  # else nobody knows whose files are those that no RECORD names
        for each in subject.distributions:
            found += check_purity(each, names if alone else ())
            if "licenses" not in self.run.settings.strip:
                found += check_licences(each, names)
        return found

    @cached_property
    def _build_paths(self) -> re.Pattern[bytes]:
        outputs = [self.run.work.path, *self.run.outputs]
        source = [self.source.absolute()] if (self.source / "pyproject.toml").is_file() else []
        home = Path(self.run.environ.get("HOME", "/"))
        return pattern_of([*outputs, *source, home, home / ".cargo"])

    def _requirements(self, subject: _Subject) -> list[Problem]:
        root = subject.root
        environ = environment(self.run.environ)
        instead: list[Path] = []
        if sysroot := root.interpreter.sysroot:  # what is installed there, and the conditions of there
            instead = [sysroot.path / library.lstrip("/") for library in root.libraries]
            markers = {**root.interpreter.markers, "platform_machine": root.interpreter.platform.partition("-")[2]}
            root = replace(root, interpreter=replace(root.interpreter, markers=markers))
        installed = importable(root.interpreter.executable, runner=self.run.runner, environ=environ, instead=instead)
        return list(check_requirements(root, subject.distributions, installed))

    def _written(self, subject: _Subject) -> list[Problem]:
        return list(written(subject.root, subject.everything, subject.root.walk())) if self._wants("imports") else []

    def _target(self, interpreter: Interpreter) -> Target:
        folder = self.scratch / str(next(self._folders))
        folder.mkdir()
        return Target(interpreter, self.run.runner, self.run.environ, folder)

    def _outcome(self, subject: _Subject) -> ImplChecks:
        wanted = dict.fromkeys(problem for problem in subject.problems if problem.check.name not in self.off)
        problems = tuple(sorted(wanted, key=lambda problem: (problem.finding.file, problem.check.name)))
        count = sum(not entry.is_folder for entry in subject.entries)
        modules = subject.modules.count if self._wants("imports") else 0
        return ImplChecks(subject.root.interpreter.name, str(subject.root.path), count, modules, problems)

    def _unused(self, subjects: Sequence[_Subject]) -> tuple[str, ...]:
        """Say which entries of the allow list nothing needs, of those for what was checked."""
        packages = {each.name for subject in subjects for each in subject.distributions}
        names = {subject.root.interpreter.name for subject in subjects}
        needless = [
            entry
            for entry in self.run.settings.check_allow
            if entry not in self._used
            and any(fnmatchcase(name, entry.impl) for name in names)
            and (entry.package == "*" or any(fnmatchcase(name, entry.package) for name in packages))
        ]
        told = (f"the check.allow of {entry.module} ({entry.reason}) was not needed; drop it" for entry in needless)
        return tuple(told) if self._wants("imports") else ()
