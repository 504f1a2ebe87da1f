"""Private copies of a source tree: every build gets its own, and the user's tree is never written to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.files import beside, copy_tree, explained, remove_tree
from pep517_multi.sources.contents import Contents
from pep517_multi.sources.digest import leads_out
from pep517_multi.sources.version_control import git_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.sources.tree import SourceTree


def private_copy(tree: SourceTree, target: Path, *, leave_out: Iterable[Path] = ()) -> None:
    """Copy all of ``tree`` that a build may need to ``target``, which must not exist: whole, or not at all.

    Version control is part of it, for version plugins; what earlier work left lying is not (see
    :class:`Contents`). Links stay links; one that leads out of the tree is made to lead to the same place from here.
    Modes are 0644 or 0755, as they would be under the usual umask: backends put them into the wheel, and the digest of
    the tree knows no others.

    :param leave_out: paths below the tree that multibuild itself writes: the work directory, staging roots, reports.
    """
    contents = Contents.of(tree.path, tree.build_system, outputs=leave_out)
    temporary = beside(target)
    with explained(f"copy the source to {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy_tree(tree.path, temporary, leave_out=contents.leaves_out, usual_modes=True)
            _mend_links(tree.path, temporary)
            temporary.rename(target)
        except BaseException:
            remove_tree(temporary)
            raise


def _mend_links(tree: Path, copy: Path) -> None:
    """Relative ways out of the tree start somewhere else now."""
    for path in list(_links(copy)):
        original = tree / path.relative_to(copy)
        if leads_out(original, tree):
            path.unlink()
            path.symlink_to(os.path.realpath(original))
    repository = git_folder(tree)
    if repository is not None and (copy / ".git").is_file():
        _own_repository(Path(os.path.realpath(repository)), copy / ".git")


def _links(folder: Path | str) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                yield from _links(entry.path)


def _own_repository(repository: Path, git: Path) -> None:
    """Give the copy of a work tree that was added later an index of its own, for git writes to it; share the rest.

    The repository of a submodule is only pointed to: it names its work tree itself.
    """
    common = repository / "commondir"
    if not common.is_file():
        git.write_text(f"gitdir: {repository}\n", encoding="utf-8")
        return
    git.unlink()
    copy_tree(repository, git, leave_out=lambda _, name: name in {"gitdir", "index.lock"})
    shared = os.path.realpath(repository / common.read_text(encoding="utf-8").strip())
    (git / "commondir").write_text(f"{shared}\n", encoding="utf-8")
