r"""Import modules one by one, each in a process of its own, and tell how each import went.

Stand-alone: standard library only, Python 3.8 syntax, run as ``X -I -B -X faulthandler target_import.py`` inside the
target, with its site-packages. The protocol:

- One JSON object on standard input: ``paths`` (folders that come first in ``sys.path``; their ``.pth`` files are run),
  ``scratch`` (a folder to write to), ``timeout`` (seconds for one import), ``modules`` (a list of nodes).
- A node has ``name`` and ``below``, a list of nodes whose modules lie in that package, at any depth.
- The answers are lines of JSON between \x1e sentinels on standard output. The first one has ``startup``: what the
  ``.pth`` files complained of, or null. Then one for each module: ``module``, ``result`` and more, see below.
- What lies below a module that cannot be imported is not tried, and has no answer.

``result`` is ``ok`` (with ``file``: the module's ``__file__`` or null), ``error`` (with ``type``, ``message``,
``place``: file and line or null, ``missing``: the module that was not found or null, ``status``: what ``sys.exit`` was
called with, or null), ``died`` (with ``status``: the exit status, negative for a signal) or ``timeout``. All but
``ok`` have ``output``: the end of what was printed, or of a crash the beginning.

A package is imported once, in a child; what lies below it is imported in children of that child. So each import finds
exactly what it would find in a fresh process, and costs no more than itself. A child with threads is not forked again.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 8):
    sys.stderr.write("modules cannot be imported by a Python older than 3.8\n")
    sys.exit(2)

import json
import os
import select
import time

TYPE_CHECKING = False  # no import of typing, as a module that is imported here may lack it
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# Bound now, since modules that are imported may replace what they find in os (gevent does).
close, dup2, fork, kill, leave, listdir, pipe, read, waitpid, write = (
    os.close,
    os.dup2,
    os.fork,
    os.kill,
    os._exit,
    os.listdir,
    os.pipe,
    os.read,
    os.waitpid,
    os.write,
)
clock, dumps, loads, make_poll, pause = time.monotonic, json.dumps, json.loads, select.poll, time.sleep

SHOWN = 4000  # bytes of output that are kept
LOOKED_AT = 1 << 20  # bytes at its end in which the beginning of a crash is looked for
CRASH = b"Fatal Python error: "  # what faulthandler says first; the stack of Python follows, perhaps that of C
LONGEST = 2000  # characters of a message
LOOK = 0.05  # seconds between two looks at a child that says nothing
SIGKILL = 9


class Importer:
    """Imports nodes and answers for each."""

    def __init__(self, answers: int, scratch: str, timeout: float) -> None:
        self.answers = answers
        self.scratch = scratch
        self.timeout = timeout

    def answer(self, **values: Any) -> None:
        """Write one answer."""
        write(self.answers, b"\x1e" + dumps(values).encode("ascii") + b"\x1e\n")

    def run(self, node: dict[str, Any]) -> None:
        """Import the module of ``node`` in a child, and what lies below it in children of that child."""
        output = self.output()
        reading, writing = pipe()
        child = fork()
        if child == 0:
            try:
                close(reading)
                self.work(node, writing, output)
            finally:
                leave(70)
        close(writing)
        said, status = self.listen(child, reading)
        close(reading)
        answer: dict[str, Any] = {"result": "timeout"}
        if said is not None:
            answer = loads(said)
        elif status is not None:
            answer = {"result": "died", "status": -(status & 127) or status >> 8}
        again = answer.pop("again", False)
        if answer["result"] != "ok":
            answer["output"] = tail(output)
        self.answer(module=node["name"], **answer)
        close(output)
        if said is not None and status is None:
            waitpid(child, 0)  # it is at work on what lies below, each of which has a limit of its own
        if again:
            for inner in node["below"]:
                self.run(inner)

    def output(self) -> int:
        """Return a descriptor of a new file that has no name."""
        path = "%s/output-%d" % (self.scratch, os.getpid())
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
        return descriptor

    def work(self, node: dict[str, Any], writing: int, output: int) -> None:
        """Be the child."""
        dup2(output, 1)
        dup2(output, 2)
        name = node["name"]
        try:
            __import__(name)
        except BaseException as error:  # noqa: BLE001 - modules raise what they like, SystemExit too
            found = described(error)
        else:
            found = {"result": "ok", "file": file_of(sys.modules.get(name))}
        flush()
        below = node["below"] if found["result"] == "ok" else []
        again = bool(below) and not is_alone()
        say(writing, dict(found, again=again))
        if not again:
            for inner in below:
                self.run(inner)
        leave(0)

    def listen(self, child: int, reading: int) -> tuple[bytes | None, int | None]:
        """Return what the child says, or None, and its wait status if it has ended, or None.

        Where both are None, time ran out.
        """
        deadline = clock() + self.timeout
        poll = make_poll()
        poll.register(reading, select.POLLIN)
        said = b""
        silent = False  # every process that could still write has closed the pipe
        while clock() < deadline:
            if silent:
                pause(LOOK)
            elif poll.poll(LOOK * 1000):
                more = read(reading, 65536)
                said += more
                if said.endswith(b"\n"):
                    return said, None
                silent = not more
            done, status = waitpid(child, os.WNOHANG)
            if done:
                while not silent and poll.poll(0):
                    more = read(reading, 65536)
                    said += more
                    silent = not more
                return (said if said.endswith(b"\n") else None), status
        kill(child, SIGKILL)
        waitpid(child, 0)
        return None, None


def say(writing: int, found: dict[str, Any]) -> None:
    """Tell the parent."""
    write(writing, dumps(found).encode("ascii") + b"\n")
    close(writing)


def described(error: BaseException) -> dict[str, Any]:
    """Return the answer for an exception."""
    exits = isinstance(error, SystemExit)
    status = getattr(error, "code", None)
    return {
        "result": "error",
        "type": type(error).__name__,
        "message": text_of(error),
        "place": place_of(error),
        "missing": missing_of(error),
        "status": (status if isinstance(status, int) else str(status)[:LONGEST]) if exits else None,
    }


def text_of(error: BaseException) -> str:
    """Return the text of an exception, which may be none, or fail."""
    try:
        return str(error)[:LONGEST]
    except BaseException:  # noqa: BLE001 - it is the module's own code
        return ""


def place_of(error: BaseException) -> list[Any] | None:
    """Return file and line where an exception was raised, as far as Python code goes."""
    place = None
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen"):
            place = [file, trace.tb_lineno]
        trace = trace.tb_next
    return place


def missing_of(error: BaseException | None) -> str | None:
    """Return the name of the module whose absence is behind an ImportError."""
    for _ in range(20):
        if not isinstance(error, ImportError):
            return None
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name
        error = error.__cause__ or error.__context__
    return None


def file_of(module: ModuleType | None) -> str | None:
    """Return the ``__file__`` of a module, if it has one."""
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def flush() -> None:
    """Write out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, PERF203, S112 - closed or replaced by the module
            continue


def is_alone() -> bool:
    """Whether this process has one thread only."""
    try:
        return len(listdir("/proc/self/task")) == 1
    except OSError:  # not Linux
        threading = sys.modules.get("threading")
        return threading is None or threading.active_count() == 1


def tail(descriptor: int) -> str:
    """Return the end of what is in a file, or where that is a crash, its beginning: where in Python it happened."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, max(0, size - LOOKED_AT), os.SEEK_SET)
    data = read(descriptor, LOOKED_AT)
    crash = data.rfind(CRASH)
    kept = data[-SHOWN:] if crash < 0 else data[crash : crash + SHOWN]
    return kept.decode("utf-8", "replace")


def start_up(paths: list[str]) -> str | None:
    """Put ``paths`` first, and run their ``.pth`` files as the interpreter does when it starts."""
    import io
    import site

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = paths + [entry for entry in sys.path if entry not in ("", here)]
    sys.argv[:] = [""]
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        for path in paths:
            site.addsitedir(path)
        complaint = sys.stderr.getvalue()
    except BaseException as error:  # noqa: BLE001 - a .pth file may run any code
        complaint = "%s: %s" % (type(error).__name__, text_of(error))
    finally:
        sys.stderr = stderr
    return complaint.strip()[-LONGEST:] or None


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.read())
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nothing, standard)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a module that crashes shall not leave a core file behind
    except (ImportError, OSError, ValueError):
        pass
    importer = Importer(answers, request["scratch"], request["timeout"])
    importer.answer(startup=start_up(request["paths"]))
    for node in request["modules"]:
        importer.run(node)


if __name__ == "__main__":
    main()
