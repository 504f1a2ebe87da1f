"""Staging roots: there whole, or not there."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from pep517_multi import files, temporaries
from pep517_multi.errors import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def new_root(final: Path, *, prefix: str, owned: bool = False) -> Iterator[Path]:
    """Make an empty folder that takes the place of ``final`` when the block ends, and is gone if the block fails.

    :param prefix: an earlier root is known by its having this folder; anything else that is not empty is left alone.
    :param owned: nobody but multibuild puts anything at ``final``, so whatever is there is an earlier root.
    :raises StagingError: what is at ``final`` is no staging root.
    :raises FileError: the file system refuses.
    """
    if not owned:
        _check_replaceable(final, prefix)
    with contextlib.ExitStack() as stack:
        with files.explained(f"make the staging root {final}"):
            temporaries.sweep(final.parent, of={final.name})
            temporary = stack.enter_context(temporaries.new_folder(final))
        yield temporary
        with files.explained(f"put the staging root {final} in its place"):
            temporary.chmod(0o755)
            files.replace_tree(temporary, final)


def set_folder_times(root: Path, moment: int) -> None:
    """Give every folder of the tree the time ``moment``, in seconds since the epoch."""
    for folder, _, _ in os.walk(root, topdown=False):
        os.utime(folder, (moment, moment))


def count_files(root: Path) -> int:
    """Return how many files the tree holds."""
    return sum(len(names) for _, _, names in os.walk(root))


def _check_replaceable(final: Path, prefix: str) -> None:
    top = prefix.strip("/").partition("/")[0]
    if not final.exists() or final.is_symlink():
        return
    if not final.is_dir() or (any(final.iterdir()) and not (final / top).is_dir()):
        raise StagingError(
            f"{final} is in the way of a staging root and does not look like an earlier one (it has no {top}); "
            "move it away, or choose another folder"
        )
