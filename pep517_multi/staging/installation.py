"""One wheel into one tree."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from installer import install
from installer.exceptions import InstallerError

from pep517_multi.errors import IntegrityError
from pep517_multi.staging import wheel_source
from pep517_multi.staging.destination import RootDestination

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.staging.destination import Written
    from pep517_multi.staging.layout import Layout


@dataclass(frozen=True)
class Installed:
    """What was written, the time that generated files got, and what of the wheel was left out."""

    written: tuple[Written, ...]
    moment: int
    left_out: tuple[str, ...]


def install_wheel(
    wheel: Path,
    root: Path,
    *,
    interpreter: Interpreter,
    layout: Layout,
    moment: int | None,
    written: Callable[[Written], None] = lambda _: None,
) -> Installed:
    """Write the contents of ``wheel``, which was validated, below ``root``; no bytecode.

    :param moment: time of every file in seconds since the epoch; ``None``: each has the time that the wheel gives it,
        and what is generated that of the newest one.
    :param written: told of each file as soon as it is complete.
    :raises IntegrityError: two files would have one path, or the wheel has changed since.
    :raises UsageError: ``layout`` makes no sense for ``interpreter``.
    :raises FileError: the file system refuses.
    """
    with wheel_source.opened(wheel) as archive:
        generated = archive.moment if moment is None else moment
        destination = RootDestination(
            root,
            wheel=wheel.name,
            paths=layout.paths(interpreter, distribution=archive.distribution),
            executable=layout.script_interpreter(interpreter),
            moment=generated,
            uniform=moment is not None,
            observer=written,
        )
        metadata = {"INSTALLER": f"{layout.installer}\n".encode()} if layout.installer else {}
        with closing(destination):
            try:
                install(archive, destination, metadata)
            except (InstallerError, ValueError) as error:
                raise IntegrityError(f"{wheel.name} cannot be installed: {error}; build or fetch it anew") from error
        return Installed(tuple(destination.written), generated, archive.bytecode)
