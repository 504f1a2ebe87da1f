"""Staging roots for tests of the checks: staged for real, then spoilt, then checked in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staging_roots import newest, stage
from wheel_maker import make_wheel

from pep517_multi.events import ignore
from pep517_multi.pipeline.checking import check
from pep517_multi.pipeline.run import Run
from pep517_multi.pipeline.workdir import WorkDirectory
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.settings import Settings
from pep517_multi.staging import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.qa.check_report import CheckReport
    from pep517_multi.qa.check_table import Problem

METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"


class Staged:
    """One root below ``folder/roots``, of a wheel with ``files`` and a licence, unless ``metadata`` says otherwise."""

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, str | bytes],
        *,
        interpreter: Interpreter | None = None,
        metadata: str = METADATA,
        purelib: bool = True,
        layout: Layout | None = None,
    ) -> None:
        self.interpreter = interpreter or newest()
        self.folder = folder
        self.layout = layout or Layout()
        content = {**files, "sample-1.0.dist-info/licenses/LICENSE": "Free."}
        wheel = make_wheel(folder / "wheels", "sample", content, metadata=metadata, purelib=purelib)
        self.root = folder / "roots" / self.interpreter.name
        stage(wheel, self.root, interpreter=self.interpreter, layout=self.layout)

    @property
    def library(self) -> str:
        """Its site-packages once installed."""
        return self.layout.libraries(self.interpreter)[0]

    @property
    def modules(self) -> Path:
        """Its site-packages."""
        return self.root / self.library.lstrip("/")

    def bytecode(self, module: str, level: str = "") -> Path:
        return self.modules / "__pycache__" / f"{module}.{self.interpreter.cache_tag}{level}.pyc"

    def check(self, **settings: object) -> CheckReport:
        return check_roots(self.folder, self.interpreter, **settings)

    def problems(self, **settings: object) -> tuple[Problem, ...]:
        (entry,) = self.check(**settings).impls
        return entry.problems

    def found(self, **settings: object) -> dict[str, list[str]]:
        """Return the name of each check that found something → the files."""
        found: dict[str, list[str]] = {}
        for problem in self.problems(**settings):
            found.setdefault(problem.check.name, []).append(problem.finding.file)
        return found

    def told(self, **settings: object) -> list[str]:
        """Return ``check: message`` for each finding."""
        return [f"{problem.check.name}: {problem.finding.message}" for problem in self.problems(**settings)]


def check_roots(folder: Path, *interpreters: Interpreter, **settings: object) -> CheckReport:
    """Check the roots below ``folder/roots``."""
    runner = LocalRunner()
    run = Run(
        settings=replace(Settings(roots=folder / "roots", jobs=2, check_timeout=30), **settings),  # type: ignore[arg-type]
        interpreters=interpreters,
        work=WorkDirectory(folder / "work"),
        runner=runner,
        environ=inherited_environment(),
        observer=ignore,
    )
    try:
        return check(run, folder)
    finally:
        runner.close()
