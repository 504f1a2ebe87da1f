"""One wheel into one tree."""

from __future__ import annotations

import configparser
import contextlib
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from installer import install
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry

from pep517_multi.archives import names
from pep517_multi.errors import IntegrityError
from pep517_multi.staging.destination import RootDestination
from pep517_multi.staging.wheel_source import OpenWheels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.staging.destination import Written
    from pep517_multi.staging.layout import Layout
    from pep517_multi.staging.wheel_source import WheelArchive


@dataclass(frozen=True)
class Installed:
    """The time that generated files got, what was left out, and the wheel format where it is newer than 1.0."""

    moment: int
    left_out: tuple[str, ...]
    newer_format: str | None


def install_wheel(  # noqa: PLR0913 - what one wheel in one root comes to
    wheel: Path,
    root: Path,
    *,
    interpreter: Interpreter,
    layout: Layout,
    moment: int | None,
    wheels: OpenWheels | None = None,
    written: Callable[[Written], None] = lambda _: None,
) -> Installed:
    """Write the contents of ``wheel``, which was validated, below ``root``; no bytecode.

    :param moment: time of every file in seconds since the epoch; ``None``: each has the time that the wheel gives it,
        and what is generated that of the newest one.
    :param wheels: what keeps it open for the next root.
    :param written: told of each file as soon as it is complete.
    :raises IntegrityError: two files would have one path, or the wheel has changed since.
    :raises UsageError: ``layout`` makes no sense for ``interpreter``.
    :raises FileError: the file system refuses.
    """
    with contextlib.ExitStack() as stack:
        if wheels is None:
            wheels = stack.enter_context(contextlib.closing(OpenWheels()))
        archive = stack.enter_context(wheels.opened(wheel))
        paths = layout.paths(interpreter, distribution=archive.distribution)
        _check_places(archive, paths)
        generated = archive.moment if moment is None else moment
        destination = RootDestination(
            root,
            wheel=wheel.name,
            paths=paths,
            executable=layout.script_interpreter(interpreter),
            moment=generated,
            uniform=moment is not None,
            observer=written,
        )
        metadata = {"INSTALLER": f"{layout.installer}\n".encode()} if layout.installer else {}
        with contextlib.closing(destination):
            try:
                install(archive, destination, metadata)
            except (InstallerError, InvalidRecordEntry, configparser.Error, AssertionError, ValueError) as error:
                raise IntegrityError(f"{wheel.name} cannot be installed: {error}; build or fetch it anew") from error
        return Installed(generated, archive.bytecode, archive.newer_format)


def _check_places(archive: WheelArchive, paths: Mapping[str, str]) -> None:
    """Refuse what only shows where the places are known: folders of the wheel can be one folder of the target."""
    libraries = {paths["purelib"], paths["platlib"]}
    places = []
    for scheme, path in archive.destinations():
        place = posixpath.join(paths.get(scheme, "/"), path)
        places.append(place)
        if scheme == "data" and any(_is_metadata(place, library) for library in libraries):
            raise IntegrityError(
                f"{archive.filename} would add {place} to its own metadata, or to that of another project; build or "
                "fetch it anew"
            )
    if fault := next(names.collisions(places, portable=False), None):
        raise IntegrityError(f"{archive.filename} has two files for one place: {fault}; build or fetch it anew")


def _is_metadata(place: str, library: str) -> bool:
    folder, slash, _ = place.removeprefix(f"{library}/").partition("/")
    return place.startswith(f"{library}/") and bool(slash) and folder.casefold().endswith(".dist-info")
