"""What a wheel holds, read once: what the proof of reuse and QA both compare."""

from __future__ import annotations

import hashlib
import re
import zipfile
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import IntegrityError
from pep517_multi.wheels.decision import is_stable_abi
from pep517_multi.wheels.differences import compare
from pep517_multi.wheels.rules import PROOF
from pep517_multi.wheels.trees import Blob, Contents, File
from pep517_multi.wheels.wheel import UNREADABLE

if TYPE_CHECKING:
    from pep517_multi.wheels.trees import Nature
    from pep517_multi.wheels.wheel import Wheel

_CHUNK = 1 << 20
_SCRIPT = re.compile(r"^[^/]+\.data/scripts/")


@lru_cache(maxsize=64)
def contents(wheel: Wheel) -> Contents:
    """Read what ``wheel`` holds, nothing left out.

    :raises IntegrityError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            files = tuple(_file(archive, info, nature=_nature(info, wheel)) for info in members)
    except (*UNREADABLE, OSError) as error:
        raise _broken(wheel.path, error) from error
    return Contents(files, is_archive=True)


def differences(one: Contents, other: Contents) -> tuple[str, ...]:
    """Name each file, header and entry point in which two wheels would install something else, one clause each."""
    return tuple(clause for found in compare(one, other, PROOF) if found.rule is None for clause in found.clauses)


def _nature(info: zipfile.ZipInfo, wheel: Wheel) -> Nature:
    if info.filename in wheel.extensions:
        stable = all(is_stable_abi(tag) for tag in wheel.name.tags)
        return "stable-abi-extension" if stable else "extension"
    return "script" if _SCRIPT.match(info.filename) else "file"


def _file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, nature: Nature) -> File:
    read = partial(_read, Path(str(archive.filename)), info.filename)
    return File(
        path=info.filename,
        blob=Blob(_digest(archive, info), info.file_size, read),
        nature=nature,
        executable=bool(info.external_attr >> 16 & 0o111),
        moment="{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time),
    )


def _digest(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read(path: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except (*UNREADABLE, OSError, KeyError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> IntegrityError:
    return IntegrityError(f"{path.name} cannot be read as a wheel: {error}; build it anew")
