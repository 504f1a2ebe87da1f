"""Tools that backends call: which of them take part in a jobserver behind a named pipe."""

from __future__ import annotations

import re
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.process import Command, CommandStartError, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.process import Runner

_PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class Tool:
    """A build tool, and the first version that takes part.

    :param names: what it is called, in the order in which backends look for it.
    :param version: finds major and minor version in what ``--version`` prints.
    """

    names: tuple[str, ...]
    version: re.Pattern[str]
    since: tuple[int, int]

    def find(self, environ: Mapping[str, str]) -> str | None:
        """Return the path of the tool on the ``PATH`` of ``environ``."""
        path = environ.get("PATH", "")
        return next((found for name in self.names if (found := shutil.which(name, path=path))), None)


MAKE = Tool(("make",), re.compile(r"GNU Make (\d+)\.(\d+)"), (4, 4))
NINJA = Tool(("ninja", "ninja-build"), re.compile(r"^(\d+)\.(\d+)"), (1, 13))


@dataclass
class ToolVersions:
    """What the tools say of themselves, each asked once; safe to use from several threads."""

    runner: Runner
    _known: dict[str, tuple[int, int]] = field(default_factory=dict)
    _asking: dict[str, threading.Lock] = field(default_factory=dict)

    def takes_part(self, tool: Tool, environ: Mapping[str, str]) -> bool:
        """Whether the ``tool`` that is found with ``environ`` takes part; one that is not there does not."""
        path = tool.find(environ)
        if path is None:
            return False
        with self._asking.setdefault(path, threading.Lock()):
            if path not in self._known:
                self._known[path] = self._ask(tool, path, environ)
        return self._known[path] >= tool.since

    def _ask(self, tool: Tool, path: str, environ: Mapping[str, str]) -> tuple[int, int]:
        plain = {name: value for name, value in environ.items() if name not in {"MAKEFLAGS", "GNUMAKEFLAGS"}}
        command = Command((path, "--version"), cwd=Path("/"), env=plain, timeout=_PROBE_SECONDS)
        try:
            said = self.runner.run(command).stdout.decode(errors="replace")
        except (CommandStartError, CommandTimeoutError):
            said = ""
        match = tool.version.search(said)
        return (int(match[1]), int(match[2])) if match else (0, 0)
