"""Three Pythons as a distribution has them: found by their names, with build backends installed, offline.

The interpreters of this machine mostly lack backends, and must be left as they are. So each gets a second installation
in a folder of its own, which shares the standard library and has site-packages of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
import sdists
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABELS = ("3.13", "3.14", "pypy3")
"""What a packager calls them, and what the recipes of the documentation do. The second one is the preferred one."""
BACKENDS = ("setuptools==80.9.0", "flit_core==3.12.0", "pytest==8.4.2")
_ASK = """
import json, os, sys
print(json.dumps([os.path.realpath(sys.executable), sys.base_prefix, os.path.dirname(os.__file__)]))
"""


@dataclass(frozen=True)
class Python:
    """An installation.

    :param impl: canonical name: ``python3.13``, ``pypy3.11``.
    """

    impl: str
    executable: Path

    @property
    def short(self) -> str:
        """What scripts have at the end of their names."""
        return self.impl.removeprefix("python")

    @property
    def is_cpython(self) -> bool:
        return self.impl.startswith("python")


def install(folder: Path, *, labels: Sequence[str] = LABELS) -> Mapping[str, Python]:
    """Make the installations below ``folder``, and return them by label; the last one is a PyPy."""
    found = {f"python{label}": path for label in labels if (path := machine.cpythons().get(f"python{label}"))}
    found |= dict(list(machine.pypys().items())[-1:])
    if len(found) < len(labels):
        pytest.skip(f"needs {', '.join(labels)} (.ci/interpreters gets them; {machine.EXTRA} names them)")
    backends = _backends()
    made = [Python(impl, _install(path, folder / impl, impl, backends)) for impl, path in found.items()]
    return dict(zip(labels, made, strict=True))


def environment(pythons: Mapping[str, Python], home: Path) -> dict[str, str]:
    """Return an environment in which ``multibuild`` and the installations are found, and nothing of the caller's."""
    home.mkdir(parents=True, exist_ok=True)
    places = [*(python.executable.parent for python in pythons.values()), _command(home).parent]
    return {
        "PATH": ":".join([*map(str, places), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
    }


def _command(home: Path) -> Path:
    """Make ``multibuild`` a command of its own: its environment has a python and more that must not be found."""
    command = home / "bin" / "multibuild"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pep517_multi "$@"\n')
    command.chmod(0o755)
    return command


def _install(python: Path, folder: Path, impl: str, backends: Path) -> Path:
    answer = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, text=True, check=True)
    executable, prefix, library = map(Path, json.loads(answer.stdout))
    own = folder / "lib" / library.name
    (folder / "bin").mkdir(parents=True)
    own.mkdir(parents=True)
    shutil.copy2(executable, folder / "bin" / impl)
    for entry in library.iterdir():
        if entry.name not in {"site-packages", "dist-packages"}:
            (own / entry.name).symlink_to(entry)
    (folder / "include").symlink_to(prefix / "include")
    ask = "import site; print(site.getsitepackages()[-1])"
    answer = subprocess.run([folder / "bin" / impl, "-I", "-c", ask], capture_output=True, text=True, check=True)
    packages = Path(answer.stdout.strip())
    assert packages.is_relative_to(folder)
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "backends.pth").write_text(f"{backends}\n")
    return folder / "bin" / impl


@cache
def _backends() -> Path:
    """Return a folder with the backends, fetched once and kept in the user's cache."""
    folder = user_cache_path(sdists.CACHE) / f"backends-{'-'.join(BACKENDS)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.tmp")
            uv = shutil.which("uv", path=f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}") or "uv"
            command = [uv, "pip", "install", "--quiet", "--target", str(partial), "--python-version", "3.9", *BACKENDS]
            subprocess.run(command, check=True)
            partial.rename(folder)
    return folder
