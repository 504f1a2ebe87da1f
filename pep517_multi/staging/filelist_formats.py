"""File lists in the formats that hosts read."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pep517_multi.staging.filelists import Listed

_SCHEMA = 1
_RPM_SPECIAL = re.compile(r"[\s\"'%*?\[\]{}\\]")
_LEVEL = re.compile(r"(\.opt-\d)?\.pyc\Z")


def plain(_impls: Sequence[str], listed: Iterable[Listed]) -> str:
    """One path a line; those of owned directories end with ``/``, others are left out."""
    paths = (f"{one.path}/" if one.kind == "directory" else one.path for one in listed if one.owned)
    return "".join(f"{path}\n" for path in paths)


def as_json(impls: Sequence[str], listed: Iterable[Listed]) -> str:
    """Everything that is known of each path."""
    return (
        json.dumps({"schema": _SCHEMA, "impls": list(impls), "files": [asdict(one) for one in listed]}, indent=2) + "\n"
    )


def rpm(_impls: Sequence[str], listed: Iterable[Listed]) -> str:
    """Lines for ``%files -f``, right for every rpm.

    Blanks, percent signs, quotes and wildcards in names are written as ``?``, which matches them: no other spelling
    means the same in rpm before and since 4.19. Bytecode is matched for every level that the host may add, manual pages
    with whatever compression it chooses.
    """
    return "".join(f"{line}\n" for line in dict.fromkeys(_rpm_lines(listed)))


def _rpm_lines(listed: Iterable[Listed]) -> Iterator[str]:
    for one in listed:
        path = _RPM_SPECIAL.sub("?", one.path)
        if one.kind == "directory":
            if one.owned:
                yield f"%dir {path}"
        elif one.bytecode:
            yield _LEVEL.sub("*.pyc", path)
        else:
            marks = ("%license " if one.license else "") + (f"%lang({one.lang}) " if one.lang else "")
            yield f"{marks}{path}{'*' if one.man else ''}"


FORMATS: Mapping[str, Callable[[Sequence[str], Iterable[Listed]], str]] = {"plain": plain, "rpm": rpm, "json": as_json}
