"""Run the command that this file is called, of a package that this very Python can import; else say that there is none.

A copy of this file lies in the ``bin`` folder of an environment for tests, with the environment's Python in its first
line, so that a test runner of another Python on the PATH is never taken for it.
"""

import os
import sys

if sys.version_info < (3, 8):
    sys.exit("needs Python 3.8 or newer")

from importlib.metadata import distributions


def main():
    # type: () -> object
    """Return what the command returns."""
    name = os.path.basename(sys.argv[0])
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == "console_scripts" and point.name == name:
                return point.load()()
    version = ".".join(map(str, sys.version_info[:2]))
    return "%s is not installed for %s %s, which is to run the tests" % (name, sys.implementation.name, version)


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[arg-type]
