"""Keep the folder of a build out of what compilers write: debug information, ``__FILE__``, and build ids made of it.

Done only where ``SOURCE_DATE_EPOCH`` asks for the same bytes, and where the packaging host does not do it itself. The
option goes into ``CPPFLAGS``, to which setuptools, Meson and makefiles add their own flags; ``CFLAGS`` would take the
place of ``-O2`` in some. CMake and Rust do not read it.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.process import Command, CommandStartError, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.process import Runner

_OPTION = "-ffile-prefix-map"
_FLAGS = ("CFLAGS", "CPPFLAGS", "CXXFLAGS", "CC", "RPM_OPT_FLAGS")
_OTHERWISE = ("RPM_PACKAGE_NAME",)
"""Set where the paths of the build are looked for in what comes out: rpm makes packages of sources by them."""
_SECONDS = 10.0


def is_wanted(environ: Mapping[str, str], runner: Runner) -> bool:
    """Whether paths shall be mapped, and the compiler of ``environ`` can do it."""
    if "SOURCE_DATE_EPOCH" not in environ or any(name in environ for name in _OTHERWISE):
        return False
    if any("prefix-map" in environ.get(name, "") for name in _FLAGS):
        return False
    try:
        compiler = shlex.split(environ.get("CC", "")) or ["cc"]
        argv = (*compiler, f"{_OPTION}=/a=/b", "-E", "-x", "c", "-o", "/dev/null", "/dev/null")
        return runner.run(Command(argv, cwd=Path("/"), env=environ, timeout=_SECONDS)).returncode == 0
    except (CommandStartError, CommandTimeoutError, ValueError):
        return False


def mapped(environ: Mapping[str, str], folders: Mapping[Path, str]) -> dict[str, str]:
    """Return the variables that let compilers write other names for ``folders``, the inner ones last.

    A path that does not fit into one word of a variable is left as it is.
    """
    options = [f"{_OPTION}={path}={name}" for path, name in folders.items() if not {*str(path)} & {*"= \t\n'\"\\"}]
    return {"CPPFLAGS": " ".join(filter(None, (environ.get("CPPFLAGS", ""), *options)))} if options else {}
