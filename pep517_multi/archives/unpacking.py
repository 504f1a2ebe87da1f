"""Streams of bzip2 and xz, unpacked with bounded memory and up to their last byte.

The standard library's own take no limit of memory, and ignore what stands behind the last stream.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
from typing import TYPE_CHECKING, TypeAlias

from pep517_multi.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Buffer: TypeAlias = Any
    Decompressor: TypeAlias = bz2.BZ2Decompressor | lzma.LZMADecompressor

_CHUNK = 1 << 16
_MOST_MEMORY = 128 << 20  # bytes; what was packed with "xz -9" wants half of that


def open_bzip2(path: Path) -> io.BufferedReader:
    """Open a file of one or more bzip2 streams; see :class:`_Unpacking`."""
    return io.BufferedReader(_Unpacking(path, bz2.BZ2Decompressor))


def open_xz(path: Path) -> io.BufferedReader:
    """Open a file of one or more xz streams; see :class:`_Unpacking`."""
    return io.BufferedReader(
        _Unpacking(path, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY), padding=b"\0")
    )


class _Unpacking(io.RawIOBase):
    """What the streams of a file hold, one behind the other.

    :param padding: what may stand behind a stream.
    :raises IntegrityError: (reading) it takes more memory than anybody should need.
    :raises EOFError: (reading) a stream is cut off.
    :raises OSError: (reading) a stream is damaged, or what follows it is none; a :class:`lzma.LZMAError` for xz.
    """

    def __init__(self, path: Path, new: Callable[[], Decompressor], *, padding: bytes = b"") -> None:
        self._path, self._new, self._padding = path, new, padding
        self._packed = path.open("rb")
        self._decompressor = new()
        self._place = 0

    def close(self) -> None:
        """Let go of the file."""
        self._packed.close()
        super().close()

    def readable(self) -> bool:
        """See :meth:`io.IOBase.readable`."""
        return True

    def seekable(self) -> bool:
        """See :meth:`io.IOBase.seekable`; the way back begins at the beginning."""
        return True

    def tell(self) -> int:
        """See :meth:`io.IOBase.tell`."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """See :meth:`io.IOBase.seek`; nothing is known of the end."""
        if whence == os.SEEK_END:
            raise io.UnsupportedOperation("nobody knows where it ends")
        wanted = offset + (self._place if whence == os.SEEK_CUR else 0)
        if wanted < self._place:
            self._packed.seek(0)
            self._decompressor, self._place = self._new(), 0
        while self._place < wanted and self._next(min(_CHUNK, wanted - self._place)):
            pass
        return self._place

    def readinto(self, buffer: Buffer, /) -> int:
        """See :meth:`io.RawIOBase.readinto`."""
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        """Return at least one byte and at most so many; none at the end."""
        data = b""
        while not data and (packed := self._input()) is not None:
            data = self._decompressed(packed, most)
        self._place += len(data)
        return data

    def _decompressed(self, packed: bytes, most: int) -> bytes:
        try:
            return self._decompressor.decompress(packed, most)
        except lzma.LZMAError as error:
            if "limit" not in str(error):
                raise
            memory = f"{_MOST_MEMORY >> 20} MiB of memory"
            raise IntegrityError(f"{self._path} cannot be unpacked with {memory}; pack it anew") from error

    def _input(self) -> bytes | None:
        """Return what to feed; ``None`` behind the last stream."""
        if not self._decompressor.eof:
            packed = self._packed.read(_CHUNK) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not packed:
                raise EOFError("it ends early")
            return packed
        packed = self._decompressor.unused_data or self._packed.read(_CHUNK)
        while packed and not packed.lstrip(self._padding):
            packed = self._packed.read(_CHUNK)
        if not packed:
            return None
        self._decompressor = self._new()
        return packed.lstrip(self._padding)
