"""``MAKEFLAGS``: the variable in which a jobserver is handed down, to much more than make."""

from __future__ import annotations

import re

_AUTH = re.compile(r"(?<!\S)--jobserver-(?:auth|fds)=(\S+)")
_COUNT = re.compile(r"(?<!\S)(?:-j(?:\s*\d+)?|--jobs(?:=\d+)?)(?!\S)|^\s*j\d*(?!\S)")


def jobserver(makeflags: str) -> str | None:
    """Return the jobserver that ``makeflags`` names, ``fifo:PATH`` or ``READ,WRITE``; the last of several counts."""
    found = _AUTH.findall(makeflags)
    return str(found[-1]) if found else None


def with_jobserver(makeflags: str, pipe: str, *, jobs: int | None) -> str:
    """Return ``makeflags`` with the named pipe of a jobserver, and without any other bound on jobs.

    A make that is older than named pipes in jobservers dies of one among its options. Behind ``--`` stand definitions
    of variables: there it lets the pipe pass, and hands it on to those that it starts. ninja, cargo and gcc look for
    it in the whole text.

    :param jobs: how many jobs make is told that there are; ``None`` for a make that is too old.
    """
    options, _, definitions = f" {makeflags} ".partition(" -- ")
    options = _COUNT.sub("", _AUTH.sub("", options)).strip()
    definitions = _AUTH.sub("", definitions).strip()
    way = f"--jobserver-auth=fifo:{pipe}"
    if jobs is None:
        words = [options, "--", definitions, way]
    else:
        words = [options, f"-j{jobs}", way, *(["--", definitions] if definitions else ())]
    return " ".join(filter(None, words))
