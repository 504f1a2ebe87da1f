"""The command line: parse, call, render, exit."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``multibuild`` with the arguments of this process, and exit with the contract's code."""
    try:
        from pep517_multi.cli.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before or after there is anything to be said about it
        code = 130
    sys.exit(code)
