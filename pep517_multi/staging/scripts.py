"""How same-named scripts of several implementations live in one image: a policy is a row of a table."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.staging.shebangs import shebang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pep517_multi.staging.entries import Entry, Member

POLICIES = ("plain", "suffix", "python-exec", "separate")
_DISPATCHER = "lib/python-exec/python-exec2"


@dataclass(frozen=True)
class Place:
    """Where a script goes.

    :param path: its own place.
    :param link: target of a link in the place that it had, ``None`` for no link.
    :param everybody: the link is every implementation's; else only the preferred one's.
    """

    path: str
    link: str | None = None
    everybody: bool = False


def _suffixed(member: Member, path: str) -> Place:
    ending = member.name.removeprefix("python")
    name = posixpath.basename(path)
    if name.endswith(ending):  # pip3.12, ipython-3.12: told apart by its own project
        return Place(path)
    return Place(f"{path}-{ending}", f"{name}-{ending}")


def _dispatched(member: Member, path: str) -> Place:
    own = f"{member.prefix}/lib/python-exec/{member.name}/{posixpath.basename(path)}"
    dispatcher = posixpath.relpath(f"{member.prefix}/{_DISPATCHER}", posixpath.dirname(path))
    return Place(own, dispatcher, everybody=True)


def _apart(member: Member, path: str) -> Place:
    return Place(f"{member.prefix}/lib/{member.name}/bin/{posixpath.basename(path)}")


_PLACES: Mapping[str, Callable[[Member, str], Place]] = {
    "suffix": _suffixed,
    "python-exec": _dispatched,
    "separate": _apart,
}


def places(
    members: Iterable[Member], claims: Mapping[str, Mapping[str, Entry]], *, policy: str
) -> Mapping[str, Mapping[str, Place]]:
    """Return for each member by name which of its scripts go elsewhere.

    Those that run under the implementation do, and those that differ between implementations; under ``separate`` all.

    :param claims: name of a member → path → what it has there.
    """
    if policy not in _PLACES:
        return {member.name: {} for member in members}
    move = _PLACES[policy]
    return {
        member.name: {
            path: move(member, path)
            for path, entry in claims[member.name].items()
            if _is_script(member, path)
            and (policy == "separate" or _runs_under(member, entry) or _differs(path, claims.values()))
        }
        for member in members
    }


def _is_script(member: Member, path: str) -> bool:
    return posixpath.dirname(path) == member.scripts


def _runs_under(member: Member, entry: Entry) -> bool:
    """Whether ``entry`` names the implementation's own interpreter in its first line."""
    if member.interpreter is None or entry.source is None:
        return False
    line = shebang(member.interpreter) + b"\n"
    with entry.source.open("rb") as stream:
        return stream.read(len(line)) == line


def _differs(path: str, claims: Iterable[Mapping[str, Entry]]) -> bool:
    return len({claim[path].identity for claim in claims if path in claim}) > 1
