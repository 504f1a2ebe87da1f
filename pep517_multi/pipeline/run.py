"""What one run works on, and with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pep517_multi.archives.limits import Limits
    from pep517_multi.backends import InstalledEnvironments
    from pep517_multi.backends.early import EarlyBackends
    from pep517_multi.events import Observer
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.interpreters.spec import Spec
    from pep517_multi.pipeline.workdir import WorkDirectory
    from pep517_multi.process import LocalRunner, Runner
    from pep517_multi.sandbox import Sandbox
    from pep517_multi.settings import Settings
    from pep517_multi.sources.evidence import Evidence
    from pep517_multi.sources.tree import BuildSystem
    from pep517_multi.staging import Layout
    from pep517_multi.wheels.decision import Policy
    from pep517_multi.wheels.store import Store
    from pep517_multi.wheels.validation import Demands


@dataclass(frozen=True)
class Run:
    """Everything a phase needs besides its source.

    :param interpreters: in order of work.
    :param named: whether the user named the implementations; those that came by default are skipped where a project
        does not support them, those that were named fail.
    :param prefer: whose scripts have the plain names, also where the run is not for it.
    :param environ: the environment that the run was started in.
    :param holds_work: whether the work directory is there and this run's; ready wheels can be installed without.
    """

    settings: Settings
    interpreters: tuple[Interpreter, ...]
    work: WorkDirectory
    runner: LocalRunner
    environ: Mapping[str, str]
    observer: Observer
    named: bool = True
    prefer: Spec | None = None
    holds_work: bool = True

    @property
    def store(self) -> Store:
        """The wheels of the work directory."""
        from pep517_multi.wheels.store import Store

        return Store(self.work.wheels)

    @cached_property
    def sandbox(self) -> Sandbox | None:
        """What build backends run in; ``None`` where they run as everything does.

        :raises PlanError: one is asked for, and none can be made here.
        """
        if self.settings.sandbox == "off":
            return None
        from pep517_multi.events import Note
        from pep517_multi.sandbox import find_sandbox
        from pep517_multi.sandbox.finding import NoSandboxError

        try:
            return find_sandbox(self.runner, self.environ)
        except NoSandboxError as error:
            if self.settings.sandbox == "on":
                raise
            self.observer(Note(f"build backends run without a sandbox: {error}"))
            return None

    @property
    def backend_runner(self) -> Runner:
        """What runs the hooks of backends."""
        if self.sandbox is None:
            return self.runner if self.settings.isolation else self.early
        from pep517_multi.sandbox import SandboxedRunner

        return SandboxedRunner(self.runner, self.sandbox, self.environ, self.work.sandbox)

    @cached_property
    def installed(self) -> InstalledEnvironments:
        """What the interpreters themselves can build with; each is asked once."""
        from pep517_multi.backends import InstalledEnvironments

        return InstalledEnvironments(self.runner, self.environ)

    @cached_property
    def early(self) -> EarlyBackends:
        """What calls backends of the interpreters themselves, where there is no sandbox."""
        from pep517_multi.backends.early import EarlyBackends

        return EarlyBackends(self.runner, self.environ)

    def expect_build(self, system: BuildSystem, *, imports: bool = True) -> None:
        """Let the first interpreter get ready for a build, beside whatever goes on until it is known what to build.

        :param imports: whether it may import the backend; a plan runs nothing of that.
        """
        if not self.settings.isolation and self.interpreters and not self.work.wheels.exists():
            first = self.interpreters[0]
            if imports and self.settings.sandbox == "off" and first.sysroot is None:
                self.early.expect(first, system)
            self.installed.expect(first, system.requires)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """What is no part of a source that it may lie in: what the run itself writes to, and what is excluded."""
        named = (self.settings.roots, self.settings.destdir, self.settings.report, self.settings.report_html)
        others = (*named, *self.settings.exclude)
        return (self.work.path, *(path.absolute() for path in others if path is not None))

    @property
    def layout(self) -> Layout:
        """How every staging root of the run is laid out."""
        from pep517_multi.staging import Layout

        return Layout(
            prefix=self.settings.prefix,
            scheme=self.settings.scheme,
            shebang=self.settings.shebang,
            levels=self.settings.compile,
            invalidation=self.settings.invalidation_mode,
            installer=self.settings.installer,
            strip=self.settings.strip,
            license_dir=self.settings.license_dir,
        )

    @property
    def demands(self) -> Demands:
        """What is demanded of every wheel before it is used."""
        from pep517_multi.wheels.validation import Demands

        return Demands(self.limits, portable_names=self.settings.wheel_names == "portable")

    @property
    def limits(self) -> Limits:
        """How much an archive may unpack to."""
        from pep517_multi.archives.limits import Limits

        return Limits(size=self.settings.max_size, ratio=self.settings.max_ratio)

    def policy(self, evidence: Evidence) -> Policy:
        """Join the evidence with the settings."""
        from pep517_multi.wheels.decision import Dependence, Policy, ReuseMode

        known = Policy(
            mode=ReuseMode(self.settings.reuse),
            dependence=Dependence(evidence.verdict.value),
            share_stable_abi=self.settings.abi3,
            because=evidence.because,
            doubts=evidence.doubts,
            tag_doubts=evidence.tag_doubts,
            turning_points=evidence.turning_points,
            stops_below=evidence.stops_below,
        )
        return known.with_ext(ext={"auto": None, "yes": True, "no": False}[self.settings.ext])
