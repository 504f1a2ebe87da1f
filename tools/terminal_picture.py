#!/usr/bin/env python3
"""Draw what a command really writes to a terminal, as SVG, colours and all.

    .venv/bin/python tools/terminal_picture.py docs/images/run.svg multibuild --no-progress tests/packages/pure-flit

The command runs in a pseudo-terminal of 100 columns. A live progress display redraws its lines and so has no place in a
picture: switch it off. Needs rich. The exit code is the command's.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import shlex
import struct
import sys
import termios
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 100
ROWS = 50
_NO_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")
"""Control sequences other than those of colour, which end in ``m``."""
_WEB_FONTS = re.compile(r"^ *@font-face \{.*?\}\n", re.DOTALL | re.MULTILINE)
"""Fonts that rich would have a reader fetch from elsewhere; any monospaced one will do."""


def run_in_terminal(argv: list[str]) -> tuple[str, int]:
    """Run ``argv`` with a terminal as its input and output; answers what it wrote, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"  # noqa: TID251 - a tool for developers, with no target in sight
        try:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127)
    written = bytearray()
    try:
        while part := os.read(terminal, 1 << 16):
            written += part
    except OSError:  # how Linux says that the other side is closed
        pass
    _, status = os.waitpid(child, 0)
    return written.decode(errors="replace").replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


def draw(output: str, *, title: str) -> str:
    """Return ``output``, colours as control sequences, as SVG. The same output gives the same SVG."""
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(_NO_COLOUR.sub("", output)), soft_wrap=False)
    return _WEB_FONTS.sub("", console.export_svg(title=title, unique_id="terminal"))


def main() -> int:
    """Run the command, draw it, and show it as well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("svg", type=Path, help="the file to write")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command and its arguments")
    given = parser.parse_args()
    if not given.command:
        parser.error("which command?")
    output, status = run_in_terminal(given.command)
    sys.stdout.write(output)
    shown = shlex.join([Path(given.command[0]).name, *given.command[1:]])
    given.svg.parent.mkdir(parents=True, exist_ok=True)
    given.svg.write_text(draw(f"\x1b[1m$ {shown}\x1b[0m\n{output}", title="multibuild"), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
