"""The end of the install phase where an image is wanted: what was staged privately is merged and put into its place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pep517_multi import files, temporaries
from pep517_multi.errors import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.staging.entries import Entry, Member
    from pep517_multi.staging.image import Image


@dataclass(frozen=True)
class ImagePlace:
    """An image of a run.

    :param directory: where it is, or will be.
    :param private: where the staging roots of its members are, and what is known of it.
    :param owned: nobody but multibuild puts anything at ``directory``.
    :param shared: all implementations are in it; else it is the staging root of one.
    """

    directory: Path
    private: Path
    owned: bool
    shared: bool

    @property
    def manifest(self) -> Path:
        """What was put into the image, and for whom."""
        return self.private / "image.json"

    def root(self, impl: str) -> Path:
        """Return where ``impl`` is staged before it is merged."""
        return self.private / "roots" / impl


@dataclass(frozen=True)
class Manifest:
    """Who takes part in an image, and what each of them has in it; ``token`` names the change that put it there."""

    members: tuple[Member, ...] = ()
    entries: tuple[Entry, ...] = ()
    token: str = ""


def policy_of(run: Run) -> str:
    """Return how scripts are told apart: as ``--scripts`` says, else ``suffix`` in an image and ``plain`` in roots."""
    return run.settings.scripts or ("plain" if run.settings.destdir is None else "suffix")


def place_of(run: Run, impl: str) -> ImagePlace | None:
    """Return the image that ``impl`` goes into; ``None`` where its staging root is all there is."""
    settings = run.settings
    if settings.destdir is not None:
        directory = settings.destdir.absolute()
        return ImagePlace(directory, _private(run, directory), owned=False, shared=True)
    if policy_of(run) == "plain" and settings.dedupe == "none":
        return None
    directory = (settings.roots or run.work.roots).absolute() / impl
    return ImagePlace(directory, _private(run, directory), owned=settings.roots is None, shared=False)


def _private(run: Run, directory: Path) -> Path:
    return run.work.images / f"{directory.name}-{hashlib.sha256(bytes(directory)).hexdigest()[:12]}"


def merge_staged(run: Run, staged: Sequence[Interpreter]) -> Mapping[str, tuple[str, ...]]:
    """Put the implementations that were staged into their images; return notes for each by its name.

    :raises StagingError: they do not go together, or something that is not ours is in the way; the image is what it
        was before.
    :raises FileError: the file system refuses; likewise.
    """
    groups: dict[ImagePlace, list[Interpreter]] = {}
    for interpreter in staged:
        if place := place_of(run, interpreter.name):
            groups.setdefault(place, []).append(interpreter)
    return {
        interpreter.name: notes
        for place, group in groups.items()
        for notes in [_merge(run, place, group)]
        for interpreter in group
    }


def _merge(run: Run, place: ImagePlace, group: Sequence[Interpreter]) -> tuple[str, ...]:
    from pep517_multi.staging.image import Image, held

    if not place.owned:
        known, owner = read_manifest(place), str(place.private)
        with held(place.directory, owner=owner, certain=known.token, observer=run.observer):
            image = Image(place.directory, {entry.path: entry for entry in known.entries}, owner)
            return _put(run, place, group, known=known, image=image)
    with files.explained(f"put the staging root {place.directory} in its place"):
        with temporaries.new_folder(place.directory) as folder:
            folder.chmod(0o755)
            notes = _put(run, place, group, known=Manifest(), image=Image(folder))
            files.replace_tree(folder, place.directory)
        return notes


def _put(
    run: Run, place: ImagePlace, group: Sequence[Interpreter], *, known: Manifest, image: Image
) -> tuple[str, ...]:
    """Merge what was staged for ``group`` with what is known of others, and put it into ``image``."""
    from pep517_multi.staging.dedupe import dedupe
    from pep517_multi.staging.merging import merge

    fresh = [_member(run, interpreter, place.root(interpreter.name)) for interpreter in group]
    members = [*fresh, *_others(place, known, {member.name for member in fresh})]
    contenders = members if place.shared else [_member(run, one, place.directory) for one in run.interpreters]
    first = max(contenders, key=lambda member: member.preference)
    is_preferred = run.prefer is None or first.preference[0]
    merged = merge(members, policy=policy_of(run), preferred=first.name if is_preferred else "")
    entries = dedupe(merged.entries, members, mode=run.settings.dedupe)

    def record(present: Sequence[Entry], token: str) -> None:
        _write_manifest(place, Manifest(tuple(members), tuple(present), token or known.token))

    image.put(entries, owners=frozenset(member.name for member in fresh), done=record)
    return merged.notes


def _member(run: Run, interpreter: Interpreter, root: Path) -> Member:
    from pep517_multi.staging.entries import member_of

    return member_of(interpreter, root, run.layout, prefer=run.prefer)


def _others(place: ImagePlace, known: Manifest, fresh: set[str]) -> Iterable[Member]:
    """Return those whom earlier runs merged, if anything that is theirs alone is still in the image."""
    for member in known.members:
        alone = [entry for entry in known.entries if entry.owners == (member.name,) and entry.kind != "directory"]
        there = [
            entry
            for entry in alone or known.entries
            if (place.directory / entry.path[1:]).is_symlink() or (place.directory / entry.path[1:]).is_file()
        ]
        if member.name not in fresh and member.root.is_dir() and there:
            yield member


def read_manifest(place: ImagePlace) -> Manifest:
    """Read what is known of an image; an empty manifest where nothing is.

    :raises StagingError: it cannot be read.
    """
    from pep517_multi.staging.entries import Entry, Member

    try:
        plain = json.loads(place.manifest.read_text(encoding="utf-8"))
        members = [Member(**{**_tuples(one), "root": place.root(one["name"])}) for one in plain["members"]]
        entries = tuple(Entry(**_tuples(entry)) for entry in plain["entries"])
        return Manifest(tuple(members), entries, str(plain.get("token", "")))
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise StagingError(f"{place.manifest} cannot be read ({error}); run multibuild clean") from error


def _tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}


def _write_manifest(place: ImagePlace, manifest: Manifest) -> None:
    members = [{**vars(member), "root": ""} for member in manifest.members]
    entries = [{**vars(entry), "source": None, "data": None} for entry in manifest.entries]
    plain = {"schema": 1, "token": manifest.token, "members": members, "entries": entries}
    text = json.dumps(plain, separators=(",", ":"))
    files.write_whole(place.manifest, text.encode())
