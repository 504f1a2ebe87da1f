"""The command line: parse, call, render, exit."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Start-up makes many objects and no garbage; to look for some after every 700 takes a twentieth of it."""


def main() -> NoReturn:
    """Run ``multibuild`` with the arguments of this process, and exit with the contract's code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from pep517_multi.cli import streams

    streams.prepare()
    try:
        from pep517_multi.cli.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before or after there is anything to be said about it
        code = 130
    streams.give_up()
    sys.exit(code)
