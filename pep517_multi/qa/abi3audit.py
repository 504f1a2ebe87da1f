"""Whether the extension modules of a stable-ABI wheel keep to what its tag promises, as abi3audit sees it.

The tool is run as a command. It reads the wheel and its own tables of symbols; it asks the network nothing.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi.backends.scrubbing import scrubbed
from pep517_multi.errors import MultibuildError
from pep517_multi.process import Command
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pep517_multi.process import Completed, Runner

_COMMAND = "abi3audit"


class Abi3auditError(MultibuildError):
    """abi3audit could not say anything about a wheel."""


@dataclass(frozen=True)
class Violation:
    """A symbol that an extension module uses and that the wheel's tag does not allow.

    :param module: the file name of the extension module.
    :param promised: the Python from whose stable ABI on the wheel says that it works, ``3.8``.
    :param added: the Python in which the symbol came into the stable ABI, ``None`` for one that is no part of it.
    """

    module: str
    symbol: str
    promised: str
    added: str | None

    def __str__(self) -> str:
        """Return one clause for a report."""
        if self.added is None:
            return f"{self.module} uses {self.symbol}, which is no part of the stable ABI"
        return (
            f"{self.module} uses {self.symbol}, which is part of the stable ABI from {self.added} on, "
            f"but the wheel promises {self.promised}"
        )


def find_abi3audit(environ: Mapping[str, str]) -> Path | None:
    """Return the abi3audit installed beside multibuild, else the one on the PATH of ``environ``, else ``None``."""
    here = str(Path(sys.executable).parent)  # noqa: TID251 - abi3audit is a tool of multibuild itself
    path = f"{here}:{environ.get('PATH', '')}".rstrip(":")
    found = shutil.which(_COMMAND, path=path)
    return Path(found) if found else None


def audit(
    wheel: Path, *, runner: Runner, environ: Mapping[str, str], timeout: float | None = None
) -> tuple[Violation, ...] | None:
    """Return all that is wrong with the stable ABI of ``wheel``, sorted; ``None`` where there is no abi3audit.

    A wheel that promises no ``abi3`` breaks none; ``abi3t`` is nothing that the tool knows.

    :param environ: the environment of multibuild.
    :raises Abi3auditError: the tool does not get through the wheel.
    :raises CommandTimeoutError: it takes longer than ``timeout`` seconds.
    """
    if all(tag.abi != "abi3" for tag in WheelName.parse(wheel.name).tags):
        return ()
    tool = find_abi3audit(environ)
    if tool is None:
        return None
    # strict: without it, a module that cannot be read is left out of the report and nobody hears of it
    argv = (str(tool), "--strict", "--report", str(wheel.absolute()))
    completed = runner.run(Command(argv, cwd=Path("/"), env=scrubbed(environ) | {"NO_COLOR": "1"}, timeout=timeout))
    try:
        specs: Mapping[str, Any] = json.loads(completed.stdout)["specs"]
        return tuple(sorted(_violations(specs), key=str))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{tool} did not get through {wheel} (exit status {completed.returncode}): {_said(completed)}"
        raise Abi3auditError(message) from error


def _violations(specs: Mapping[str, Any]) -> Iterator[Violation]:
    for spec in specs.values():
        for entry in spec["wheel"]:
            module, result = entry["name"], entry["result"]
            promised = result["baseline"]
            yield from (Violation(module, symbol, promised, None) for symbol in result["non_abi3_symbols"])
            future = result["future_abi3_objects"]
            yield from (Violation(module, symbol, promised, added) for symbol, added in future.items())


def _said(completed: Completed) -> str:
    """Return what the tool said last, on one line; it breaks its messages to the width of a terminal."""
    text = " ".join((completed.stderr or completed.stdout).decode(errors="replace").split())
    return text[-200:] or "nothing was said"
