"""State that one run leaves for the next, as JSON: read with care, for it may be torn, or of another version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pep517_multi import files
from pep517_multi.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def read(path: Path, understand: Callable[[Any], T], *, otherwise: str) -> T:
    """Return what ``understand`` makes of the JSON at ``path``.

    :param understand: may stumble over whatever it does not expect; to be strict, it uses :func:`the`.
    :param otherwise: what to do about a damaged file, for the error.
    :raises FileNotFoundError: there is none.
    :raises IntegrityError: it is damaged, or not what ``understand`` expects.
    :raises FileError: it cannot be read.
    """
    try:
        with files.explained(f"read {path}"):
            data = path.read_bytes()
    except files.FileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise error.__cause__ from None
        raise
    try:
        return understand(json.loads(data))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise IntegrityError(f"{path} is damaged: {reason}; {otherwise}") from error


def the(kind: type[T], value: object) -> T:
    """Return ``value``, which is a ``kind``.

    :raises TypeError: it is something else.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r:.60} stands where a {kind.__name__} belongs")
    return value


def number(value: object) -> float:
    """Return ``value``, which is a number.

    :raises TypeError: it is something else.
    """
    return float(value) if isinstance(value, int) else the(float, value)


def maybe(kind: type[T], value: object) -> T | None:
    """Return ``value``, which is a ``kind`` or ``None``.

    :raises TypeError: it is something else.
    """
    return None if value is None else the(kind, value)


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts as a tuple.

    :raises TypeError: it is something else.
    """
    return tuple(the(str, each) for each in the(list, value))


def schema(value: object, expected: int) -> None:
    """Check the number of a schema.

    :raises ValueError: it is another one.
    """
    if value != expected:
        raise ValueError(f"it has the schema {value!r:.60}, not {expected}")
