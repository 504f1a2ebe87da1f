"""What tests of packaging hosts have in common: sources, recipes, and what comes out."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tarfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import real_sdists
import sdists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from distribution import Python

DOCS = Path(__file__).parents[1] / "docs" / "how-to"
SAMPLES = Path(__file__).parent / "packages"
MARKDOWN = ("markdown-3.9.tar.gz", "d2900fe1782bd33bdbbd56859defef70c2e78fc46668f8eb9df3128138f2cb6a")
SIX_PATCH = """\
--- a/six.py
+++ b/six.py
@@ -29,2 +29,3 @@
 __author__ = "Benjamin Peterson <benjamin@python.org>"
 __version__ = "1.17.0"
+PATCHED = True
"""
WAITING_BACKEND = """\
import pathlib, time


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    print("about to take long", flush=True)
    pathlib.Path({mark!r}).touch()
    time.sleep(600)
"""


def recipe(page: str, name: str) -> str:
    """Return the file that a how-to shows below the comment ``<!-- file: name -->``."""
    found = re.search(
        rf"<!-- file: {re.escape(name)} -->\n```\w*\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE
    )
    assert found, f"{page} has no {name}"
    return found[1]


def markdown() -> Path:
    """Return a real pure source distribution with a command, the one that the recipes are for."""
    file, sha256 = MARKDOWN
    return sdists.fetch("markdown", file=file, sha256=sha256)


def real(name: str) -> Path:
    return real_sdists.fetch(name)


def pack(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """Make the source archive ``name``.tar.gz of texts."""
    top = folder / name
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return pack_tree(folder, name, top)


def pack_tree(folder: Path, name: str, tree: Path) -> Path:
    archive = folder / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as stream:
        stream.add(tree, name)
    return archive


def pack_sample(folder: Path, name: str) -> Path:
    """Make a source archive of a sample of ``tests/packages``: ``name``-1.0.tar.gz."""
    return pack_tree(folder, f"{name}-1.0", SAMPLES / name)


def pack_waiting(folder: Path, mark: Path) -> Path:
    """Make waits-1.0.tar.gz, whose backend touches ``mark`` and never ends."""
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    backend = WAITING_BACKEND.format(mark=str(mark))
    return pack(folder, "waits-1.0", {"pyproject.toml": pyproject, "backend.py": backend})


@cache
def offline() -> tuple[str, ...]:
    """Return what cuts a command off the network, where this machine lets us."""
    return first_that_works(("unshare", "--net"), ("unshare", "--map-root-user", "--net"))


@cache
def as_root() -> tuple[str, ...]:
    """Return what lets a command change its root directory."""
    return () if os.geteuid() == 0 else first_that_works(("unshare", "--map-root-user"))


def first_that_works(*prefixes: tuple[str, ...]) -> tuple[str, ...]:
    for prefix in prefixes:
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return ()


def call(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run ``command`` to its end, and return its status and all that it said."""
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def interrupt(command: Sequence[str | Path], mark: Path, *, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run ``command`` until ``mark`` is there, then interrupt it as a terminal does; return its status and output."""
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        reached = mark.exists()
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert reached, output
    return process.returncode, output


def imports(python: Python, root: Path, code: str, *, place: str | None = None) -> str:
    """Run ``code`` with the modules that a scratch root has for ``python``, and return what it prints.

    :param place: where they are, if not in the site-packages of the implementation.
    """
    (library,) = root.glob(place or f"usr/lib*/{python.impl}/site-packages")
    script = f"import sys; sys.path.insert(0, {str(library)!r}); {code}"
    done = subprocess.run([python.executable, "-I", "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_script(python: Python, root: Path, script: str, *arguments: str, place: str | None = None) -> str:
    """Run a script of a scratch root under its interpreter; see :func:`imports`."""
    path = str(root / script)
    code = f"import runpy; sys.argv = {[script, *arguments]!r}; runpy.run_path({path!r}, run_name='__main__')"
    return imports(python, root, code, place=place)


def patched(pythons: Mapping[str, Python], root: Path) -> dict[str, str]:
    """Say for each implementation whether it has :data:`SIX_PATCH`, by label."""
    code = "import six; print(hasattr(six, 'PATCHED'))"
    return {label: imports(python, root, code) for label, python in pythons.items()}


def markupsafe_modules(pythons: Mapping[str, Python], root: Path, *, place: str | None = None) -> dict[str, str]:
    """Name the module with which each implementation's MarkupSafe works, by label."""
    code = "import markupsafe, sys; print(sys.modules[markupsafe._escape_inner.__module__].__file__)"
    return {label: Path(imports(python, root, code, place=place)).name for label, python in pythons.items()}


def expected_markupsafe_modules(labels: Sequence[str]) -> dict[str, str]:
    """Return what :func:`markupsafe_modules` has to: an extension module for each CPython, which PyPy goes without."""
    return {
        label: "_native.py" if label == "pypy3" else f"_speedups.cpython-3{label[2:]}-x86_64-linux-gnu.so"
        for label in labels
    }


def stale_bytecode(root: Path) -> list[str]:
    """Return the bytecode that is not of its source: another time, or no source at all."""
    stale = []
    for path in root.rglob("__pycache__/*.pyc"):
        header = path.read_bytes()[:16]
        source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
        assert header[4:8] == bytes(4), f"{path} is not checked by time"
        if not source.is_file() or int.from_bytes(header[8:12], "little") != int(source.stat().st_mtime):
            stale.append(str(path.relative_to(root)))
    return stale
