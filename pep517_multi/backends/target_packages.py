"""List the distributions that this Python can import, for the one who wants to know what a build would find.

Runs inside a target as ``X -s -B target_packages.py``, with its site-packages: no -I, no -S. Prints JSON between two
record separators (U+001E): ``[[name, version, [requirement, ...]], ...]``, in the order of ``sys.path``.
A name may come twice; the first one is what an import finds.
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
            metadata = distribution.metadata
        except (FileNotFoundError, ImportError):  # 3.15 and newer; before, the metadata are just empty
            continue
        if "Name" in metadata and "Version" in metadata:  # else an interrupted installation left it behind
            found.append([metadata["Name"], metadata["Version"], list(distribution.requires or [])])
    sys.stdout.write("\x1e" + json.dumps(found) + "\x1e\n")


main()
