"""One environment for each implementation with every backend and peer in it, and one with multibuild and uv."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import PlanError
from pep517_multi.process import Command, LocalRunner, inherited_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pep517_multi.interpreters.interpreter import Interpreter

PEERS = ("gpep517", "build", "installer")
BACKENDS = ("flit_core", "hatchling", "hatch-vcs", "hatch-fancy-pypi-readme", "poetry-core", "setuptools", "wheel")
REPOSITORY = Path(__file__).resolve().parents[2]


def benchmark_environ(folder: Path) -> dict[str, str]:
    """Return the environment of every measured command: all bytecode is there already, none is written."""
    kept = {"PATH", "LANG", "LC_ALL", "TZ"}
    environ = {name: value for name, value in inherited_environment().items() if name in kept}
    return {**environ, "HOME": str(folder / "home"), "SOURCE_DATE_EPOCH": "1600000000"}


def make_environments(folder: Path, interpreters: Sequence[Interpreter]) -> None:
    """Make the environments below ``folder``; those of an earlier run are kept, but for multibuild itself."""
    (folder / "home").mkdir(parents=True, exist_ok=True)
    for interpreter in interpreters:
        if not (folder / interpreter.name).exists():
            _uv("venv", "--python", str(interpreter.executable), str(folder / interpreter.name))
        _install(folder / interpreter.name, *PEERS, *BACKENDS)
    if not (folder / "multibuild").exists():
        _uv("venv", "--python", sys.executable, str(folder / "multibuild"))  # noqa: TID251 - what runs multibuild here
    _install(folder / "multibuild", "--reinstall-package", "pep517-multi", "uv", str(REPOSITORY))


def _install(environment: Path, *what: str) -> None:
    python = str(environment / "bin" / "python")
    _uv("pip", "install", "--python", python, "--compile-bytecode", *what)


def _uv(*arguments: str) -> None:
    environ = inherited_environment()
    uv = shutil.which("uv", path=f"{Path(sys.prefix, 'bin')}:{environ.get('PATH', '')}")
    if uv is None:
        raise PlanError('the benchmark needs uv: pip install "pep517-multi[uv]"')
    answer = LocalRunner().run(Command((uv, *arguments), cwd=Path.cwd(), env=environ))
    if answer.returncode:
        raise PlanError(f"uv {' '.join(arguments)} failed: {answer.stderr.decode(errors='replace').strip()}")
