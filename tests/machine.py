"""What this machine has, found without the code under test, so that tests have an oracle of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

EXTRA = "PEP517_MULTI_TEST_INTERPRETERS"
"""Environment variable: more interpreters to test with, separated by colons."""

_ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2], getattr(sys, 'abiflags', ''), sep='-')"


@cache
def interpreters() -> dict[str, Path]:
    """Map canonical names (``python3.12``, ``pypy3.9``) to one working executable each, CPython first, oldest first.

    CPython older than 3.8 is left out.
    """
    found: dict[tuple[bool, int, int, str], Path] = {}
    for candidate in _candidates():
        if not os.access(candidate, os.X_OK):
            continue
        answer = subprocess.run([candidate, "-I", "-c", _ASK], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            implementation, major, minor, flags = answer.stdout.strip().split("-", 3)
            if (int(major), int(minor)) >= (3, 8):
                found.setdefault((implementation != "cpython", int(major), int(minor), flags), candidate)
    return {
        f"{'pypy' if other else 'python'}{major}.{minor}{flags}": path
        for (other, major, minor, flags), path in sorted(found.items())
    }


def _candidates() -> list[Path]:
    given = [Path(path) for path in os.environ.get(EXTRA, "").split(":") if path]
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = sorted(pyenv.glob("versions/[3-9]*/bin/python"))
    system = sorted(Path("/usr/bin").glob("python3.*[0-9]")) + sorted(Path("/usr/bin").glob("pypy3"))
    return [*given, *installed, *system, Path(getattr(sys, "_base_executable", sys.executable))]


def cpythons() -> dict[str, Path]:
    """Map the ordinary CPythons (no ``t``, no ``d``), oldest first."""
    return {name: path for name, path in interpreters().items() if name.startswith("python") and name[-1].isdigit()}


def pypys() -> dict[str, Path]:
    """Map the PyPys, oldest first."""
    return {name: path for name, path in interpreters().items() if name.startswith("pypy")}
