"""The command line: parse, call, render, exit."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Start-up makes many objects and no garbage; to look for some after every 700 takes a twentieth of it."""


def main() -> NoReturn:
    """Run ``multibuild`` with the arguments of this process, and exit with the contract's code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is there yet to be cleared up, or said about it
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from pep517_multi.cli import endings, streams

    streams.prepare()
    endings.ENDING.install()
    try:
        from pep517_multi.cli.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while this was being imported, or after it had ended
        code = endings.INTERRUPTED
    endings.ENDING.over()
    streams.give_up()
    os._exit(code)  # nothing is left to do, and to take down the interpreter takes as long as to install a small wheel
