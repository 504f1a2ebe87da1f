"""Several implementations in one image: what it holds, worked out before anything is written."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi.errors import StagingError
from pep517_multi.staging import records
from pep517_multi.staging.entries import Entry, directories, scan
from pep517_multi.staging.restamping import restamp
from pep517_multi.staging.scripts import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pep517_multi.staging.entries import Member
    from pep517_multi.staging.scripts import Place

_RECORD = ".dist-info/RECORD"
_WHEEL = ".dist-info/WHEEL"
_PURITY = "Root-Is-Purelib: "


@dataclass(frozen=True)
class Merged:
    """What an image holds, directories first, then by path; ``notes`` has sentences for the report."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def merge(members: Iterable[Member], *, policy: str, preferred: str | None = None) -> Merged:
    """Join the trees of ``members``: what is the same is there once, and scripts are told apart by ``policy``.

    RECORD follows each script that goes elsewhere. Where implementations share a ``.dist-info``, RECORD lists the files
    of all of them and WHEEL has all their tags.

    :param policy: ``plain`` (the preferred implementation's script wins), ``suffix``, ``python-exec``, ``separate``.
    :param preferred: who gets the plain names of scripts, empty if nobody here does; by default the preferred one
        of ``members``.
    :raises StagingError: two members have different files of one path, and the policy does not settle it.
    """
    ordered = sorted(members, key=lambda member: member.preference)
    return _Merge(ordered, policy, ordered[-1].name if preferred is None else preferred).result()


@dataclass
class _Merge:
    """One merge. Members are in order of preference, the preferred one last."""

    members: Sequence[Member]
    policy: str
    preferred: str
    entries: dict[str, Entry] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def result(self) -> Merged:
        claims = restamp({member.name: scan(member) for member in self.members})
        moved = places(self.members, claims, policy=self.policy)
        for path, group in _grouped(claims, moved).items():
            self.entries[path] = group[-1] if path.endswith(_RECORD) else self._joined(path, group)
        self._add_links(claims, moved)
        for path in [path for path in self.entries if path.endswith(_RECORD)]:
            self.entries[path] = self._record(path, claims, moved)
        moments = {member.name: member.root.stat().st_mtime_ns for member in self.members}
        folders = directories(self.entries.values(), moments)
        for folder in folders:
            if folder.path in self.entries:
                raise StagingError(
                    f"{folder.path} is a file for {self.entries[folder.path].owners[-1]} and a directory for another "
                    "implementation; give each its own staging root (--roots)"
                )
        return Merged((*folders, *(self.entries[path] for path in sorted(self.entries))), tuple(self.notes))

    def _joined(self, path: str, group: Sequence[Entry]) -> Entry:
        """Make one entry of what several members have at ``path``."""
        last = group[-1]
        owners = tuple(sorted(owner for entry in group for owner in entry.owners))
        if len({entry.identity for entry in group}) == 1:
            mode, moment = last.mode, max(entry.moment for entry in group)
            return replace(last, owners=owners, mode=mode | _executable(group), moment=moment)
        if path.endswith(_WHEEL):
            return replace(_of_data(last, _joined_wheel(path, group)), owners=owners)
        if self.policy == "plain" and any(posixpath.dirname(path) == member.scripts for member in self.members):
            others = ", ".join(entry.owners[0] for entry in group[:-1])
            self.notes.append(f"{path} is that of {last.owners[0]}; {others} would have another one (--scripts plain)")
            return last
        raise _conflict(path, group)

    def _add_links(self, claims: Mapping[str, Mapping[str, Entry]], moved: Mapping[str, Mapping[str, Place]]) -> None:
        """Put links where scripts were, unless something else is there by now."""
        for member in self.members:
            for path, place in moved[member.name].items():
                if place.link is None or not (place.everybody or member.name == self.preferred):
                    continue
                known = self.entries.get(path)
                moment = claims[member.name][path].moment
                if known is None:
                    self.entries[path] = Entry(path, "link", (member.name,), moment=moment, target=place.link)
                elif known.kind == "link" and known.target == place.link:
                    owners = tuple(sorted({*known.owners, member.name}))
                    self.entries[path] = replace(known, owners=owners, moment=max(known.moment, moment))

    def _record(
        self, path: str, claims: Mapping[str, Mapping[str, Entry]], moved: Mapping[str, Mapping[str, Place]]
    ) -> Entry:
        """Make the RECORD at ``path`` say what is there, for all whose it is."""
        folder = posixpath.dirname(posixpath.dirname(path))
        group = [claims[member.name][path] for member in self.members if path in claims[member.name]]
        before, after = [], set()
        for entry in group:
            rows = records.read(_bytes(entry), folder=folder)
            before.append(set(rows))
            owner = entry.owners[0]
            for row in rows:
                after |= {self._true(row, at) for at in self._places_of(row.path, owner, moved[owner])}
        last = replace(group[-1], owners=tuple(sorted(entry.owners[0] for entry in group)))
        last = replace(last, moment=max(entry.moment for entry in group))
        return last if after == before[-1] else _of_data(last, records.render(after, folder=folder))

    def _places_of(self, path: str, owner: str, moved: Mapping[str, Place]) -> tuple[str, ...]:
        if path not in moved:
            return (path,)
        link = self.entries.get(path)
        has_link = link is not None and link.kind == "link" and owner in link.owners
        return (moved[path].path, path) if has_link else (moved[path].path,)

    def _true(self, row: records.Row, path: str) -> records.Row:
        """Return ``row`` at ``path``, with the hash of what is there: of a link, that of the file it leads to."""
        entry = self.entries.get(path)
        if entry is not None and entry.kind == "link":
            entry = self.entries.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target)))
            if entry is None:  # it leads to a file of another package
                return records.Row(path)
        if entry is None or not row.digest:
            return replace(row, path=path)
        return records.Row(path, records.digest_of(entry.digest), str(entry.size))


def _grouped(
    claims: Mapping[str, Mapping[str, Entry]], moved: Mapping[str, Mapping[str, Place]]
) -> dict[str, list[Entry]]:
    """Gather who has what at each path once scripts have moved, the preferred one last."""
    grouped: dict[str, list[Entry]] = {}
    for name, claim in claims.items():
        for path, entry in claim.items():
            at = moved[name][path].path if path in moved[name] else path
            grouped.setdefault(at, []).append(replace(entry, path=at))
    return grouped


def _executable(group: Iterable[Entry]) -> int:
    return max(entry.mode & 0o111 for entry in group)


def _of_data(entry: Entry, data: bytes) -> Entry:
    return replace(entry, data=data, source=None, size=len(data), digest=hashlib.sha256(data).hexdigest())


def _bytes(entry: Entry) -> bytes:
    if entry.data is not None:
        return entry.data
    return entry.source.read_bytes() if entry.source is not None else b""


def _joined_wheel(path: str, group: Sequence[Entry]) -> bytes:
    """Return the preferred WHEEL file with the tags of all.

    It is pure only if all are. But for that, tags and generator, all must say the same.
    """
    texts = [_bytes(entry).decode().splitlines() for entry in group]
    if len({_PURITY + "true" in lines for lines in texts}) > 1:
        texts = [[_PURITY + "false" if line.startswith(_PURITY) else line for line in lines] for lines in texts]
    rest = {tuple(line for line in lines if line and not line.startswith(("Tag:", "Generator:"))) for lines in texts}
    if len(rest) > 1:
        raise _conflict(path, group)
    tags = {line for lines in texts for line in lines if line.startswith("Tag:")}
    kept = [line for line in texts[-1] if line and not line.startswith("Tag:")]
    return "".join(f"{line}\n" for line in [*kept, *sorted(tags)]).encode()


def _conflict(path: str, group: Sequence[Entry]) -> StagingError:
    one, other = group[-1], next(entry for entry in group if entry.identity != group[-1].identity)
    first, second = sorted((one.owners[0], other.owners[0]))
    return StagingError(
        f"{path} of {first} and of {second} differ, and one image can hold only one of them; "
        "make the project install the same for both, or give each its own staging root (--roots)"
    )
