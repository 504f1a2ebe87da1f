"""Which file a wheel is, so that what was found out about it need not be found out again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pep517_multi import files

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class NamedFile:
    """A file by its name and what tells it from others: where it lies does not count, so it may have been moved.

    :param marks: see :func:`identity`.
    """

    path: Path = field(compare=False)
    name: str
    marks: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> NamedFile:
        """Look at the file at ``path``.

        :raises FileError: it cannot be looked at.
        """
        return cls(path, path.name, identity(path))


def identity(path: Path) -> tuple[int, ...]:
    """Return what changes when another file comes in the place of the one at ``path``.

    :raises FileError: it cannot be looked at.
    """
    with files.explained(f"open the wheel {path}"):
        status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
