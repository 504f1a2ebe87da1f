"""From differences to findings: sentences, and the first lines that differ."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pep517_multi.findings import Finding
from pep517_multi.qa import elf
from pep517_multi.qa.rulebook import reasons
from pep517_multi.wheels.differences import shortened
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.wheels.aspects import Value
    from pep517_multi.wheels.differences import Difference

_LINES = 20
_READ = 1 << 20
_SHOWN = 3
_LAYOUT = ("Root-Is-Purelib", "Tag")
_BYTES = {"script": "script", "extension": "extension", "stable-abi-extension": "extension"}
_COUNTED_ONLY = ("name", "time", "order")
_COUNTED_RULES = ("record", "bytecode", "code-objects", "by-meaning")
SECOND_BUILD = "second-build"
"""The rule of what differs between two builds for one implementation, too."""
SAME_VERSIONS = "build-versions"
"""The rule of what both implementations build alike, once they build with the same versions of what builds."""
_REASONS = {
    **reasons(),
    SECOND_BUILD: "two builds for the same implementation differ in it, too",
    SAME_VERSIONS: "with the same versions of what builds, both implementations build the same",
}


@dataclass(frozen=True)
class Sides:
    """What the two trees are called in sentences: ``the wheel of python3.10``, ``a fresh build for python3.12``."""

    one: str
    other: str


def finding(difference: Difference, sides: Sides) -> Finding:
    """Describe ``difference``; the rule that calls it noise gives its reason."""
    message = _message(difference, sides)
    if difference.rule is not None:
        message += f": {_REASONS[difference.rule]}"
    lines = tuple(map(shortened, _lines(difference, sides)))
    return Finding(difference.aspect.file or "the archive", kind_of(difference), difference.rule, message, lines)


def is_told(difference: Difference) -> bool:
    """Whether a difference that a rule hides is worth a finding; the others are counted only."""
    return difference.aspect.kind not in _COUNTED_ONLY and difference.rule not in _COUNTED_RULES


def kind_of(difference: Difference) -> str:
    """Name the kind of a difference, as :class:`Finding` has it."""
    aspect = difference.aspect
    if aspect.kind == "metadata":
        return "layout" if aspect.label in _LAYOUT else "metadata"
    if aspect.kind != "bytes":
        return {"name": "layout", "time": "layout", "order": "layout"}.get(aspect.kind, aspect.kind)
    if aspect.nature in _BYTES:
        return _BYTES[aspect.nature]
    if aspect.file.endswith(".pyc"):
        return "bytecode"
    both = (difference.one, difference.other)
    return "text" if all(isinstance(side, Blob) and text_of(side) is not None for side in both) else "file"


def text_of(blob: Blob) -> str | None:
    """Return the text in a file; ``None`` where it holds none, or far too much to show."""
    if blob.size > _READ:
        return None
    data = blob.read()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _message(difference: Difference, sides: Sides) -> str:
    aspect = difference.aspect
    if aspect.kind == "bytes":
        if difference.one is None or difference.other is None:
            return f"{aspect.file} is in {sides.other if difference.one is None else sides.one} only"
        return f"{aspect.file} differs between {sides.one} and {sides.other}" + _limits(difference)
    if aspect.kind in {"metadata", "entry-point"}:
        return _items(difference, sides)
    return f"the {aspect.kind} of {aspect.file} is {difference.one} in {sides.one}, {difference.other} in {sides.other}"


def _limits(difference: Difference) -> str:
    """Say what would tell more, where a shared object could not be looked into."""
    value = difference.one
    if elf.is_available() or not isinstance(value, Blob) or not elf.is_elf(value.read()):
        return ""
    return "; whether that matters cannot be told without pyelftools"


def _items(difference: Difference, sides: Sides) -> str:
    """Say which items of a header or of a group of entry points either side has alone."""
    aspect = difference.aspect
    raw = difference.meant if difference.rule is None else (difference.one, difference.other)
    name = aspect.file.rpartition("/")[2] if aspect.kind == "metadata" else "entry points"
    alone = [
        f"{shortened(', '.join(map(_quoted, islice(items, _SHOWN))))} in {side}"
        for items, side in zip(_alone(raw), (sides.one, sides.other), strict=True)
        if items
    ]
    return f"{name}: {aspect.label} is {', '.join(alone)}" if alone else f"{name}: {aspect.label} differs"


def _quoted(item: str) -> str:
    return repr(" ".join(item.split()))


def _alone(values: tuple[Value | None, Value | None]) -> tuple[list[str], list[str]]:
    one, other = (list(value) if isinstance(value, tuple) else [] for value in values)
    return [item for item in one if item not in other], [item for item in other if item not in one]


def _lines(difference: Difference, sides: Sides) -> Iterator[str]:
    """Give the first differing lines, as a unified diff with one line of context."""
    described = difference.rule is None and all(isinstance(value, tuple) for value in difference.meant)
    values = difference.meant if described else (difference.one, difference.other)
    one, other = map(_as_lines, values)
    found = difflib.unified_diff(one, other, sides.one, sides.other, n=1, lineterm="")
    yield from islice(found, _LINES)


def _as_lines(value: Value | None) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, Blob):
        return [line for item in ([value] if isinstance(value, str) else value) for line in item.splitlines()]
    text = text_of(value)
    return [f"{value.size} bytes, sha256 {value.sha256}"] if text is None else text.splitlines()
