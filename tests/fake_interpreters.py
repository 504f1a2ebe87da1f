"""Executables that answer like an interpreter that this machine need not have, or misbehave like none should."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import recorded_probes

from pep517_multi.process import Command, Completed, LocalRunner

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def write_script(path: Path, script: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def write_interpreter(path: Path, name: str, version: str | None = None, **changes: object) -> Path:
    """Write an executable that answers as the recorded interpreter ``name`` does, with another version if given."""
    answer: dict[str, Any] = {**recorded_probes.answer_of(name), "executable": str(path), **changes}
    if version is not None:
        answer["markers"] = {**answer["markers"], "python_full_version": version}
    return write_script(path, saying(answer))


def saying(answer: object) -> str:
    """Return shell code that writes ``answer`` as the probe does."""
    return f"printf '\\036%s\\036\\n' {shlex.quote(json.dumps(answer))}"


@dataclass
class CountingRunner:
    """Runs commands on this machine, and remembers them."""

    commands: list[Command] = field(default_factory=list)
    local: LocalRunner = field(default_factory=LocalRunner)

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        return self.local.run(command)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        self.commands.append(command)
        return self.local.spawn(command)

    @property
    def programs(self) -> set[str]:
        """The programs that were started."""
        return {command.argv[0] for command in self.commands}
