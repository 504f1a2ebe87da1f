"""Targets and tiny build backends for tests: no index, no network, no code under test."""

from __future__ import annotations

import json
import subprocess
import textwrap
from functools import cache
from typing import TYPE_CHECKING

from packaging.version import Version
from wheel_maker import make_wheel

from pep517_multi.interpreters.interpreter import Interpreter
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ASK = """
import json, os, platform, sys
version = ".".join(map(str, sys.implementation.version[:3]))
print(json.dumps({
    "implementation_name": sys.implementation.name, "implementation_version": version, "os_name": os.name,
    "platform_machine": platform.machine(), "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(), "platform_system": platform.system(),
    "platform_version": platform.version(), "python_full_version": platform.python_version(),
    "python_version": ".".join(platform.python_version_tuple()[:2]), "sys_platform": sys.platform,
}))
print(sys.implementation.cache_tag)
print(sys.prefix != sys.base_prefix)
"""

GOOD_BACKEND = """
    import os, zipfile

    def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
        name = "toy-1.0-py3-none-any.whl"
        with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
            archive.writestr("toy.txt", repr(config_settings))
        return name
"""


@cache
def target(name: str, executable: Path) -> Interpreter:
    """Describe an interpreter of this machine as far as build environments need it."""
    answer = subprocess.run([executable, "-I", "-c", _ASK], capture_output=True, text=True, check=True).stdout
    markers, cache_tag, is_virtual = answer.splitlines()
    environment = json.loads(markers)
    return Interpreter(
        name=name,
        executable=executable,
        implementation=environment["implementation_name"],
        version=Version(environment["python_full_version"]),
        free_threaded=name.endswith("t"),
        debug=False,
        cache_tag=cache_tag,
        extension_suffixes=(".so",),
        platform="",
        tags=(),
        schemes={},
        markers=environment,
        is_virtual=is_virtual == "True",
    )


def write_backend(folder: Path, source: str, *, name: str = "toybackend") -> BuildSystem:
    """Write a source tree with a backend of its own at ``folder``, and return its build system."""
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return BuildSystem(name, requires=(), backend_path=("backend",))


def backend_wheel(
    folder: Path,
    source: str = GOOD_BACKEND,
    *,
    name: str = "toybackend",
    version: str = "1.0",
    requires: Iterable[str] = (),
) -> Path:
    """Put a backend into ``folder`` as a wheel that installers find there."""
    lines = [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])
    return make_wheel(folder, name, {f"{name}.py": textwrap.dedent(source)}, version=version, metadata=metadata)
