"""Names and kinds of a wheel's members."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from pep517_multi.archives import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.archives.zip_archive import ZipArchive
    from pep517_multi.archives.zip_records import Entry
    from pep517_multi.wheels.names import WheelName

POSIX_HINT = "--wheel-names posix takes it"
RESERVED = f"has a name that Windows reserves or changes ({POSIX_HINT})"
_DOS_FOLDER, _DOS_LABEL = 0x10, 0x08


def member_faults(archive: ZipArchive, name: WheelName, *, portable: bool) -> Iterator[str]:
    """Yield a clause for each member that no wheel may have.

    :param portable: names must mean the same on every system, unless the wheel is for Linux alone.
    """
    portable = portable and not is_for_linux_alone(name)
    for entry in archive.entries:
        yield from (f"{entry.shown} {fault}" for fault in _faults(entry))
        if portable and not names.is_portable(entry.name):
            yield f"{entry.shown} {RESERVED}"
    yield from collision_faults([entry.name for entry in archive.entries], portable=portable)


def collision_faults(paths: list[str], *, portable: bool) -> Iterator[str]:
    """Yield a clause for each of ``paths`` that collides with another, with how to go on where only case differs."""
    anyway = set(names.collisions(paths, portable=False))
    yield from sorted(anyway)
    if portable:
        for fault in names.collisions(paths, portable=True):
            if fault not in anyway:
                yield f"{fault} ({POSIX_HINT})"


def is_for_linux_alone(name: WheelName) -> bool:
    """Whether nobody but Linux can use the wheel, so that names need not mean anything elsewhere."""
    return all("linux" in tag.platform for tag in name.tags)


def _faults(entry: Entry) -> Iterator[str]:
    yield from names.faults(entry.name.removesuffix("/"))
    mode = entry.attributes >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFDIR if entry.is_folder else stat.S_IFREG}:
        yield "is neither a file nor a folder but a link or a device, or not what its name says"
    elif not entry.is_folder and entry.attributes & (_DOS_FOLDER | _DOS_LABEL):
        yield "is a folder by its attributes and a file by its name"
    if entry.is_folder and entry.size:
        yield "is a folder and has content"
