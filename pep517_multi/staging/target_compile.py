r"""Compile Python files to bytecode, inside the interpreter that will import them.

Stand-alone: standard library only, Python 3.8 syntax, run as ``X -I -S -B target_compile.py``. The protocol:

- A request is one line of JSON on standard input: ``path`` (the file), ``name`` (the path that goes into the bytecode),
  ``levels`` (optimisation levels, ascending), ``invalidation`` (``timestamp``, ``checked-hash``, ``unchecked-hash``).
  It may have ``source``, which is copied to ``path`` first; or ``draft``, a copy that was compiled before for the same
  name, levels and invalidation: where it has the same content, its bytecode is taken, and no more is left of it.
- The answer is one line of JSON between \x1e sentinels on standard output: ``path``, ``error`` (why the file does not
  compile, or null), ``failed`` (why it could not be read or its bytecode not written, or null).
- An empty pair of sentinels, which comes first, says that questions can be answered. End of input ends the process.

What is written is what :func:`py_compile.compile` writes, except that the bytes depend on the file alone, whatever this
process compiled before. ``docs/decisions/0002-bytecode.md`` says why that is not so by itself.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 8):
    sys.stderr.write("bytecode cannot be compiled by a Python older than 3.8\n")
    sys.exit(2)

import contextlib
import importlib.util
import json
import marshal
import operator
import os
import py_compile
import re
import struct
import tokenize  # noqa: F401 - importlib does it when it first meets a non-ASCII file; no file may be the first one
import types

TYPE_CHECKING = False  # the module typing is not imported for it: that takes longer than to compile a small file
if TYPE_CHECKING:
    from typing import Any

PYPY = sys.implementation.name == "pypy"
SORTS_SETS = sys.version_info >= (3, 11)
# Each string of one character exists once in a process, and before Python 3.13 it depends on what was compiled earlier
# whether it is an interned one, which shows in the bytes; since then all are.
INTERNED = [sys.intern(chr(character)) for character in range(256)]
MOST_MEMORY = 4 << 30  # bytes; CPython takes some hundred times the size of a source that is nothing but numbers
HEADER = 16  # bytes in front of the code, see PEP 552
MOMENT = 8  # where the time of the file is in it
MODES = {
    "timestamp": py_compile.PycInvalidationMode.TIMESTAMP,
    "checked-hash": py_compile.PycInvalidationMode.CHECKED_HASH,
    "unchecked-hash": py_compile.PycInvalidationMode.UNCHECKED_HASH,
}
# What a source must hold so that level 1 can differ from level 0; level 2 then drops docstrings, seen in compiled code.
DROPPED = re.compile(rb"\bassert\b|\b__debug__\b")
# Where a docstring would be: stored under this name in modules and classes, the first constant of functions.
DOCUMENTED = "__doc__"
FUNCTION = 0x1  # CO_OPTIMIZED: of functions, and of what can have no docstring and stands below
DOCUMENTED_FUNCTION = 0x4000000 if sys.version_info >= (3, 14) and not PYPY else None  # CO_HAS_DOCSTRING
COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"})


def compile_file(path: str, name: str, levels: list[int], invalidation: str) -> None:
    """Write the bytecode of the file at ``path`` for each of ``levels``.

    :raises py_compile.PyCompileError: it does not compile at one of them; none is written.
    """
    with open(path, "rb") as stream:
        source = stream.read()
    made: list[tuple[int, str, str]] = []
    try:
        for level in levels:
            target = importlib.util.cache_from_source(path, optimization=level or "")
            temporary = "%s.%d.tmp" % (target, os.getpid())
            if made and not _may_differ(made[-1][0], level, source, made[-1][1]):
                _copy(made[-1][1], temporary)
            else:
                mode = MODES[invalidation]
                py_compile.compile(path, temporary, name, doraise=True, optimize=level, invalidation_mode=mode)
                _make_reproducible(temporary)
            made.append((level, temporary, target))
        moment = os.stat(path).st_mtime_ns
        for _, temporary, target in made:
            os.utime(temporary, ns=(moment, moment))
            os.replace(temporary, target)
    except BaseException:
        for _, temporary, _ in made:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        raise


def _take_draft(draft: str, path: str, levels: list[int], invalidation: str) -> bool:
    """Give the file at ``path`` the bytecode of ``draft``, if both hold the same; whether that could be done.

    What bytecode depends on is the content, the name in it, and the time of the file in its header.
    """
    try:
        with open(draft, "rb") as one, open(path, "rb") as other:
            if one.read() != other.read():
                return False
        status = os.stat(path)
        for level in levels:
            optimization = level or ""
            made = importlib.util.cache_from_source(draft, optimization=optimization)
            if invalidation == "timestamp":
                with open(made, "r+b") as stream:
                    stream.seek(MOMENT)
                    stream.write(struct.pack("<I", int(status.st_mtime) & 0xFFFFFFFF))
            target = importlib.util.cache_from_source(path, optimization=optimization)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _move(made, target)
            os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
        os.unlink(draft)
    except OSError:  # then it is compiled, whatever was wrong
        return False
    return True


def _copy(path: str, target: str) -> None:
    with open(path, "rb") as source, open(target, "wb") as stream:
        stream.write(source.read())


def _move(path: str, target: str) -> None:
    try:
        os.replace(path, target)
    except OSError:  # the root may be on another file system
        temporary = "%s.%d.tmp" % (target, os.getpid())  # a part of it would be taken for the whole
        _copy(path, temporary)
        os.replace(temporary, target)
        os.unlink(path)


def _may_differ(below: int, level: int, source: bytes, made: str) -> bool:
    """Whether ``source`` can compile differently at ``level`` than at the lower level ``below``.

    :param made: the bytecode file that was written for ``below``.
    """
    if below == 0 and DROPPED.search(_normalised(source)):
        return True
    if level == 1:
        return False
    with open(made, "rb") as stream:
        stream.seek(HEADER)
        # read back, for no code object may be alive while the next level is compiled
        return _is_documented(marshal.loads(stream.read()))  # noqa: S302 - written by this process


def _is_documented(code: types.CodeType) -> bool:
    """Whether anything in ``code`` may have a docstring; a false yes costs time only."""
    if DOCUMENTED in code.co_names or DOCUMENTED in code.co_freevars or DOCUMENTED in code.co_cellvars:
        return True
    if DOCUMENTED_FUNCTION is not None:
        found = bool(code.co_flags & DOCUMENTED_FUNCTION)
    else:
        first = code.co_consts[:1]
        function = code.co_flags & FUNCTION and code.co_name not in COMPREHENSIONS
        found = bool(function and first and isinstance(first[0], str))
    return found or any(isinstance(inner, types.CodeType) and _is_documented(inner) for inner in code.co_consts)


def _normalised(source: bytes) -> bytes:
    """Return ``source`` as bytes in which every keyword and every identifier of ASCII letters is spelled in ASCII."""
    if source.isascii() and b"coding" not in b"".join(source.split(b"\n", 2)[:2]):
        return source
    import unicodedata

    return unicodedata.normalize("NFKC", importlib.util.decode_source(source)).encode("utf-8", "surrogatepass")


def _make_reproducible(path: str) -> None:
    """Replace the code in the bytecode file at ``path`` by the same code in bytes that depend on nothing else."""
    if SORTS_SETS and not PYPY:
        return
    with open(path, "r+b") as stream:
        header = stream.read(HEADER)
        code = marshal.loads(stream.read())  # noqa: S302 - written by this process
        stream.seek(0)
        stream.write(header + _dump(code))
        stream.truncate()


def _dump(code: types.CodeType) -> bytes:
    """Marshal ``code`` so that the bytes do not depend on what else this process has seen."""
    if PYPY:
        return marshal.dumps(code, 2)  # later versions tell interned strings apart, and interning is history
    mark = b"frozenset"
    while mark in marshal.dumps(code):
        mark += b"+"
    held: list[str] = []  # a string that something else refers to is marshalled as shared: let that be so for each one
    return _with_frozensets(marshal.dumps(_canonical(code, mark, held)), mark)


def _canonical(code: types.CodeType, mark: bytes, held: list[str]) -> types.CodeType:
    """Return ``code`` with its frozensets as tuples that begin with ``mark``; all its strings are added to ``held``."""
    for names in (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars):
        held.extend(names)
    held.extend((code.co_name, code.co_filename))
    constants = tuple([_constant(constant, mark, held) for constant in code.co_consts])
    if all(map(operator.is_, constants, code.co_consts)):
        return code
    return code.replace(co_consts=constants)


def _constant(constant: object, mark: bytes, held: list[str]) -> object:
    if isinstance(constant, types.CodeType):
        return _canonical(constant, mark, held)
    if isinstance(constant, str):
        held.append(constant)
    elif isinstance(constant, tuple):
        for member in constant:
            _constant(member, mark, held)
    elif isinstance(constant, frozenset):
        # order by content, as Python 3.11 does: the hash of a string is random, that of None an address
        members = sorted(constant, key=lambda member: marshal.dumps(member, 2))
        for member in members:
            _constant(member, mark, held)
        return (bytes(bytearray(mark)), *members)  # a copy of the mark, so that it is never marshalled as shared
    return constant


def _with_frozensets(data: bytes, mark: bytes) -> bytes:
    """Turn the marked tuples of :func:`_canonical` into frozensets of the same members in the same order."""
    marker = b"s" + struct.pack("<I", len(mark)) + mark
    pieces = data.split(marker)
    for place, piece in enumerate(pieces[:-1]):
        short = piece[-2] & 0x7F == ord(")")  # a short tuple: its length is one byte
        head, kind, length = (piece[:-2], piece[-2], piece[-1:]) if short else (piece[:-5], piece[-5], piece[-4:])
        members = int.from_bytes(length, "little") - 1
        pieces[place] = head + struct.pack("<BI", kind & 0x80 | ord(">"), members)
    return b"".join(pieces)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"path": request["path"], "error": None, "failed": None}
    try:
        source, draft = request.pop("source", None), request.pop("draft", None)
        if source is not None:
            os.makedirs(os.path.dirname(request["path"]), exist_ok=True)
            _copy(source, request["path"])
        if draft is None or not _take_draft(draft, request["path"], request["levels"], request["invalidation"]):
            compile_file(**request)
    except py_compile.PyCompileError as error:
        answer["error"] = _reason(error.exc_value)
    except OSError as error:
        answer["failed"] = "%s: %s" % (error.filename or request["path"], error.strerror or error)
    return answer


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError) and not str(error):
        return "MemoryError: to compile it takes more memory than a process may have"
    if not isinstance(error, SyntaxError):
        return "%s: %s" % (type(error).__name__, error)
    place = ", line %d" % error.lineno if error.lineno else ""
    return "%s: %s%s" % (type(error).__name__, error.msg, place)


def _bound_memory() -> None:
    """Let a source that takes too much memory be one that does not compile, before the system ends who has most."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        bound, most = resource.getrlimit(resource.RLIMIT_DATA)
        if bound == resource.RLIM_INFINITY or bound > MOST_MEMORY:
            resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, most))


def main() -> None:
    """Answer requests until there are no more."""
    os.umask(0o022)
    _bound_memory()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever else is printed is no answer
    answers.write("\x1e\x1e\n")
    answers.flush()
    for line in sys.stdin.buffer:
        answers.write("\x1e%s\x1e\n" % json.dumps(_answer(json.loads(line))))
        answers.flush()
    os._exit(0)  # nothing is left to write, and taking down the interpreter takes longer than a small file


if __name__ == "__main__":
    main()
