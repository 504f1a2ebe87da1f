"""Makers of virtual environments: uv, which is fast, and virtualenv with the pip that it brings."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import canonicalize_name

from pep517_multi.backends import build_log, scrubbing
from pep517_multi.backends.pip_settings import PipSettings
from pep517_multi.errors import MissingRequirementsError, PlanError
from pep517_multi.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.requirements import Requirement

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner

_REQUIREMENTS = "build-requirements.txt"


class CreationError(PlanError):
    """An environment of an interpreter cannot be made."""


def find_uv(environ: Mapping[str, str]) -> Path | None:
    """Return the uv on the PATH of ``environ``, else the one installed beside multibuild, else ``None``."""
    if found := shutil.which("uv", path=environ.get("PATH", "")):
        return Path(found)
    if importlib.util.find_spec("uv") is None:
        return None
    import uv

    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class _Call:
    """How a tool is called: in ``cwd`` with ``environ``."""

    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Maker(ABC):
    """Makes virtual environments of targets and installs packages into them.

    :param environ: the environment of multibuild; the tools' own settings are taken from it.
    :param constraints: constraints files for whatever is installed.
    """

    tool: ClassVar[str]

    runner: Runner
    environ: Mapping[str, str]
    constraints: tuple[Path, ...] = ()

    def create(self, interpreter: Interpreter, target: Path, *, log: Path) -> None:
        """Create an empty environment at ``target``, which is not there yet; its python is ``bin/python``.

        :raises CreationError: it cannot be made.
        """
        call = self._creation(interpreter, target)
        problem = self._problem(call, title=f"{interpreter.name}: make an environment", log=log)
        if problem is None and not (target / "bin" / "python").exists():
            problem = f"{target / 'bin' / 'python'} is missing"
        if problem is not None:
            which = f"{interpreter.name} ({interpreter.executable})"
            raise CreationError(f"no build environment of {which} can be made with {self.tool}: {problem} (see {log})")

    def install(
        self, interpreter: Interpreter, target: Path, requirements: Sequence[Requirement], *, log: Path
    ) -> None:
        """Install ``requirements``, whose markers are known to hold, and all that they require.

        :raises MissingRequirementsError: one of them cannot be had.
        """
        listed = target / _REQUIREMENTS
        listed.write_text("".join(f"{requirement}\n" for requirement in requirements), encoding="utf-8")
        call = self._installation(target, listed)
        problem = self._problem(call, title=f"{interpreter.name}: install build requirements", log=log)
        if problem is not None:
            wanted = ", ".join(map(str, _named(requirements, problem)))
            message = (
                f"{interpreter.name} cannot have the build requirement {wanted}: {problem}; "
                f"see {log}, or use --no-isolation with what is installed"
            )
            raise MissingRequirementsError(message)

    @abstractmethod
    def _creation(self, interpreter: Interpreter, target: Path) -> _Call: ...

    @abstractmethod
    def _installation(self, target: Path, listed: Path) -> _Call: ...

    def _problem(self, call: _Call, *, title: str, log: Path) -> str | None:
        """Run ``call``; return what it says was wrong, ``None`` when all is well."""
        command = Command(call.argv, cwd=call.cwd, env=call.environ)
        before = build_log.size(log)
        if build_log.run_logged(self.runner, command, title=title, log=log).returncode == 0:
            return None
        return build_log.blamed(build_log.output_from(log, before)).rstrip(".")


def _named(requirements: Sequence[Requirement], problem: str) -> Sequence[Requirement]:
    """Return those of ``requirements`` that ``problem`` speaks of; all of them where it speaks of none."""
    words = {canonicalize_name(word) for word in problem.replace("=", " ").replace("<", " ").replace(">", " ").split()}
    return [one for one in requirements if canonicalize_name(one.name) in words] or requirements


@dataclass(frozen=True)
class UvMaker(Maker):
    """uv: an environment in some 0.3 seconds, with pip's index settings where uv has none of its own.

    It runs in the root folder, because from a work directory within the source it would take the settings of the
    project (``[tool.uv]``) for the user's.
    """

    tool = "uv"

    uv: Path = Path("uv")

    _FOREIGN = frozenset(
        {
            "UV_PYTHON",
            "UV_PYTHON_PREFERENCE",
            "UV_MANAGED_PYTHON",
            "UV_SYSTEM_PYTHON",
            "UV_PROJECT",
            "UV_WORKING_DIR",
            "UV_VENV_SEED",
            "UV_REQUIRE_HASHES",
        }
    )
    """Variables that say which environment is meant, or what else should be in it."""

    def _creation(self, interpreter: Interpreter, target: Path) -> _Call:
        return self._call("venv", "--no-project", "--python", str(interpreter.executable), str(target))

    def _installation(self, target: Path, listed: Path) -> _Call:
        options = [option for path in self.constraints for option in ("--constraints", str(path.absolute()))]
        options += PipSettings.read(self.environ).uv_options(self.environ)
        return self._call("pip", "install", "--python", str(target / "bin" / "python"), "-r", str(listed), *options)

    def _call(self, *arguments: str) -> _Call:
        environ = {
            **PipSettings.read(self.environ).uv_environ(self.environ),
            **{
                name: value
                for name, value in scrubbing.for_installers(self.environ).items()
                if name not in self._FOREIGN
            },
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }
        return _Call((str(self.uv), "--color", "never", *arguments), Path("/"), environ)


_RUN_HERE = """
import os, runpy, sys
sys.path[:] = sys.argv.pop(1).split(os.pathsep)
runpy.run_module("virtualenv", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class VirtualenvMaker(Maker):
    """virtualenv, run by the Python that runs multibuild, and the pip for the target that virtualenv brings along."""

    tool = "virtualenv"

    _FOREIGN = frozenset(
        {
            "PIP_USER",
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_ROOT",
            "PIP_PYTHON",
            "PIP_REQUIREMENT",
            "PIP_EDITABLE",
            "PIP_NO_DEPS",
            "PIP_DRY_RUN",
            "PIP_REQUIRE_HASHES",
            "PIP_QUIET",
        }
    )
    """Variables that send packages elsewhere, or say what else to install."""

    def _creation(self, interpreter: Interpreter, target: Path) -> _Call:
        here = os.pathsep.join(sys.path)
        python = sys.executable  # noqa: TID251 - virtualenv is a library of multibuild itself
        options = ("--no-download", "--no-periodic-update", "--no-setuptools", "--activators", "")
        environ = {
            **{name: value for name, value in self._environ().items() if not name.startswith("VIRTUALENV_")},
            "PYTHONNOUSERSITE": "1",
            "VIRTUALENV_CONFIG_FILE": os.devnull,
            "VIRTUALENV_WHEEL": "none",  # an option until 20.31, for targets older than 3.9; ignored since
        }
        argv = (python, "-I", "-c", _RUN_HERE, here, *options, "--python", str(interpreter.executable), str(target))
        return _Call(argv, Path("/"), environ)

    def _installation(self, target: Path, listed: Path) -> _Call:
        python = str(target / "bin" / "python")
        given = PipSettings.read(self.environ).values("build-constraint")
        constraints = [*given, *(str(path.absolute()) for path in self.constraints)]
        options = [option for constraint in constraints for option in ("--constraint", constraint)]
        argv = (python, "-I", "-m", "pip", "install", "--no-input", "--no-user", "--no-warn-script-location")
        environ = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", **self._environ()}
        return _Call((*argv, "--no-compile", "--requirement", str(listed), *options), Path.cwd(), environ)

    def _environ(self) -> dict[str, str]:
        environ = scrubbing.for_installers(self.environ)
        return {name: value for name, value in environ.items() if name not in self._FOREIGN}


@dataclass(frozen=True)
class VenvMaker(VirtualenvMaker):
    """The target's own ``venv`` and ``ensurepip``, slow: for targets that virtualenv has given up."""

    tool = "venv"

    def create(self, interpreter: Interpreter, target: Path, *, log: Path) -> None:
        """See :meth:`Maker.create`; setuptools, which ensurepip brings until 3.11, is nobody's requirement."""
        super().create(interpreter, target, log=log)
        argv = (str(target / "bin" / "python"), "-I", "-m", "pip", "uninstall", "--yes", "setuptools")
        call = _Call(argv, Path("/"), self._environ())
        problem = self._problem(call, title=f"{interpreter.name}: remove setuptools", log=log)
        if problem is not None:
            raise CreationError(f"setuptools cannot be removed from {target}: {problem} (see {log})")

    def _creation(self, interpreter: Interpreter, target: Path) -> _Call:
        argv = (str(interpreter.executable), "-I", "-m", "venv", str(target))
        return _Call(argv, Path("/"), self._environ())
