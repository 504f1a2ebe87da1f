"""``python -m pep517_multi`` is ``multibuild``."""

from pep517_multi.cli import main

if __name__ == "__main__":
    main()
