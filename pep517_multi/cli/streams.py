"""Standard output and error as they may be: closed, full, or with nobody who reads them any more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from pep517_multi.errors import MultibuildError

if TYPE_CHECKING:
    from typing import TextIO

    from typing_extensions import Buffer

_OUTPUT, _ERROR = 1, 2


class ReaderGoneError(MultibuildError):
    """Whoever read standard output has enough: nothing is wrong, and there is nobody to tell anything more."""

    exit_code = 141  # what shells say of others that SIGPIPE ended


class OutputError(MultibuildError):
    """The answer of a command cannot be written."""


class _Answer(io.FileIO):
    """Standard output, which is what a command is for."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error


class _Talk(io.FileIO):
    """Standard error, which is only told how things go: that nobody listens does not end a run."""

    def write(self, data: Buffer, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def prepare() -> None:
    """Open what is closed, so that no file of a run gets its number, and tell errors of writing as they should be."""
    while (lowest := os.open(os.devnull, os.O_RDWR)) <= _ERROR:
        pass
    os.close(lowest)
    sys.stdout = _text(_Answer(_OUTPUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Talk(_ERROR, "w", closefd=False), sys.stderr)


def _text(raw: io.FileIO, like: TextIO | None) -> io.TextIOWrapper:
    by_lines = raw.isatty() or raw.fileno() == _ERROR
    encoding, errors = ("utf-8", "backslashreplace") if like is None else (like.encoding, like.errors)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=by_lines)


def finish() -> None:
    """Write what is left of standard output.

    :raises ReaderGoneError: nobody reads it.
    :raises OutputError: it cannot be written.
    """
    sys.stdout.flush()


def give_up() -> None:
    """Write what is left of standard error; let what is left of standard output go nowhere, without a complaint."""
    sys.stderr.flush()
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUTPUT)
        os.close(nowhere)
