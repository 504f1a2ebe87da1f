"""Build environments of cross builds: Python of the build machine, which answers as the one in the sysroot would."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi import files
from pep517_multi.interpreters.sysroots import NAME_VARIABLE, PLATFORM_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pep517_multi.backends.environments import Environment, Environments
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.interpreters.sysroots import Sysroot

_SCRIPT = Path(__file__).with_name("target_sysconfigdata.py")
_NAME = "_sysconfigdata_of_sysroot"
_IN_SYSROOT = ("INCLUDEDIR", "INCLUDEPY", "CONFINCLUDEDIR", "CONFINCLUDEPY", "LIBDIR", "LIBPL", "LIBPC")
"""Variables that name what compilers read: headers and libraries, which are below the sysroot."""


@dataclass(frozen=True)
class CrossEnvironments:
    """Environments whose hooks find the sysconfig data of the target, where the interpreter has a sysroot.

    The data are given the way that Python's own cross builds give them, by environment variables: so they reach every
    Python process that a backend starts, and nothing of the backend is patched.

    :param folder: where the data are written.
    """

    environments: Environments
    folder: Path

    def prepare(self, interpreter: Interpreter, requires: Sequence[str], *, log: Path) -> Environment:
        """See :meth:`Environments.prepare`."""
        environment = self.environments.prepare(interpreter, requires, log=log)
        if interpreter.sysroot is None:
            return environment
        place = self._place(interpreter)
        with files.explained("write sysconfig data"):
            files.write_whole(place / f"{_NAME}.json", json.dumps(_told(interpreter, interpreter.sysroot)).encode())
            files.write_whole(place / f"{_NAME}.py", _SCRIPT.read_bytes())
        variables = {
            NAME_VARIABLE: _NAME,
            PLATFORM_VARIABLE: interpreter.sysroot.platform,
            "PYTHONPATH": str(place),
        }
        rust = {"PYO3_CROSS_LIB_DIR": str(interpreter.sysroot.data.parent)}  # unless the user knows better
        return replace(environment, environ={**rust, **environment.environ, **variables})

    def reads(self, interpreter: Interpreter) -> tuple[Path, ...]:
        """Return what hooks look at besides their environment."""
        return () if interpreter.sysroot is None else (interpreter.sysroot.path, self._place(interpreter))

    def _place(self, interpreter: Interpreter) -> Path:
        return self.folder / f"{interpreter.name}-sysconfig"


def _told(interpreter: Interpreter, sysroot: Sysroot) -> Mapping[str, Any]:
    """Return what ``target_sysconfigdata.py`` reads."""
    variables = dict(sysroot.variables)
    if "INCLUDEPY" in variables:  # PyPy has no other, and distutils would then go by the build machine's prefix
        variables.setdefault("CONFINCLUDEPY", variables["INCLUDEPY"])
    for key in _IN_SYSROOT:
        if isinstance(path := variables.get(key), str) and path.startswith("/"):
            variables[key] = str(sysroot.path / path.lstrip("/"))
    told = {
        "implementation": interpreter.implementation,
        "version": list(interpreter.python),
        "build_time_vars": variables,
        "extension_suffixes": list(interpreter.extension_suffixes),
    }
    headers = {"include": variables.get("INCLUDEPY"), "platinclude": variables.get("CONFINCLUDEPY")}
    return told | {key: path for key, path in headers.items() if path}
