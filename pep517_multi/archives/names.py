"""Names of members: which of them lead where they say, on every system or on POSIX alone."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_PART, _LONGEST_PATH = 255, 1024  # bytes: NAME_MAX; far below PATH_MAX, for roots lie in folders of their own
_LONGEST_SHOWN = 100
_FAULTS = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"), "has a control character in its name"),
    (re.compile(r"[\u202a-\u202e\u2066-\u2069]"), "has a name that is shown in another order than it has"),
    (re.compile(r"[\ud800-\udfff]"), "has a name that is no text"),
    (re.compile(r"\\"), "has a backslash in its name"),
    (re.compile(r"\A/"), "is an absolute path"),
    (re.compile(r"(\A|/)[A-Za-z]:"), "begins with a drive letter"),
    (re.compile(r"(\A|/)\.\.(/|\Z)"), "leads to a parent folder"),
    (re.compile(r"(\A|/)\.?/|(\A|/)\.\Z|\A\Z"), "has an empty component in its name"),
)
_PLAIN = re.compile(r"[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*", re.ASCII)
"""A name without any of these, as nearly all are: no part of it is empty or begins with a dot."""
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])[ .]*(\..*)?\Z", re.IGNORECASE
)


def shown(name: str) -> str:
    """Return ``name`` for a message: quoted, on one line, and not endless."""
    return repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…")


def faults(name: str) -> Iterator[str]:
    """Yield what is wrong with the name of a member on every system, one clause each."""
    if _PLAIN.fullmatch(name) and len(name) <= _LONGEST_PART:
        return
    found = [fault for pattern, fault in _FAULTS if pattern.search(name)]
    yield from found
    if not found and any(unicodedata.category(letter) == "Cf" for letter in name):
        yield "has an invisible character in its name"
    parts = name.encode("utf-8", "surrogatepass").split(b"/")
    if max(map(len, parts)) > _LONGEST_PART or sum(map(len, parts)) + len(parts) > _LONGEST_PATH:
        yield f"has a name that is too long (above {_LONGEST_PART} bytes, or {_LONGEST_PATH} as a whole path)"


def is_portable(name: str) -> bool:
    """Whether no part of ``name`` is a device or loses its end on Windows."""
    return not any(_RESERVED.match(part) or part.endswith((" ", ".")) for part in name.rstrip("/").split("/"))


def collisions(names: Iterable[str], *, portable: bool) -> Iterator[str]:
    """Yield which of ``names`` are one file where others are two, one clause each; folders end in a slash.

    :param portable: also those that differ in case alone, which are one file on macOS and Windows.
    """
    spelled: dict[str, list[str]] = defaultdict(list)
    for name in names:
        spelled[_key(name, portable=portable)].append(name)
    for same in spelled.values():
        different = sorted(set(same))
        if len(different) > 1 and not _only_folders(different):
            yield f"{' and '.join(map(shown, different))} are one name, spelled differently"
        elif len(same) > len(different):
            yield f"{shown(different[0])} occurs {len(same)} times"
    files = {key for key, same in spelled.items() if any(not name.endswith("/") for name in same)}
    folders = {key[:place] for key in spelled for place, letter in enumerate(key) if letter == "/"}
    yield from (f"{shown(spelled[key][0])} is a file and a folder" for key in sorted(files & folders))


def _only_folders(names: Iterable[str]) -> bool:
    return all(name.endswith("/") for name in names)


def _key(name: str, *, portable: bool) -> str:
    composed = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFC", composed.casefold()) if portable else composed
