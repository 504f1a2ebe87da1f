"""Ask a target which packages it can import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pep517_multi.backends.requirements import Package, Packages
from pep517_multi.errors import InterpreterError
from pep517_multi.process import Command, CommandStartError, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pep517_multi.process import Runner

_SCRIPT = Path(__file__).with_name("target_packages.py")
_SECONDS = 120


def importable(
    python: Path,
    *,
    runner: Runner,
    environ: Mapping[str, str],
    needed: Iterable[str] = (),
    instead: Sequence[Path] = (),
) -> Packages:
    """Return what ``python`` can import when it runs with ``environ``, which is that of the hooks.

    :param needed: names that alone are of interest, with all that they require; by default everything is.
    :param instead: folders to look into instead of its own site-packages.
    :raises InterpreterError: it does not answer.
    """
    names = sorted({canonicalize_name(name) for name in needed})
    options = ["-s", "-B"]
    if instead:
        options.append("-S")
        environ = {**environ, "PYTHONPATH": ":".join(map(str, instead))}
    command = Command((str(python), *options, str(_SCRIPT), *names), cwd=_SCRIPT.parent, env=environ, timeout=_SECONDS)
    try:
        completed = runner.run(command)
    except (CommandStartError, CommandTimeoutError) as error:
        message = f"{python} cannot list its packages: {error}; try it with: {python} -s -B {_SCRIPT}"
        raise InterpreterError(message) from error
    parts = completed.stdout.split(b"\x1e")
    if completed.returncode != 0 or len(parts) != 3:  # noqa: PLR2004 - before, between and after two separators
        last = completed.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "no answer"
        message = f"{python} cannot list its packages ({last}); try it with: {python} -s -B {_SCRIPT}"
        raise InterpreterError(message)
    complete, found, path = json.loads(parts[1])
    return Packages.of(
        (Package(canonicalize_name(name), version, tuple(requires), where) for name, version, requires, where in found),
        complete=complete,
        path=tuple(path),
    )
