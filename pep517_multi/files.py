"""Files and trees on disk: written whole or not at all, copied cheaply, hashed, removed."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi import interrupts, locks
from pep517_multi.errors import MultibuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_TO_READ = 64 << 20
_CHUNK = 1 << 20
_RANGE = 1 << 30
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
_NO_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV}  # the system, or this file system, cannot
_FICLONE = 0x40049409  # linux/fs.h: share the extents of another file, copy on write


class FileError(MultibuildError):
    """The file system refused something: full, read-only, no permission."""


@contextlib.contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into one sentence: what was being done, where, and what the system said."""
    try:
        yield
    except OSError as error:
        raise refused(doing, error) from error


def refused(doing: str, error: OSError) -> FileError:
    """Return the error for what the system said: what was being done, where, and that."""
    named = error.filename is None or str(error.filename) in doing
    where = "" if named else f" ({error.filename})"
    return FileError(f"cannot {doing}{where}: {error.strerror or error}")


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of the bytes of the file at ``path``."""
    import hashlib  # loads OpenSSL, which what goes on at first can do without

    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_file(path: Path, *, most: int = _MOST_TO_READ) -> bytes:
    """Return the bytes of a file of a source, which may be anything: nobody waits for a pipe or reads a device.

    :raises OSError: it cannot be read, is no regular file (links are followed), or has more than ``most`` bytes.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            kind = errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.EINVAL
            raise OSError(kind, os.strerror(kind) if kind == errno.EISDIR else "It is no regular file", str(path))
        if status.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return stream.read(most)


def read_text(path: Path, *, errors: str = "strict") -> str:
    """Return the text of a file of a source, which is UTF-8; see :func:`read_file`.

    :raises OSError: as there.
    :raises UnicodeDecodeError: it is no UTF-8, and ``errors`` makes one of that.
    """
    return io.TextIOWrapper(io.BytesIO(read_file(path)), encoding="utf-8", errors=errors).read()


def beside(path: Path, *, old: bool = False) -> Path:
    """Return a new hidden name in the folder of ``path``, so that a rename onto ``path`` stays on one file system.

    :param old: what will have that name is what ``path`` was, and is put back if nothing takes its place.
    """
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}{'.old' if old else ''}.tmp")


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    try:
        with temporary.open("xb") as stream:
            with contextlib.suppress(OSError):  # a file system without locks, where nothing is swept
                locks.lock(stream.fileno())
            stream.write(data)
            stream.flush()
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def copy_file(source: str | Path, target: str | Path, *, usual_modes: bool = False) -> None:
    """Copy bytes, permission bits and times of a regular file; the bytes are shared where the file system can.

    The copy is readable and writable for its owner, whatever the original was.

    :param usual_modes: make it 0644, or 0755 where its owner may execute it.
    """
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(reading)
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if not _cloned(reading, writing):
                _copy_in_kernel(reading, writing)
                while chunk := os.read(reading, _CHUNK):  # what is left: all, where the kernel could not
                    write_all(writing, chunk)
            mode = stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR
            if usual_modes:
                mode = 0o755 if mode & stat.S_IXUSR else 0o644
            os.fchmod(writing, mode)
            os.utime(writing, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however many calls the system wants for it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def link_or_copy(source: Path, target: Path) -> None:
    """Give a regular file a second name, or a copy where the file system knows no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        copy_file(source, target)


def _cloned(source: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def _copy_in_kernel(source: int, target: int) -> None:
    """Copy as far as the kernel can without the bytes passing through this process; both offsets move along."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux; not between these two file systems
        while os.copy_file_range(source, target, _RANGE):
            pass


def copy_tree(
    source: Path,
    target: Path,
    *,
    leave_out: Callable[[str, str], bool] = lambda *_: False,
    usual_modes: bool = False,
) -> None:
    """Copy a tree to ``target``, which must not exist: links stay links, sockets and devices are left out.

    Everything in the copy is readable and writable for its owner. ``target`` may lie inside ``source``; it is not
    copied into itself.

    :param leave_out: told the path of a folder and a name in it; a true answer leaves that and all below it out.
    :param usual_modes: make everything 0644, or 0755 where it is a folder or its owner may execute it.
    """
    itself = (str(target.parent), target.name)

    def skip(folder: str, name: str) -> bool:
        return (folder, name) == itself or leave_out(folder, name)

    def copy(source: str, target: str) -> None:  # on texts: to make a path of every name takes most of the time
        os.mkdir(target)  # noqa: PTH102
        with os.scandir(source) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if skip(source, entry.name):
                    continue
                place = f"{target}/{entry.name}"
                if entry.is_symlink():
                    os.symlink(os.readlink(entry.path), place)  # noqa: PTH115, PTH211
                elif entry.is_dir(follow_symlinks=False):
                    copy(entry.path, place)
                elif entry.is_file(follow_symlinks=False):
                    copy_file(entry.path, place, usual_modes=usual_modes)
        status = os.stat(source)  # noqa: PTH116
        mode = 0o755 if usual_modes else stat.S_IMODE(status.st_mode) | stat.S_IRWXU
        os.chmod(target, mode)  # noqa: PTH101
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    target.parent.mkdir(parents=True, exist_ok=True)
    copy(str(source), str(target))


def remove_tree(path: Path) -> None:
    """Remove a tree, or a file, or nothing; folders that forbid it are opened up first."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return

    def retry(function: Callable[..., Any], failed: str, how: tuple[object, BaseException, object]) -> None:
        if isinstance(how[1], FileNotFoundError):  # somebody else removes it, too
            return
        parent = Path(failed).parent
        parent.chmod(stat.S_IMODE(parent.stat().st_mode) | stat.S_IRWXU)
        if Path(failed).is_dir() and not Path(failed).is_symlink():
            Path(failed).chmod(stat.S_IRWXU)
            if function is not os.rmdir:
                remove_tree(Path(failed))
                return
        function(failed)

    try:
        shutil.rmtree(path, onerror=retry)
    except (RecursionError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            raise
        _flatten(path)
        shutil.rmtree(path, onerror=retry)


def _flatten(top: Path) -> None:
    """Move all folders below ``top`` right into it: somebody has made them too deep to be walked or named."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        folder.chmod(stat.S_IRWXU)
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        for path in below:
            moved = Path(path)
            if folder != top:
                moved = top / f".{os.urandom(8).hex()}"
                Path(path).chmod(stat.S_IRWXU)  # to be moved, a folder must be writable itself
                Path(path).rename(moved)
            waiting.append(moved)


def replace_tree(new: Path, final: Path) -> None:
    """Put the tree ``new`` in the place of ``final``; both are on one file system.

    At every moment ``final`` is the old tree or the new one. Where the system cannot exchange two names, ``final`` is
    absent for a moment; if the process dies in it, :func:`pep517_multi.temporaries.sweep` puts the old tree back.
    """
    if not os.path.lexists(final):
        new.rename(final)
        return
    if _exchanged(new, final):
        remove_tree(new)
        return
    old = beside(final, old=True)
    with interrupts.deferred():
        final.rename(old)
        try:
            new.rename(final)
        except BaseException:
            old.rename(final)
            raise
        remove_tree(old)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two names change places in one step; answers whether the system can."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2  # glibc 2.28, musl 1.2.6
    except (AttributeError, OSError):
        return False
    done: int = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))
