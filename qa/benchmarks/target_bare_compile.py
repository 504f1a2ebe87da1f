"""Compile every Python file below a folder for some levels, and do nothing with it: what no installer can avoid.

Runs inside a target as ``X -I -S -B target_bare_compile.py FOLDER LEVELS``; prints processor seconds.
"""

from __future__ import annotations

import os
import sys
import time


def main(folder: str, levels: list[int]) -> None:
    """Print how long it took."""
    sources = []
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(place, name)  # noqa: PTH118 - inside a target, without imports
                with open(path, "rb") as stream:  # noqa: PTH123 - the same
                    sources.append((path, stream.read()))
    began = time.process_time()
    for level in levels:
        for path, source in sources:
            try:
                compile(source, path, "exec", dont_inherit=True, optimize=level)
            except (SyntaxError, ValueError):  # noqa: PERF203 - templates, Python 2
                continue
    sys.stdout.write("%f\n" % (time.process_time() - began))


main(sys.argv[1], [int(level) for level in sys.argv[2].split(",")])
