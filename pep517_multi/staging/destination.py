"""Where a wheel's files go: below a staging root, and nowhere else."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from installer.destinations import WheelDestination
from installer.records import Hash, RecordEntry
from installer.scripts import Script
from installer.utils import construct_record_file

from pep517_multi import files
from pep517_multi.errors import IntegrityError, MultibuildError
from pep517_multi.staging.shebangs import chunks, launcher, with_shebang
from pep517_multi.staging.wheel_source import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from installer.scripts import ScriptSection
    from installer.utils import Scheme

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ENCODED_LENGTH = 43  # of a sha256 in base64 without padding
_LIBRARIES = ("purelib", "platlib")


@dataclass(frozen=True, slots=True)
class Written:
    """A file below the root: its path without the root, as it will be once installed, and its size in bytes."""

    name: str
    size: int
    is_module: bool


class RootDestination(WheelDestination):
    """Writes below ``root`` through directory descriptors, so that no name and no link leads outside.

    Modes are 0644 and 0755 whatever the umask is. Nothing is ever overwritten.

    :param wheel: name of the wheel, for messages.
    :param paths: key of a wheel's contents (``purelib`` …) → absolute path without the root.
    :param executable: what the scripts run under.
    :param moment: time of modification of what is generated, and of each file that has no time of its own.
    :param uniform: the files of the wheel get that time, too.
    :param observer: told of each file as soon as it is complete.
    """

    def __init__(  # noqa: PLR0913 - what one wheel in one root comes to, made in one place
        self,
        root: Path,
        *,
        wheel: str,
        paths: Mapping[str, str],
        executable: str,
        moment: int,
        uniform: bool,
        observer: Callable[[Written], None],
    ) -> None:
        self._wheel = wheel
        self._paths = paths
        self._executable = executable
        self._moment = moment
        self._uniform = uniform
        self._observer = observer
        self._root = os.open(root, _FOLDER)
        self._open: list[tuple[str, int]] = []  # from the root to where the last file was written

    def close(self) -> None:
        """Let go of the root."""
        for _, descriptor in self._open:
            os.close(descriptor)
        os.close(self._root)

    def write_script(self, name: str, module: str, attr: str, section: ScriptSection) -> RecordEntry:
        """See :meth:`installer.destinations.WheelDestination.write_script`."""
        name, stream = launcher(Script(name, module, attr, section), self._executable)
        return self._write("scripts", name, chunks(stream), mode=0o755)

    def write_file(
        self,
        scheme: Scheme,
        path: str | os.PathLike[str],
        stream: BinaryIO,
        is_executable: bool,  # noqa: FBT001 - the signature is the library's
    ) -> RecordEntry:
        """See :meth:`installer.destinations.WheelDestination.write_file`."""
        path = os.fspath(path)
        mode = 0o755 if is_executable or scheme == "scripts" else 0o644
        member = stream if isinstance(stream, Member) else None
        moment = member.moment if member and not self._uniform else None
        if scheme == "scripts" and (content := with_shebang(stream, self._executable)) is not None:
            return self._write(scheme, path, content, mode=mode, moment=moment)
        known = member.record if member else None
        return self._write(scheme, path, chunks(stream), mode=mode, moment=moment, known=known)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        """See :meth:`installer.destinations.WheelDestination.finalize_installation`."""

        def prefix(of: Scheme) -> str | None:
            relative = posixpath.relpath(self._paths[of], self._paths[scheme])
            return None if relative == "." else relative + "/"

        with construct_record_file(records, prefix) as stream:
            self._write(scheme, record_file_path, chunks(stream), mode=0o644)

    def _write(
        self,
        scheme: str,
        path: str,
        content: Iterator[bytes],
        *,
        mode: int,
        moment: int | None = None,
        known: RecordEntry | None = None,
    ) -> RecordEntry:
        name = posixpath.join(self._paths[scheme], path)
        hashing = hashlib.sha256()
        trusted = known.hash_ if known and _is_as_written(known.hash_, hashing.name) else None
        size = 0
        time = (self._moment if moment is None else moment) * 1_000_000_000
        try:
            descriptor = self._created(name)
            try:
                for chunk in content:
                    files.write_all(descriptor, chunk)
                    size += len(chunk)
                    if trusted is None:
                        hashing.update(chunk)
                os.fchmod(descriptor, mode)
                os.utime(descriptor, ns=(time, time))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._refused(name, error) from error
        if known and known.size not in (None, size):
            raise IntegrityError(f"{self._wheel}: {known.path!r} has changed while the wheel was being installed")
        self._observer(Written(name, size, is_module=scheme in _LIBRARIES and name.endswith(".py")))
        return RecordEntry(path, trusted or Hash(hashing.name, _encoded(hashing.digest())), size)

    def _created(self, name: str) -> int:
        *folders, last = name.split("/")[1:]
        if not {"", ".", ".."}.isdisjoint((*folders, last)):
            raise IntegrityError(f"{self._wheel}: {name!r} is no path below the root")
        return os.open(last, _NEW_FILE, 0o600, dir_fd=self._opened(folders))

    def _opened(self, folders: Sequence[str]) -> int:
        """Return a descriptor of the folder, made where it is missing; those on the way to it stay open, no others."""
        known = 0
        for (name, _), folder in zip(self._open, folders, strict=False):
            if name != folder:
                break
            known += 1
        while len(self._open) > known:
            os.close(self._open.pop()[1])
        for folder in folders[known:]:
            self._open.append((folder, _inner(folder, self._innermost)))
        return self._innermost

    @property
    def _innermost(self) -> int:
        return self._open[-1][1] if self._open else self._root

    def _refused(self, name: str, error: OSError) -> MultibuildError:
        if error.errno == errno.EEXIST:
            return IntegrityError(f"{self._wheel} would write {name} over another file")
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            return IntegrityError(f"{self._wheel} would write {name} through a file or a link")
        return files.refused(f"write {name} of {self._wheel}", error)


def _inner(folder: str, descriptor: int) -> int:
    try:
        return os.open(folder, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        os.mkdir(folder, 0o700, dir_fd=descriptor)
    inner = os.open(folder, _FOLDER, dir_fd=descriptor)
    os.fchmod(inner, 0o755)
    return inner


def _is_as_written(known: Hash | None, algorithm: str) -> bool:
    """Whether a hash of the wheel's RECORD is what would be computed again for the installed one."""
    return known is not None and known.name == algorithm and len(known.value) == _ENCODED_LENGTH


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
