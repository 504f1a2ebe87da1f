"""Noise told from dependence: what differs between two builds for one implementation says nothing about another."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pep517_multi.qa.findings import text_of
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pep517_multi.wheels.aspects import Value
    from pep517_multi.wheels.differences import Difference

_COUNTER = re.compile(r"[0-9a-f]{6,}|\d+")
_WORD = re.compile(r"\d[\d:./ T-]*\d|[\w.@+-]*(?:/[\w.@+~-]+)+|\w+|\s+|[^\w\s]")
_INTERFACE = ("needed ", "exports ", "imports ")
_WORDS = 4_000
_LINES = 5_000


def is_noise(difference: Difference, control: Sequence[Difference]) -> bool:
    """Whether ``difference``, of another's wheel and a fresh one, is no more than builds differ in anyway.

    Of text, only words that differ between the two builds of the control are noise, so that a file with a clock and a
    version in it still differs in the version. A date with its time is one word, and so is a path.

    :param control: how the same fresh wheel (first) differs from a second build for its implementation.
    """
    real = [known for known in control if known.rule is None]
    same = next((known for known in real if known.aspect == difference.aspect), None)
    if same is None:
        return _is_passing_name(difference, real)
    if difference.aspect.kind != "bytes":
        return True
    served, fresh, again = difference.one, difference.other, same.other
    described = [frozenset(value) for value in (*difference.meant, same.meant[1]) if isinstance(value, tuple)]
    if len(described) == len((served, fresh, again)):
        return _is_noise_of_objects(*described)
    if not (isinstance(served, Blob) and isinstance(fresh, Blob) and isinstance(again, Blob)):
        return served is None and again is None  # there is such a file in some builds and not in others
    texts = [text for blob in (served, fresh, again) if (text := text_of(blob)) is not None]
    parts = _parts(texts) if len(texts) == len((served, fresh, again)) else []
    if not parts:
        return True
    return _shuffled(parts) or _changed(parts[1], parts[0]) <= _changed(parts[1], parts[2])


def _is_noise_of_objects(served: frozenset[str], fresh: frozenset[str], again: frozenset[str]) -> bool:
    """Whether two shared objects, as lines, differ in no line that two builds have in common."""
    interface = {line for line in served - fresh if line.startswith(_INTERFACE)}
    return not interface and fresh - served <= fresh - again


def _parts(texts: Sequence[str]) -> list[list[str]]:
    """Take texts apart into words, long ones into lines; the answer is empty where that would take too long."""
    words = [_WORD.findall(text) for text in texts]
    if max(map(len, words)) <= _WORDS:
        return words
    lines = [text.splitlines() for text in texts]
    return lines if max(map(len, lines)) <= _LINES else []


def _shuffled(parts: Sequence[list[str]]) -> bool:
    """Whether all consist of the same in another order."""
    served, fresh, again = map(sorted, parts)
    return served == fresh == again


def _changed(base: list[str], other: list[str]) -> set[int]:
    """Return which parts of ``base`` are not in ``other``, and before which something is added (negative numbers)."""
    matcher = difflib.SequenceMatcher(None, base, other, autojunk=False)
    changed: set[int] = set()
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag == "insert":
            changed.add(-start - 1)
        elif tag != "equal":
            changed.update(range(start, end))
    return changed


def _is_passing_name(difference: Difference, control: Iterable[Difference]) -> bool:
    """Whether a file that one side has alone is named anew in every build, after a time or a random number."""
    if not _is_lonely(difference):
        return False
    names = {_COUNTER.sub("#", known.aspect.file) for known in control if _is_lonely(known)}
    return _COUNTER.sub("#", difference.aspect.file) in names


def _is_lonely(difference: Difference) -> bool:
    values: tuple[Value | None, Value | None] = (difference.one, difference.other)
    return difference.aspect.kind == "bytes" and None in values
