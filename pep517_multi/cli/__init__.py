"""The command line: parse, call, render, exit."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``multibuild`` with the arguments of this process, and exit with the contract's code."""
    from pep517_multi.cli.commands import run

    sys.exit(run(sys.argv[1:]))
