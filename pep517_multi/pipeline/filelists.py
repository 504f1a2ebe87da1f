"""File lists of what was staged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.errors import PlanError
from pep517_multi.pipeline.installing import stage_request
from pep517_multi.pipeline.merging import place_of, read_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.staging.entries import Entry, Member


def file_list(run: Run) -> str:
    """Return the list of what is staged for the implementations of ``run``, as ``--filelist`` wants it.

    :raises PlanError: nothing is staged for one that was named, or for any.
    """
    from pep517_multi.staging.filelist_formats import FORMATS
    from pep517_multi.staging.filelists import describe

    staged = [one for one in run.interpreters if stage_request(run, one, ()).root.is_dir()]
    lacking = [one.name for one in run.interpreters if one not in staged]
    if lacking and (run.named or not staged):
        raise PlanError(
            f"nothing is staged for {', '.join(lacking)} in {_where(run)}; run the install phase first, with the same "
            f"options: multibuild install --impls {' '.join(lacking)}"
        )
    members: list[Member] = []
    entries: dict[str, Entry] = {}
    metadata: dict[str, bytes] = {}
    with files.explained("list what is staged"):
        for interpreter in staged:
            member, found = _found(run, interpreter)
            members.append(member)
            entries |= {entry.path: entry for entry in found}
            metadata |= {
                entry.path: (member.root / entry.path[1:]).read_bytes()
                for entry in found
                if entry.path.endswith(".dist-info/METADATA")
            }
    listed = describe(entries.values(), members, metadata)
    return FORMATS[run.settings.filelist]([one.name for one in staged], listed)


def _where(run: Run) -> Path:
    return run.settings.destdir or run.settings.roots or run.work.roots


def _found(run: Run, interpreter: Interpreter) -> tuple[Member, Sequence[Entry]]:
    """Return what ``interpreter`` has in its staging root or in the image."""
    from pep517_multi.staging.entries import member_of
    from pep517_multi.staging.merging import merge

    member = member_of(interpreter, stage_request(run, interpreter, ()).root, run.layout)
    place = place_of(run, interpreter.name)
    if place is None:
        return member, merge([member], policy="plain").entries
    owned = [entry for entry in read_manifest(place).entries if interpreter.name in entry.owners]
    if not owned:
        raise PlanError(f"{interpreter.name} has nothing in {place.directory}; run the install phase first")
    return member, [replace(entry, owners=(interpreter.name,)) for entry in owned]
