"""One directory tree, looked at and changed through descriptors: no link in it leads anywhere."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.errors import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Found:
    """What lies at a path; ``kind`` is none of the known ones for sockets and devices."""

    kind: str
    mode: int
    moment: int
    inode: int
    target: str = ""


class Below:
    """Paths below ``top``; each is given as it will be once installed, absolute without the top.

    :raises StagingError: (every method) the way to a path leads through a file or a link.
    """

    def __init__(self, top: Path) -> None:
        self.top = top

    def find(self, path: str) -> Found | None:
        """Describe what is at ``path``, ``None`` where nothing is."""
        try:
            with self.folder_of(path) as (folder, name):
                status = os.lstat(name, dir_fd=folder)
                kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFDIR: "directory"}
                kind = kinds.get(stat.S_IFMT(status.st_mode), "device")
                target = os.readlink(name, dir_fd=folder) if kind == "link" else ""
        except FileNotFoundError:
            return None
        return Found(kind, stat.S_IMODE(status.st_mode), status.st_mtime_ns, status.st_ino, target)

    def make_directory(self, path: str, *, way: str) -> None:
        """Make a directory with its mode at once, whatever the umask is: it is made at ``way`` and moved."""
        with self.folder_of(way) as (folder, name):
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=folder)
            os.chmod(name, 0o755, dir_fd=folder)  # noqa: S103 - a directory of a package
        self.rename(way, path)

    def rename(self, old: str, new: str) -> None:
        """Give what is at ``old`` the name ``new``, in the place of whatever has it."""
        with self.folder_of(old) as (source, name), self.folder_of(new) as (target, other):
            os.rename(name, other, src_dir_fd=source, dst_dir_fd=target)

    def keep(self, path: str, kept: str) -> None:
        """Let what is at ``path`` be at ``kept`` as well, or only there where the file system knows no second names."""
        try:
            with self.folder_of(path) as (source, name), self.folder_of(kept) as (target, other):
                os.link(name, other, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError:
            self.rename(path, kept)

    def digest(self, path: str) -> str:
        """Return the hexadecimal SHA-256 of the file at ``path``."""
        hashing = hashlib.sha256()
        with self.folder_of(path) as (folder, name), os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb") as stream:
            while chunk := stream.read(_CHUNK):
                hashing.update(chunk)
        return hashing.hexdigest()

    @contextmanager
    def folder_of(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the directory of ``path``; gives its descriptor and the last part of ``path``."""
        descriptor = os.open(self.top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            *folders, name = path.strip("/").split("/")
            for place, folder in enumerate(folders):
                try:
                    inner = os.open(folder, _FOLDER, dir_fd=descriptor)
                except NotADirectoryError as error:
                    raise _through(self.top, posixpath.join("/", *folders[: place + 1])) from error
                os.close(descriptor)
                descriptor = inner
            yield descriptor, name
        finally:
            os.close(descriptor)


def _through(top: Path, path: str) -> StagingError:
    message = f"{path} in {top} is a link or a file where a directory is wanted, and nothing is written through it"
    return StagingError(f"{message}; move it away, or choose another place")
