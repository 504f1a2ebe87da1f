"""Environments to test in what was staged, before it is installed: the staging root is copied and stays as it is."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.errors import PlanError, StagingError, UsageError
from pep517_multi.interpreters.interpreter import PREFIX_PLACEHOLDER
from pep517_multi.pipeline.installing import stage_request
from pep517_multi.process import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.staging import Layout

_COMMANDS = Path(__file__).with_name("target_commands.py")
_RUNNER = Path(__file__).with_name("target_runner.py")
_RUNNERS = ("coverage", "green", "nose2", "nosetests", "py.test", "pytest", "stestr", "trial", "zope-testrunner")
"""Commands that run tests in their own Python: one of another Python must never be found on the PATH."""
_STATE = "multibuild.json"


@dataclass(frozen=True)
class TestEnvironment:
    """A virtual environment that has what was staged, and what its interpreter has already."""

    __test__ = False  # pytest takes the name for that of tests

    path: Path
    environ: Mapping[str, str]
    unset: tuple[str, ...] = field(default=("PYTHONHOME",))

    def lines(self) -> str:
        """Return commands for a shell that make it use the environment."""
        folder = shlex.quote(str(self.path / "bin"))
        exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(self.environ.items())]
        return "\n".join([f'export PATH={folder}${{PATH:+:"$PATH"}}', *exports, f"unset {' '.join(self.unset)}", ""])

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` as those commands would leave it."""
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        path = ":".join(filter(None, (str(self.path / "bin"), environ.get("PATH"))))
        return {**kept, **self.environ, "PATH": path}


def environment_for_tests(run: Run) -> TestEnvironment:
    """Return the environment for the one implementation of ``run``, made anew where the staging root has changed.

    :raises UsageError: there are several implementations, or what is staged is for another machine.
    :raises PlanError: nothing is staged for it.
    :raises StagingError: its interpreter cannot make a virtual environment.
    """
    if len(run.interpreters) != 1:
        names = ", ".join(interpreter.name for interpreter in run.interpreters)
        raise UsageError(f"tests run under one implementation at a time, not under {names}; name one with --impls")
    (interpreter,) = run.interpreters
    request = stage_request(run, interpreter, ())
    if not request.root.is_dir():
        raise PlanError(
            f"nothing is staged for {interpreter.name} in {request.root}; run the install phase first, with the same "
            f"options: multibuild install --impls {interpreter.name}"
        )
    if interpreter.sysroot is not None and _has_extensions(interpreter, request.root):
        raise UsageError(
            f"what is staged for {interpreter.name} has extension modules for {interpreter.platform}, which this "
            f"machine cannot load; test it on the target"
        )
    path = run.work.tests / interpreter.name
    with files.explained(f"make an environment to test {interpreter.name} in"):
        making = _Making(run, interpreter, request.root, path, request.layout)
        if not making.is_current():
            making.make()
    variables = {"VIRTUAL_ENV": str(path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    return TestEnvironment(path, variables)


def _has_extensions(interpreter: Interpreter, root: Path) -> bool:
    return any(name.endswith(interpreter.extension_suffixes) for _, _, names in os.walk(root) for name in names)


@dataclass(frozen=True)
class _Making:
    run: Run
    interpreter: Interpreter
    root: Path
    path: Path
    layout: Layout

    def state(self) -> dict[str, object]:
        """Return what the environment depends on; a staging root is never changed, only replaced."""
        status, executable = self.root.stat(), self.interpreter.executable.stat()
        return {
            "root": [str(self.root), status.st_ino, status.st_ctime_ns],
            "python": [str(self.interpreter.executable), executable.st_ino, executable.st_mtime_ns],
            "layout": json.loads(json.dumps(asdict(self.layout))),
        }

    def is_current(self) -> bool:
        try:
            known: object = json.loads((self.path / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return known == self.state()

    def make(self) -> None:
        files.remove_tree(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        venv = ("-m", "venv", "--without-pip", "--system-site-packages", "--symlinks", str(self.path))
        self._call((str(self.interpreter.executable), "-I", *venv), "make a virtual environment")
        if self.interpreter.is_virtual:
            self._add_packages_of_given_environment()
        for source, target in self._copies():
            target.parent.mkdir(parents=True, exist_ok=True)
            if not (target.exists() or target.is_symlink()):
                self._copy(source, target)
        self._add_commands()
        files.write_whole(self.path / _STATE, json.dumps(self.state()).encode())

    def _call(self, argv: Sequence[str], what: str) -> bytes:
        environ = {name: value for name, value in self.run.environ.items() if not name.startswith("PYTHON")}
        done = self.run.runner.run(Command(tuple(argv), cwd=Path("/"), env={**environ, "LC_ALL": "C.UTF-8"}))
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise StagingError(f"{self.interpreter.name} ({argv[0]}) cannot {what}; it said: {said[0]}")
        return done.stdout

    def _packages(self, prefix: Path, key: str = "purelib") -> Path:
        scheme = self.interpreter.schemes.get("venv") or self.interpreter.schemes["posix_prefix"]
        return Path(scheme[key].replace(PREFIX_PLACEHOLDER, str(prefix)))

    def _add_packages_of_given_environment(self) -> None:
        """Keep the packages of a virtual environment that was given by its path; ``venv`` would leave them out."""
        given = self._packages(self.interpreter.executable.parent.parent)
        line = f"import site; site.addsitedir({str(given)!r})\n"
        (self._packages(self.path) / "multibuild-given-environment.pth").write_text(line, encoding="utf-8")

    def _copies(self) -> Iterator[tuple[Path, Path]]:
        """Return where each staged file goes: site-packages into that of the environment, else below the prefix."""
        paths = self.layout.paths(self.interpreter, distribution="")
        places = {paths[key]: self._packages(self.path, key) for key in ("purelib", "platlib")}
        places[paths["scripts"]] = self.path / "bin"
        places["" if self.layout.prefix == "/" else self.layout.prefix] = self.path
        for folder, _, names in os.walk(self.root):
            for name in sorted(names):
                source = Path(folder, name)
                path = f"/{source.relative_to(self.root)}"
                inside = [place for place in places if path.startswith(f"{place}/")]
                if inside:
                    longest = max(inside, key=len)
                    yield source, places[longest] / path[len(longest) + 1 :]

    def _copy(self, source: Path, target: Path) -> None:
        from pep517_multi.staging.shebangs import shebang

        files.copy_file(source, target)
        before = shebang(self.layout.script_interpreter(self.interpreter)) + b"\n"
        if target.parent == self.path / "bin" and (data := source.read_bytes()).startswith(before):
            target.write_bytes(shebang(str(self.path / "bin" / "python")) + b"\n" + data[len(before) :])

    def _add_commands(self) -> None:
        """Make the commands of whatever else can be imported run here: ``pytest``, ``tox``."""
        from installer.scripts import Script

        from pep517_multi.staging.shebangs import shebang

        python = str(self.path / "bin" / "python")
        answer = self._call((python, "-s", "-B", str(_COMMANDS)), "list the commands of its packages")
        for name, value in json.loads(answer.split(b"\x1e")[1]):
            module, _, attribute = value.partition("[")[0].strip().partition(":")
            target = self.path / "bin" / name
            if not attribute or "/" in name or target.exists():
                continue
            _, data = Script(name, module.strip(), attribute.strip(), "console").generate(python, "posix")
            _write_command(target, data)
        for name in _RUNNERS:
            if not (target := self.path / "bin" / name).exists():
                _write_command(target, shebang(python) + b"\n" + _RUNNER.read_bytes())


def _write_command(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o755)
