"""What a version plugin could learn from version control, read without running any tool of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

from pep517_multi.files import read_file, read_text
from pep517_multi.sources import git_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LARGEST_INDEX = 1 << 30
_GITDIR = "gitdir:"
_SHA256 = re.compile(r"^\s*objectformat\s*=\s*sha256\s*$", re.IGNORECASE | re.MULTILINE)
_HG_V2 = b"dirstate-v2\n"


def state(tree: Path) -> Mapping[str, bytes]:
    """Return the state of the repository whose top is ``tree``: what is checked out, every tag, and the index.

    With the bytes of the working tree, which are counted elsewhere, this settles what ``git describe --dirty --tags``
    says. Nothing depends on where references are stored, on branches that are not checked out, or on times.
    """
    found: dict[str, bytes] = {}
    with contextlib.suppress(OSError):  # damaged or half-made: a version plugin will complain in its own words
        found.update(_git(tree))
    with contextlib.suppress(OSError):
        found.update(_mercurial(tree))
    return found


def git_folder(tree: Path) -> Path | None:
    """Return the repository of the work tree ``tree``, which a work tree added later or a submodule has elsewhere."""
    git = tree / ".git"
    if git.is_dir():
        return git
    with contextlib.suppress(OSError, UnicodeDecodeError):
        text = read_text(git)
        if text.startswith(_GITDIR):
            return tree / text.removeprefix(_GITDIR).strip()
    return None


def _git(tree: Path) -> Iterator[tuple[str, bytes]]:
    folder = git_folder(tree)
    if folder is None:
        return
    common = folder / _first_line(folder / "commondir") if (folder / "commondir").is_file() else folder
    head = _first_line(folder / "HEAD")
    yield "git HEAD", os.fsencode(head)
    references = {**_packed(common), **_loose(common, "refs/tags")}
    if head.startswith("ref:"):
        name = head.removeprefix("ref:").strip()
        with contextlib.suppress(OSError):
            references[name] = _first_line(common / name)
        yield "git commit", os.fsencode(references.get(name, ""))
    for name, commit in references.items():
        if name.startswith("refs/tags/"):
            yield f"git {name}", os.fsencode(commit)
    with contextlib.suppress(OSError):
        yield "git index", _index(folder, common)
    for name in ("shallow", "reftable/tables.list"):
        with contextlib.suppress(OSError):
            yield f"git {name}", read_file(common / name)


def _index(folder: Path, common: Path) -> bytes:
    """Hash what the index says of files; all of its bytes, and so their times, where it cannot be read."""
    index = read_file(folder / "index", most=_LARGEST_INDEX)
    config = read_text(common / "config", errors="replace")
    digest = hashlib.sha256()
    try:
        for entry in git_index.entries(index, hash_size=32 if _SHA256.search(config) else 20):
            digest.update(len(entry).to_bytes(8, "big") + entry)
    except ValueError:
        digest = hashlib.sha256(index)
    return digest.digest()


def _first_line(path: Path) -> str:
    return read_text(path, errors="surrogateescape").partition("\n")[0].strip()


def _packed(common: Path) -> dict[str, str]:
    references = {}
    with contextlib.suppress(FileNotFoundError):
        for line in read_text(common / "packed-refs", errors="surrogateescape").splitlines():
            commit, _, name = line.partition(" ")
            if name and not line.startswith(("#", "^")):
                references[name] = commit
    return references


def _loose(common: Path, folder: str) -> dict[str, str]:
    return {
        path.relative_to(common).as_posix(): _first_line(path)
        for path in (common / folder).rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def _mercurial(tree: Path) -> Iterator[tuple[str, bytes]]:
    dirstate = tree / ".hg" / "dirstate"
    if not dirstate.is_file():
        return
    with dirstate.open("rb") as stream:
        start = stream.read(len(_HG_V2) + 64)
    # The parents come first; the rest holds times. Version 1 has two of 20 bytes, version 2 two of 32 after its name.
    yield "hg parents", start[len(_HG_V2) :] if start.startswith(_HG_V2) else start[:40]
    with contextlib.suppress(FileNotFoundError):
        yield "hg branch", (tree / ".hg" / "branch").read_bytes()
