"""Where wheels are made: private copies, build environments, and one bound on all that runs."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi import events, files
from pep517_multi.backends import BuildCall, InstalledEnvironments, build_wheel
from pep517_multi.backends.environments import ExtendedEnvironments
from pep517_multi.errors import MultibuildError
from pep517_multi.pipeline.processors import Processors
from pep517_multi.sources.copies import private_copy
from pep517_multi.sources.version_control import git_folder
from pep517_multi.wheels.decision import Dependence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pep517_multi.backends import BuiltWheel, Environments
    from pep517_multi.backends.build_tools import ToolVersions
    from pep517_multi.backends.jobserver import Jobserver
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.pipeline.shares import Share
    from pep517_multi.sources.tree import SourceTree
    from pep517_multi.wheels.decision import Policy


@dataclass
class Workshop:
    """Makes wheels for one run; safe to use from several threads."""

    run: Run
    _jobserver: Jobserver | None = field(default=None, init=False)
    _tools: ToolVersions = field(init=False)
    _maps_paths: Future[bool] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._processors = Processors(self.run.settings.jobs)
        self._environments = self._made_environments()

    def expect_compilers(self, *, build_tools: bool = True) -> None:
        """Ask the compiler what it can do, beside whatever goes on until a build needs the answer.

        :param build_tools: ask make and ninja, too; otherwise the first build does.
        """
        from pep517_multi.backends.build_tools import MAKE, NINJA, ToolVersions
        from pep517_multi.backends.prefix_map import is_wanted

        run, tools = self.run, ToolVersions(self.run.runner)
        executor = ThreadPoolExecutor(3, "tools")
        self._tools, self._maps_paths = tools, executor.submit(is_wanted, run.environ, run.runner)
        for tool in (MAKE, NINJA) if build_tools else ():
            executor.submit(tools.takes_part, tool, run.environ)
        executor.shutdown(wait=False)

    @contextlib.contextmanager
    def open(self, *, compiles: bool) -> Iterator[None]:
        """Keep everything that builds need while the block lasts; build environments are gone after it.

        :param compiles: whether what is built may start compilers, which then share one jobserver.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(files.remove_tree, self.run.work.environments)
            stack.callback(files.remove_tree, self.run.work.sandbox)
            if compiles:
                from pep517_multi.backends.jobserver import Jobserver

                if self._maps_paths is None:
                    self.expect_compilers(build_tools=False)
                jobs, environ = self.run.settings.jobs, self.run.environ
                sandboxed = self.run.sandbox is not None
                jobserver = Jobserver(jobs, environ=environ, versions=self._tools, sandboxed=sandboxed)
                self._jobserver = stack.enter_context(jobserver)
            try:
                yield
            finally:
                self._jobserver = None

    def with_environ(self, environ: Mapping[str, str]) -> Workshop:
        """Return one that shares everything with this, and gives ``environ`` to hooks besides."""
        other = copy(self)
        other._environments = ExtendedEnvironments(self._environments, environ)  # noqa: SLF001 - one of its own kind
        return other

    def with_versions(self, versions: Mapping[str, str], folder: Path) -> Workshop | None:
        """Return one that shares everything with this but environments, which get these versions of packages.

        :param folder: a new one, for what says so.
        :returns: ``None`` without isolation, where versions are as they are.
        """
        if not self.run.settings.isolation:
            return None
        pins = folder / "constraints.txt"
        with files.explained(f"write {pins}"):
            files.write_whole(pins, "".join(f"{name}=={versions[name]}\n" for name in sorted(versions)).encode())
        other = copy(self)
        other._environments = self._made_environments(folder / "environments", pins)  # noqa: SLF001 - one of its own kind
        return other

    def missing_requirements(
        self, interpreters: Sequence[Interpreter], requires: Sequence[str]
    ) -> Mapping[str, tuple[str, ...]]:
        """Return what interpreters lack, without isolation; see :meth:`InstalledEnvironments.missing`."""
        environments = self._environments
        return environments.missing(interpreters, requires) if isinstance(environments, InstalledEnvironments) else {}

    def make(
        self,
        interpreter: Interpreter,
        share: Share,
        *,
        folder: Path,
        log: Path,
        builds: int,
        started: Callable[[], None] | None = None,
    ) -> BuiltWheel | MultibuildError:
        """Build one wheel in a private copy below ``folder``, whose earlier content goes; an error is an answer.

        :param builds: how many builds run side by side, this one included.
        :param started: is called as soon as the backend runs.
        """
        try:
            with files.explained(f"build for {interpreter.name}"), self._slot():
                return self._make(interpreter, share, folder=folder, log=log, builds=builds, started=started)
        except MultibuildError as error:
            return error

    def _make(
        self,
        interpreter: Interpreter,
        share: Share,
        *,
        folder: Path,
        log: Path,
        builds: int,
        started: Callable[[], None] | None,
    ) -> BuiltWheel:
        files.remove_tree(folder)
        (folder / "wheel").mkdir(parents=True)
        tree = share.tree
        source = folder / "source" / tree.path.name  # version plugins may read the version from the folder's name
        private_copy(tree, source, leave_out=self.run.outputs)
        settings, environments = self.run.settings.config_settings, self._environments
        if switch := share.ordinary_abi(self.run, folder=folder):
            settings = switch.config_settings
            self.run.observer(events.Note(f"--no-abi3: {switch.because}", impl=interpreter.name))
            environments = ExtendedEnvironments(environments, switch.environ)
        if self._maps_paths is not None and self._maps_paths.result():
            from pep517_multi.backends.prefix_map import mapped

            names = {self.run.work.environments: "environments", source: "."}
            environments = ExtendedEnvironments(environments, mapped(self.run.environ, names))
        reads = _around(tree)
        if interpreter.sysroot is not None:
            from pep517_multi.backends.cross import CrossEnvironments

            cross = CrossEnvironments(environments, self.run.work.environments)
            environments, reads = cross, (*reads, *cross.reads(interpreter))
        if self._jobserver is not None:
            from pep517_multi.backends.jobserver import BoundEnvironments

            environments = BoundEnvironments(environments, self._jobserver, builds)
        call = BuildCall(
            interpreter=interpreter,
            build_system=tree.build_system,
            tree=source,
            output=folder / "wheel",
            config_settings=settings,
            log=log,
            timeout=self.run.settings.timeout,
            reads=reads,
            started=started,
        )
        return build_wheel(call, environments, runner=self.run.backend_runner, observer=self.run.observer)

    def _slot(self) -> contextlib.AbstractContextManager[None]:
        return self._processors.slot() if self._jobserver is None else self._jobserver.slot()

    def spare(self) -> contextlib.AbstractContextManager[bool]:
        """Return a context in which a moment's work may be done beside the builds, or not; it gives which."""
        jobserver = self._jobserver  # another thread closes it
        return self._processors.spare() if jobserver is None else jobserver.spare()

    def _made_environments(self, folder: Path | None = None, *constraints: Path) -> Environments:
        run = self.run
        if not run.settings.isolation:
            return run.installed
        from pep517_multi.backends import IsolatedEnvironments

        return IsolatedEnvironments(
            folder or run.work.environments,
            run.runner,
            run.environ,
            constraints=(*run.settings.build_constraint, *constraints),
            observer=run.observer,
        )


def _around(tree: SourceTree) -> tuple[Path, ...]:
    """Return where links out of a copy of ``tree`` may lead: the tree itself, and the repository that it belongs to."""
    repository = git_folder(tree.path)
    if repository is None:
        return (tree.path,)
    common = repository / "commondir"
    shared = (repository / common.read_text(encoding="utf-8").strip(),) if common.is_file() else ()
    return (tree.path, repository, *shared)


def may_compile(policy: Policy) -> bool:
    """Whether a build may start compilers or other tools that run many jobs."""
    return policy.dependence is not Dependence.INDEPENDENT
