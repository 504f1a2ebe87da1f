"""Real source distributions for tests, pinned by hash; no byte of them is in this repository.

``fetch("attrs")`` gives the path of the archive, downloaded once and kept in a cache directory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sdists

from pep517_multi.settings import read_toml

PINS = Path(__file__).with_name("real_sdists.toml")


def pins() -> dict[str, dict[str, Any]]:
    """Map a name to its pin: ``file`` and ``sha256``, and what is expected of it."""
    return dict(read_toml(PINS))


def fetch(name: str) -> Path:
    """Return the pinned archive of ``name``."""
    pin = pins()[name]
    return sdists.fetch(name, file=pin["file"], sha256=pin["sha256"])
