"""Zip archives in which every reader must find the same members with the same bytes.

Some readers believe the directory at the end of an archive, others the header in front of each member; some look for
the end from behind, some for the beginning from before. What they would read differently is refused here: so nobody can
show one wheel to who checks it and another one to who installs it.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, BinaryIO

from pep517_multi.archives import zip_records
from pep517_multi.archives.zip_records import DEFLATED, LOCAL_SIZE, TAIL_SIZE, Entry, ZipFault
from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pep517_multi.archives.limits import Limits

_CHUNK = 1 << 18
_MOST_MEMBERS = 250_000
_MOST_FOR_A_MEMBER = 512  # bytes of the directory: far more than real names and extra fields take on average


class ZipArchive:
    """An archive whose structure was checked; its members' bytes are, as they are read.

    :param limits: ``None`` where nothing is unpacked: whatever is read has a limit of its own.
    :raises FileError: it cannot be opened.
    :raises IntegrityError: (every method) it is not what it says; the message names archive and member.
    """

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self._starts: dict[int, int] = {}  # offset of a header -> of the data behind it
        try:
            self._stream: BinaryIO = path.open("rb", buffering=0)
        except OSError as error:
            raise FileError(f"cannot open {path}: {error.strerror or error}") from error
        try:
            self.size = os.fstat(self._stream.fileno()).st_size
            self.entries = self._read_structure(limits)
        except ZipFault as error:
            self.close()
            raise self.broken(str(error)) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ZipArchive:  # noqa: PYI034 - typing.Self is of Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    def find(self, name: str) -> Entry | None:
        """Return the first member of this name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def read(self, entry: Entry, *, most: int) -> bytes:
        """Return the bytes of a member that may have ``most`` of them."""
        if entry.size > most:
            raise self.broken(f"{entry.shown} has more than {most} bytes")
        return b"".join(self.chunks(entry))

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """Yield the bytes of a member, a piece of bounded size at a time; size and checksum are compared at its end."""
        try:
            yield from self._compared(entry, self._inflated(entry) if entry.method == DEFLATED else self._raw(entry))
        except zlib.error as error:
            raise self.broken(f"{entry.shown} is damaged: {error}") from error
        except ZipFault as error:
            raise self.broken(str(error)) from error

    def broken(self, fault: str) -> IntegrityError:
        """Make the error for a fault, a clause."""
        return IntegrityError(f"{self.path.name} cannot be trusted: {fault}; build or fetch it anew ({self.path})")

    def _read_structure(self, limits: Limits | None) -> list[Entry]:
        tail = self._bytes(max(0, self.size - TAIL_SIZE), min(self.size, TAIL_SIZE))
        directory = zip_records.find_directory(tail, self.size)
        length = directory.end - directory.start
        if directory.count > _MOST_MEMBERS or length > _MOST_MEMBERS * _MOST_FOR_A_MEMBER:
            raise ZipFault(f"it has {directory.count} members, and more than {_MOST_MEMBERS} are never taken")
        entries = zip_records.parse_directory(self._bytes(directory.start, length), directory.count)
        if limits and (fault := limits.fault(sum(entry.size for entry in entries), self.size)):
            raise ZipFault(fault)
        self._check_headers(entries, directory.start)
        return entries

    def _check_headers(self, entries: list[Entry], end: int) -> None:
        """Let the members lie one behind the other, from the first byte up to the directory at ``end``."""
        ordered = sorted(entries, key=lambda entry: entry.offset)
        following = [*(entry.offset for entry in ordered), end]
        if following[0] != 0:
            raise ZipFault("something was put in front of it")
        for entry, limit in zip(ordered, following[1:], strict=True):
            header = self._bytes(entry.offset, LOCAL_SIZE + len(entry.raw) + 256)
            length = zip_records.local_length(header)
            if length > len(header):
                header = self._bytes(entry.offset, length)
            start = entry.offset + length
            if start + entry.compressed > limit or length > len(header):
                raise ZipFault(f"{entry.shown} reaches into the next record")
            zip_records.check_local(header[:length], entry)
            between = limit - start - entry.compressed
            zip_records.check_descriptor(self._bytes(start + entry.compressed, min(between, _CHUNK)), entry)
            self._starts[entry.offset] = start

    def _compared(self, entry: Entry, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = checksum = 0
        for chunk in chunks:
            size += len(chunk)
            if size > entry.size:
                raise ZipFault(f"{entry.shown} has more bytes than it says ({entry.size})")
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        if size != entry.size:
            raise ZipFault(f"{entry.shown} has {size} bytes and says that it has {entry.size}")
        if checksum != entry.crc:
            raise ZipFault(f"the bytes of {entry.shown} do not have the checksum that it says")

    def _raw(self, entry: Entry) -> Iterator[bytes]:
        place = self._starts[entry.offset]
        end = place + entry.compressed
        while place < end:
            chunk = self._bytes(place, min(_CHUNK, end - place))
            if not chunk:
                raise ZipFault(f"{entry.shown} is cut off")
            place += len(chunk)
            yield chunk

    def _inflated(self, entry: Entry) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        for raw in self._raw(entry):
            if inflate.eof:
                raise ZipFault(f"{entry.shown} has bytes behind its compressed data")
            pending = raw
            while pending and not inflate.eof:
                yield inflate.decompress(pending, _CHUNK)
                pending = inflate.unconsumed_tail
            if inflate.unused_data:
                raise ZipFault(f"{entry.shown} has bytes behind its compressed data")
        while not inflate.eof:  # what it still holds back
            chunk = inflate.decompress(b"", _CHUNK)
            if not chunk:
                raise ZipFault(f"{entry.shown} is cut off")
            yield chunk

    def _bytes(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._stream.fileno(), length, offset)
        except OSError as error:
            raise FileError(f"cannot read {self.path}: {error.strerror or error}") from error
