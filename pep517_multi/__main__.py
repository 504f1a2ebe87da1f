"""``python -m pep517_multi`` is ``multibuild``."""

import os
import sys


def _leave_out_current_folder() -> None:
    """Import nothing from the current folder, which ``-m`` puts first: a source tree may have a ``packaging.py``."""
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib might be the one that lies here
    except OSError:  # it is gone, and so is all that could be imported from it
        here = ""
    mine = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as above
    sys.path[:] = [entry for entry in sys.path if entry not in {"", here}]
    if here == mine:
        sys.path.append(here)


if __name__ == "__main__":
    _leave_out_current_folder()
    from pep517_multi.cli import main

    main()
