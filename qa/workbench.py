"""Where the campaign works: calls of the installed command ``multibuild``, and what they left."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi.errors import MultibuildError, PlanError
from pep517_multi.process import Command, Completed, LocalRunner, inherited_environment
from pep517_multi.wheels.store import Store
from pep517_multi.wheels.wheel import Wheel, read_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter

_LOADER = Path(__file__).with_name("target_load.py")
_SENTINEL = "\x1e"


class CampaignError(MultibuildError):
    """The command under test did what no user should ever see: no report, no answer."""


@dataclass(frozen=True)
class Impl:
    """What one run of ``multibuild build`` came to for one implementation; ``wheel`` is ``None`` where it failed."""

    name: str
    action: str
    wheel: Wheel | None
    built_by: str | None
    error: str | None


@dataclass(frozen=True)
class Run:
    """One run of ``multibuild build``.

    :param verdict: of the evidence, with its reasons in ``because``.
    :param packages: builder → package → version: what each built with.
    """

    impls: Mapping[str, Impl]
    verdict: str
    because: tuple[str, ...]
    packages: Mapping[str, Mapping[str, str]]
    seconds: float

    @property
    def builds(self) -> int:
        """How many builds were made, those that failed included."""
        return sum(impl.action in {"built", "failed"} for impl in self.impls.values())


@dataclass(frozen=True)
class Workbench:
    """Runs the command on one source, each time in a work directory of its own below ``folder``.

    :param jobs: what ``-j`` is given; ``None`` leaves it out.
    """

    multibuild: Path
    source: Path
    folder: Path
    interpreters: tuple[Interpreter, ...]
    jobs: int | None = None

    def build(self, label: str, *options: str, impls: Sequence[str] = ()) -> Run:
        """Run ``multibuild build`` for all interpreters, or only for ``impls``, and read what it left."""
        work = self.folder / label
        started = time.monotonic()
        done = self._run("build", "--quiet", *options, *self._common(work, impls))
        seconds = time.monotonic() - started
        return _run_of(self._report(work, done, "build"), work / "wheels", seconds)

    def examine(self, label: str, *, impls: Sequence[str]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """Run ``multibuild qa`` for ``impls`` on what :meth:`build` left: who was served → verdict, what was found."""
        work = self.folder / label
        arguments = ("qa", "--qa", "warn", "--quiet", *self._common(work, impls))
        report = self._report(work, self._run(*arguments), "qa")
        return {entry["impl"]: _verdict_of(entry["qa"]) for entry in report["impls"] if entry["qa"]}

    def promised(self) -> Mapping[str, str]:
        """Return what ``multibuild plan --json`` says of each implementation."""
        fixed = ("plan", "--json", "--quiet", "--workdir", str(self.folder / "plan"), "--impls")
        done = self._run(*fixed, *(str(one.executable) for one in self.interpreters), "--", str(self.source))
        try:
            entries = json.loads(done.stdout)["impls"]
            return {entry["impl"]: entry["plan"] for entry in entries}
        except (ValueError, KeyError, TypeError) as error:
            said = done.stderr.decode(errors="replace").strip()
            raise CampaignError(f"multibuild plan --json gave no plan for {self.source.name}: {said}") from error

    def load_extensions(self, interpreter: Interpreter, wheel: Wheel) -> Mapping[str, str | None]:
        """Install ``wheel``, load its extension modules with ``interpreter``: name without suffix → what went wrong."""
        roots = self.folder / "loaded" / wheel.sha256
        done = self._run(
            *("install", "--quiet", "--compile", "none", "--workdir", str(self.folder / "install")),
            *("--roots", str(roots), "--impls", str(interpreter.executable), "--wheel", str(wheel.path)),
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            return {extension_name(member): f"not installed: {said}" for member in wheel.extensions}
        return _load(interpreter, roots / interpreter.name, wheel)

    def _common(self, work: Path, impls: Sequence[str]) -> tuple[str, ...]:
        chosen = [str(one.executable) for one in self.interpreters if not impls or one.name in impls]
        jobs = () if self.jobs is None else ("-j", str(self.jobs))
        return ("--workdir", str(work), *jobs, "--impls", *chosen, "--", str(self.source))

    def _report(self, work: Path, done: Completed, command: str) -> dict[str, Any]:
        try:
            report: dict[str, Any] = json.loads((work / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            said = done.stderr.decode(errors="replace").strip()
            raise CampaignError(f"multibuild {command} left no report for {self.source.name}: {said}") from error
        return report

    def _run(self, *arguments: str) -> Completed:
        argv = (str(self.multibuild), *arguments)
        return LocalRunner().run(Command(argv, cwd=self.folder, env=inherited_environment()))


def installed_command() -> Path:
    """Return the command ``multibuild`` that is installed beside the Python that runs the campaign, or on ``PATH``.

    :raises PlanError: it is not installed.
    """
    path = f"{Path(sys.prefix, 'bin')}:{inherited_environment().get('PATH', '')}"
    found = shutil.which("multibuild", path=path)
    if found is None:
        raise PlanError("multibuild is not installed; run the campaign with the Python that has it")
    return Path(found)


def extension_name(member: str) -> str:
    """Return the name of an extension module in a wheel without the suffix that says for whom it is: ``pkg/_speed``."""
    folder, slash, name = member.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"


def _run_of(report: Mapping[str, Any], wheels: Path, seconds: float) -> Run:
    evidence = report["source"]["evidence"]
    impls = [
        Impl(
            name=entry["impl"],
            action=entry["action"],
            wheel=read_wheel(wheels / entry["wheel"]) if entry["wheel"] else None,
            built_by=entry["built_by"],
            error=entry["error"],
        )
        for entry in report["impls"]
    ]
    return Run(
        impls={impl.name: impl for impl in impls},
        verdict=evidence["verdict"],
        because=tuple(evidence["because"]),
        packages=Store(wheels).packages(),
        seconds=seconds,
    )


def _verdict_of(qa: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    found = tuple(finding["message"] for finding in qa["findings"])
    return qa["verdict"], (qa["error"], *found) if qa.get("error") else found


def _load(interpreter: Interpreter, root: Path, wheel: Wheel) -> Mapping[str, str | None]:
    modules = {extension_name(member): member for member in wheel.extensions}
    # A member may go to purelib or platlib; which, the tree below the root says.
    found = {name: next(root.rglob(member), None) for name, member in modules.items()}
    folder = next((path for path in root.rglob("*-packages") if path.is_dir()), root)
    given = [f"{name.replace('/', '.')}={path}" for name, path in found.items() if path is not None]
    argv = (str(interpreter.executable), "-I", "-S", "-B", str(_LOADER), str(folder), *given)
    done = LocalRunner().run(Command(argv, cwd=root, env=inherited_environment()))
    parts = done.stdout.decode(errors="replace").split(_SENTINEL)
    loaded = json.loads(parts[1]) if len(parts) > 1 else {}
    crashed = f"the interpreter ended with {done.returncode}"
    return {
        name: "not installed" if found[name] is None else loaded.get(name.replace("/", "."), crashed)
        for name in modules
    }
