"""Staging in tests: real interpreters asked once, wheels staged in one call, trees as values to compare."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import machine

from pep517_multi.interpreters.discovery import Finder
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.staging import Layout, Staged, Stager, StageRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter


@cache
def installed(name: str) -> Interpreter:
    """Return the interpreter with this canonical name, which the machine has."""
    path = machine.interpreters()[name]
    (found,) = Finder(LocalRunner(), inherited_environment(), None).select([str(path)])
    return found


def newest() -> Interpreter:
    """Return the newest ordinary CPython of this machine."""
    return installed(list(machine.cpythons())[-1])


def dying(folder: Path, *, times: int) -> Interpreter:
    """Return an interpreter that dies of its first ``times`` requests."""
    script = folder / "mortal"
    script.write_text(
        f"#!/bin/sh\necho >> {folder}/starts\n[ $(wc -l < {folder}/starts) -le {times} ] && read request && exit 9\n"
        f'exec {newest().executable} "$@"\n'
    )
    script.chmod(0o755)
    return replace(newest(), executable=script)


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of the tests, without a fixed time, plus ``changes``."""
    return {**inherited_environment(), "SOURCE_DATE_EPOCH": "", **changes}


def stage(
    wheel: Path,
    root: Path,
    *,
    interpreter: Interpreter | None = None,
    layout: Layout | None = None,
    jobs: int = 2,
    environ: Mapping[str, str] | None = None,
) -> Staged:
    """Stage one wheel and wait for it."""
    request = StageRequest(interpreter or newest(), (wheel,), root, layout or Layout())
    with Stager(runner=LocalRunner(), environ=environ or environment(), jobs=jobs) as stager:
        return stager.submit(request).result()


def snapshot(root: Path) -> dict[str, tuple[str, int, str]]:
    """Return path below ``root`` → mode, time of modification, hash of the content (empty for folders)."""
    seen = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)  # noqa: PTH118 - os.walk gives text
            status = os.lstat(path)
            digest = ""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as stream:  # noqa: PTH123 - as above
                    digest = hashlib.sha256(stream.read()).hexdigest()
            seen[os.path.relpath(path, root)] = (stat.filemode(status.st_mode), int(status.st_mtime), digest)
    return seen


def modules(root: Path) -> Path:
    """Return the site-packages folder of a root that has one."""
    (found,) = root.glob("usr/lib/*/site-packages")
    return found
