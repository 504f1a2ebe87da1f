"""List the commands of all distributions that this Python can import.

Stand-alone: standard library only, Python 3.8 syntax, run as ``X -s -B target_commands.py`` in a virtual environment,
with its site-packages: no -I, no -S. Prints JSON between two record separators (U+001E):
``[[name, object reference], ...]``, in the order of ``sys.path``; of a name that comes twice the first one counts.
"""

import sys

if sys.version_info < (3, 8):
    sys.exit("needs Python 3.8 or newer")


def main():
    # type: () -> None
    """Print the list."""
    # Nothing that lies beside this script is for the target to import.
    here = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]

    import json
    from importlib.metadata import distributions

    found = []
    for distribution in distributions():
        try:
            entry_points = list(distribution.entry_points)
        except (OSError, ValueError, ImportError):  # an interrupted installation left it behind
            continue
        found += [[point.name, point.value] for point in entry_points if point.group == "console_scripts"]
    sys.stdout.write("\x1e" + json.dumps(found) + "\x1e\n")


main()
