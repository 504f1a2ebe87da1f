"""Import a backend before it is known what to ask of it, then be the process that calls a hook.

Runs inside a target as ``X target_early.py BACKEND``, with the environment of hooks. A line from standard input
is the path of a file of JSON: ``argv`` (the command that calls the hook: X, a script, its arguments), ``cwd`` and
``environ``, where each character stands for a byte. It is removed. No line means that there is nothing to do.

What follows is what the command does: the script runs in this very process. It is the command itself where the backend
cannot be imported or does something to the path of modules, and where the environment has come to differ in a variable
that the import may have looked at.
"""

from __future__ import annotations

import sys

FRESH = {name: value for name, value in globals().items() if name.startswith("__")}  # what any script begins with
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

# What is only settled when the build begins, and what no known backend looks at before it is called.
_LATE = frozenset(
    (
        "CMAKE_BUILD_PARALLEL_LEVEL",
        "CPPFLAGS",
        "GIT_CEILING_DIRECTORIES",
        "MAKEFLAGS",
        "NINJA",
        "_PYPROJECT_HOOKS_BUILD_BACKEND",
    )
)


def import_backend(backend: str) -> int | None:
    """Import a backend as if this script were not there.

    Returns how many entries it put in front of the path of modules; ``None`` where it did something else to that, and
    where it cannot be imported.
    """
    import os
    from importlib import import_module

    if os.path.realpath(sys.path[0]) != os.path.dirname(os.path.realpath(__file__)):
        return None  # X is a script that says something else of the path
    del sys.path[0]
    before = list(sys.path)
    try:
        import_module(backend.partition(":")[0])
    except BaseException:  # noqa: BLE001 - whatever it is, it will be told when the hook is called
        return None
    places = range(len(sys.path) - len(before) + 1)
    return next((place for place in places if sys.path[place : place + len(before)] == before), None)


def receive() -> dict[str, Any] | None:
    """Wait for what to do, and leave standard input as empty as hooks find it."""
    import json
    import os

    line = sys.stdin.buffer.readline()
    if not line:
        return None
    with open(line[:-1], encoding="utf-8") as stream:
        order: dict[str, Any] = json.load(stream)
    os.unlink(line[:-1])  # there may be secrets in the environment

    def native(text: str) -> str:
        return os.fsdecode(text.encode("latin-1"))

    order["argv"] = [native(word) for word in order["argv"]]
    order["environ"] = {native(name): native(value) for name, value in order["environ"].items()}
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(native(order["cwd"]))
    return order


def settle(environ: dict[str, str]) -> bool:
    """Give this process an environment; whether it can be as good as one that had it from the start."""
    import os

    if not _LATE.issuperset(name for name, _ in set(os.environ.items()) ^ set(environ.items())):
        return False
    for name in _LATE.difference(environ).intersection(os.environ):
        del os.environ[name]
    os.environ.update(environ)
    return True


def main_module(path: str) -> dict[str, object]:
    """Return the names of a new module ``__main__`` that is to be made of the script at ``path``."""
    from importlib.machinery import SourceFileLoader

    main = type(sys)("__main__")
    main.__dict__.update({**FRESH, "__doc__": None, "__file__": path, "__loader__": SourceFileLoader("__main__", path)})
    sys.modules["__main__"] = main
    return main.__dict__


def prepare() -> tuple[CodeType, dict[str, object]] | None:
    """Return the code to run, and the names that it finds; ``None`` where there is nothing to do."""
    place = import_backend(sys.argv[1])
    order = receive()
    if order is None:
        return None
    argv, environ = order["argv"], order["environ"]
    if place is None or not settle(environ):
        import os

        os.execve(argv[0], argv, environ)  # noqa: S606 - no shell is wanted
    path = argv[1]
    sys.argv[:] = argv[1:]
    getattr(sys, "orig_argv", [])[-2:] = argv[1:]  # in front of these stands what a script that is X adds
    sys.path.insert(place, path.rpartition("/")[0])
    with open(path, "rb") as stream:
        return compile(stream.read(), path, "exec", dont_inherit=True), main_module(path)


what = prepare()
if what is not None:
    exec(*what)  # noqa: S102 - a script of ours, as if it had been started
