"""A wheel on disk, read once: what decides whom it may serve."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.wheels.identity import NamedFile
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from pep517_multi.archives.zip_archive import ZipArchive
    from pep517_multi.archives.zip_records import Entry

UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises for archives that are broken, encrypted or compressed in a way that it does not know."""
_EXTENSION_ENDINGS = (".so", ".pyd")
_ABI_IN_FILE_NAME = re.compile(
    r"\.(cpython-\d|cp\d|abi3|pypy\d|graalpy\d)[^/]*\.(so|pyd)$"  # x.cpython-312-x86_64-linux-gnu.so, x.abi3.so
)
_MODULE_INIT = re.compile(rb"Py(Init|InitU|ModExport)_[A-Za-z0-9_]")
"""A symbol that only extension modules export (:pep:`489`, :pep:`793`); a library loaded by ctypes has none."""
_OVERLAP = 32
_REMEMBERED = 256


@dataclass(frozen=True)
class Wheel:
    """A wheel and what it says of itself.

    :param requires_python: ``None`` where every Python is admitted.
    :param extensions: members that are extension modules (by file name, or by the symbol they export), sorted.
    """

    path: Path
    name: WheelName
    sha256: str
    requires_python: SpecifierSet | None
    extensions: tuple[str, ...]

    @property
    def abis(self) -> frozenset[str]:
        """The ABI parts of the tags: ``none``, ``abi3``, ``cp312``."""
        return frozenset(tag.abi for tag in self.name.tags)


def read_wheel(path: Path) -> Wheel:
    """Read the wheel at ``path``; its members' bytes are looked at only where a file name leaves open what it is.

    Enough to choose among wheels; :func:`pep517_multi.wheels.validation.validate` says whether one may be used. A file
    that does not change is read once.

    :raises IntegrityError: it is no wheel, or its file name, ``WHEEL`` and ``METADATA`` contradict each other.
    """
    return replace(_read_once(NamedFile.of(path)), path=path)


@lru_cache(_REMEMBERED)
def _read_once(file: NamedFile) -> Wheel:
    from pep517_multi.archives.zip_archive import ZipArchive  # here, so that no build has to wait for what it needs
    from pep517_multi.wheels.metadata import read_metadata

    path = file.path
    name = WheelName.parse(path.name)
    with ZipArchive(path) as archive:
        requires_python = read_metadata(archive, name).requires_python
        extensions = tuple(sorted(entry.name for entry in archive.entries if _is_extension(archive, entry)))
    return Wheel(path, name, files.sha256(path), requires_python, extensions)


def _is_extension(archive: ZipArchive, entry: Entry) -> bool:
    if not entry.name.endswith(_EXTENSION_ENDINGS):
        return False
    return bool(_ABI_IN_FILE_NAME.search(entry.name)) or _exports_module(archive, entry)


def _exports_module(archive: ZipArchive, entry: Entry) -> bool:
    before = b""
    for chunk in archive.chunks(entry):
        if _MODULE_INIT.search(before + chunk):
            return True
        before = chunk[-_OVERLAP:]
    return False
