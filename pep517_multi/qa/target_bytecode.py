r"""Tell whether bytecode files are there, valid, and of their sources, inside the interpreter that will load them.

Stand-alone: standard library only, Python 3.8 syntax, run as ``X -I -S -B target_bytecode.py``. The protocol:

- One JSON object on standard input: ``levels`` (optimisation levels), ``invalidation`` (``timestamp``,
  ``checked-hash``, ``unchecked-hash``), ``files`` (a list of ``[path, name]``: a source file, and the path that
  its bytecode has to record).
- The answers are lines of JSON between \x1e sentinels on standard output, one for each file, in their order: ``path``,
  ``bytecode`` (the paths where its bytecode belongs) and ``faults`` (a list of ``[path, check, message]``).
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 8):
    sys.stderr.write("bytecode cannot be checked by a Python older than 3.8\n")
    sys.exit(2)

import importlib.util
import json
import marshal
import os
import struct
import warnings

TYPE_CHECKING = False  # typing itself would only cost time
if TYPE_CHECKING:
    from typing import Any

HEADER = 16  # bytes in front of the code, see PEP 552
MEMORY = 8 << 30  # bytes of addresses; more than any interpreter reserves
MODES = {0: "timestamp", 3: "checked-hash", 1: "unchecked-hash"}
CODE = type((lambda: None).__code__)


class FaultError(Exception):
    """What is wrong: the name of the check, and a sentence."""


class Source:
    """A source file, read when first needed."""

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.status = os.stat(path)
        self._bytes: bytes | None = None

    @property
    def content(self) -> bytes:
        """Return its bytes."""
        if self._bytes is None:
            with open(self.path, "rb") as stream:
                self._bytes = stream.read()
        return self._bytes

    def complaint(self) -> str | None:
        """Return why it is no valid Python, or None."""
        try:
            compile(self.content, self.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            return "%s: %s%s" % (type(error).__name__, getattr(error, "msg", error), ", line %d" % line if line else "")
        return None


def verify(source: Source, bytecode: str, invalidation: str) -> None:
    """Check one bytecode file.

    :raises FaultError: something is wrong with it.
    """
    with open(bytecode, "rb") as stream:
        data = stream.read()
    if len(data) < HEADER:
        raise FaultError("bytecode-invalid", "it is %d bytes long, which is less than its header" % len(data))
    if data[:4] != importlib.util.MAGIC_NUMBER:
        raise FaultError("bytecode-invalid", "it is for another Python (its magic number is %s)" % data[:4].hex())
    (flags,) = struct.unpack_from("<L", data, 4)
    if flags not in MODES:
        raise FaultError("bytecode-invalid", "its header has the unknown flags %#x" % flags)
    if MODES[flags] != invalidation:
        raise FaultError("bytecode-mode", "it is checked by %s, but %s was asked for" % (MODES[flags], invalidation))
    stale = _stale(source, data, flags)
    if stale:
        raise FaultError("bytecode-stale", stale)
    _verify_code(source, data[HEADER:])


def _stale(source: Source, data: bytes, flags: int) -> str | None:
    if flags:
        if importlib.util.source_hash(source.content) != data[8:16]:
            return "it was made from another source (the hash differs)"
        return None
    moment, size = struct.unpack_from("<LL", data, 8)
    if int(source.status.st_mtime) & 0xFFFFFFFF != moment:
        return "it was made from another source (the time is %d, the source's %d)" % (moment, source.status.st_mtime)
    if source.status.st_size & 0xFFFFFFFF != size:
        return "it was made from another source (the size is %d, the source's %d)" % (size, source.status.st_size)
    return None


def _verify_code(source: Source, data: bytes) -> None:
    try:
        code = marshal.loads(data)  # noqa: S302 - only loaded, never run; what crashes this process is told as invalid
    except (EOFError, ValueError, TypeError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        raise FaultError("bytecode-invalid", "its code cannot be read (%s)" % reason) from error
    if not isinstance(code, CODE):
        raise FaultError("bytecode-invalid", "it holds no code but %s" % type(code).__name__)
    if code.co_filename != source.name:
        raise FaultError("bytecode-path", "it says that its source is %s" % code.co_filename)


def _fault(source: Source, place: str, invalidation: str) -> list[str] | None:
    try:
        verify(source, place, invalidation)
    except FileNotFoundError:
        return ["bytecode-missing", "it is not there"]
    except FaultError as fault:
        return list(fault.args)
    return None


def check(path: str, name: str, levels: list[int], invalidation: str) -> dict[str, Any]:
    """Return the answer for one source file."""
    source = Source(path, name)
    places = [importlib.util.cache_from_source(path, optimization=level or "") for level in levels]
    faults: list[list[str]] = []
    for place in places:
        fault = _fault(source, place, invalidation)
        if fault:
            faults.append([place, *fault])
    if any(fault == "bytecode-missing" for _, fault, _ in faults):
        complaint = source.complaint()
        if complaint:
            faults = [fault for fault in faults if fault[1] != "bytecode-missing"]
            faults.append([path, "source-invalid", complaint])
    return {"path": path, "bytecode": places, "faults": faults}


def _limit_memory() -> None:
    """Let broken bytecode that asks for all the memory there is get an error instead."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
    except (ImportError, OSError, ValueError):
        pass  # less is allowed already


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    _limit_memory()
    request = json.loads(sys.stdin.buffer.read())
    for path, name in request["files"]:
        answer = check(path, name, request["levels"], request["invalidation"])
        sys.stdout.write("\x1e%s\x1e\n" % json.dumps(answer))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
