"""Results that tests of several processes share, because they take long to make."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

T = TypeVar("T")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """Return what ``make`` returns for an empty folder; it is called once, however many processes run tests.

    :param name: of the result, in this run of the tests.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = base / f"{name}.pickle"
    with FileLock(base / f"{name}.lock"):
        if not kept.is_file():
            folder = base / name
            folder.mkdir()
            kept.write_bytes(pickle.dumps(make(folder)))
        result: T = pickle.loads(kept.read_bytes())  # noqa: S301 - written a moment ago, by us
    return result
