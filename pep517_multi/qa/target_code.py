r"""Tell what the code objects in bytecode files are, inside the interpreter that can read them; nothing of them is run.

Stand-alone: standard library only, Python 3.8 syntax, run as ``X -I -S -B target_code.py``. The protocol:

- One JSON object on standard input: ``files``, a list of paths.
- The answers are lines of JSON between \x1e sentinels on standard output, one for each file, in their order: ``path``
  and ``lines``, or null for lines where this interpreter cannot read the file.

Two files with the same lines have the same code objects but for the path of the source that each records. What the
header of a file says (time, size or hash of the source), and which constants are stored once, is in no line.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 8):
    sys.stderr.write("bytecode cannot be read by a Python older than 3.8\n")
    sys.exit(2)

import dis
import hashlib
import importlib.util
import json
import marshal

TYPE_CHECKING = False  # typing itself would only cost time
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

HEADER = 16  # bytes in front of the code, see PEP 552
MEMORY = 8 << 30  # bytes of addresses; more than any interpreter reserves
CODE = type((lambda: None).__code__)
TABLES = ("co_code", "co_linetable", "co_lnotab", "co_exceptiontable")
PLAIN = (
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    "co_stacksize",
    "co_firstlineno",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
)


def lines_of(path: str) -> list[str] | None:
    """Return the lines for one file, or None."""
    with open(path, "rb") as stream:
        data = stream.read()
    if len(data) < HEADER or data[:4] != importlib.util.MAGIC_NUMBER:
        return None
    try:
        code = marshal.loads(data[HEADER:])  # noqa: S302 - only loaded, never run; what crashes this process has no answer
    except (EOFError, ValueError, TypeError, MemoryError):
        return None
    return list(described(code, "module")) if isinstance(code, CODE) else None


def described(code: CodeType, name: str) -> Iterator[str]:
    """Describe a code object, and those among its constants."""
    for attribute in PLAIN:
        yield "%s: %s = %s" % (name, attribute[3:], shown(getattr(code, attribute)))
    for number, constant in enumerate(code.co_consts):
        yield "%s: constant %d = %s" % (name, number, shown(constant))
    for instruction in dis.get_instructions(code):
        yield ("%s: %s %s" % (name, instruction.opname, argument(instruction))).rstrip()
    for table in TABLES:
        if table == "co_lnotab" and hasattr(code, "co_linetable"):
            continue  # deprecated, and made from the other
        data = getattr(code, table, b"")
        yield "%s: %s = %s" % (name, table[3:], hashlib.sha256(data).hexdigest()[:16])
    for inner in code.co_consts:
        if isinstance(inner, CODE):
            yield from described(inner, "%s.%s" % (name, inner.co_name))


def argument(instruction: dis.Instruction) -> str:
    """Return the argument of an instruction, without addresses in memory."""
    if instruction.arg is None:
        return ""
    value = instruction.argval
    return shown(value) if isinstance(value, (str, int, float, bytes, tuple, frozenset, CODE)) else str(instruction.arg)


def shown(value: object) -> str:
    """Return a constant as text that is the same in every process."""
    if isinstance(value, CODE):
        return "code %s" % value.co_name
    if isinstance(value, tuple):
        return "(%s)" % ", ".join(map(shown, value))
    if isinstance(value, frozenset):
        return "{%s}" % ", ".join(sorted(map(shown, value)))
    if isinstance(value, slice):
        return "slice(%s, %s, %s)" % (shown(value.start), shown(value.stop), shown(value.step))
    return repr(value)


def limit_memory() -> None:
    """Let broken bytecode that asks for all the memory there is get an error instead."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
    except (ImportError, OSError, ValueError):
        pass  # less is allowed already


def main() -> None:
    """Answer one request."""
    limit_memory()
    for path in json.loads(sys.stdin.buffer.read())["files"]:
        answer = {"path": path, "lines": lines_of(path)}
        sys.stdout.write("\x1e%s\x1e\n" % json.dumps(answer))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
