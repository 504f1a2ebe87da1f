"""What packaging hosts leave out of a staged tree, or put elsewhere; RECORD stays true to what is there."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pep517_multi import files
from pep517_multi.errors import StagingError, UsageError
from pep517_multi.staging import licenses, records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.staging.layout import Layout

_DIST_INFO = ".dist-info"


def _in_dist_info(*names: str) -> Callable[[Sequence[str]], bool]:
    return lambda parts: len(parts) == 2 and parts[0].endswith(_DIST_INFO) and parts[1] in names  # noqa: PLR2004


def _is_namespace_file(parts: Sequence[str]) -> bool:
    alone = len(parts) == 1 and parts[0].endswith("-nspkg.pth")
    return alone or _in_dist_info("namespace_packages.txt")(parts)


SETS: Mapping[str, Callable[[Sequence[str]], bool]] = {
    "licenses": lambda _: False,  # METADATA has a say, so they are found apart
    "record": _in_dist_info("RECORD"),
    "direct-url": _in_dist_info("direct_url.json"),
    "nspkg": _is_namespace_file,
    "tests": lambda parts: len(parts) > 1 and parts[0] in {"test", "tests"},
}
"""Name of a set → whether a file is in it, told by the parts of its path below site-packages."""


def is_left_out(name: str, *, interpreter: Interpreter, layout: Layout) -> bool:
    """Whether the file that will be installed as ``name`` is in one of the sets that are left out; licences apart."""
    if not layout.strip:
        return False
    parts = _below(name, layout.libraries(interpreter))
    return bool(parts) and any(SETS[each](parts) for each in layout.strip)


def strip(root: Path, *, interpreter: Interpreter, layout: Layout) -> None:
    """Remove and move files of ``root`` as ``layout`` says.

    :raises StagingError: two different licences would have one path.
    :raises UsageError: the directory for licences makes no sense.
    """
    if not layout.strip and layout.license_dir is None:
        return
    libraries = layout.libraries(interpreter)
    names = _names(root, libraries)
    fates: dict[str, str | None] = {}
    for name in names:
        if is_left_out(name, interpreter=interpreter, layout=layout):
            fates[name] = None
    fates |= _license_moves(root, names, libraries, interpreter=interpreter, layout=layout)
    with files.explained(f"strip the staging root of {interpreter.name}"):
        for name, new in fates.items():
            _carry_out(root, name, new)
        for name in names:
            if name not in fates and _in_dist_info("RECORD")(_below(name, libraries)):
                _make_true(root, name, fates)


def _names(root: Path, libraries: Sequence[str]) -> list[str]:
    """Return what is in site-packages, without the root, in order."""
    found: set[str] = set()
    for library in libraries:
        for folder, _, names in os.walk(root / library[1:]):
            inside = os.path.relpath(folder, root)
            found.update(f"/{inside}/{name}" for name in names)
    return sorted(found)


def _below(name: str, libraries: Iterable[str]) -> Sequence[str]:
    """Return the parts of a path below site-packages; none where it lies elsewhere."""
    for library in libraries:
        if name.startswith(library + "/"):
            return name[len(library) + 1 :].split("/")
    return ()


def _license_moves(
    root: Path, names: Sequence[str], libraries: Sequence[str], *, interpreter: Interpreter, layout: Layout
) -> dict[str, str | None]:
    if "licenses" not in layout.strip and layout.license_dir is None:
        return {}
    moves: dict[str, str | None] = {}
    entries: dict[str, frozenset[str]] = {}
    for name in names:
        folder, *rest = _below(name, libraries) or [""]
        if not folder.endswith(_DIST_INFO):
            continue
        place = name[: -len("/".join(rest)) - 1]
        if place not in entries:
            entries[place] = licenses.declared((root / place[1:] / "METADATA").read_bytes())
        known = licenses.license_name("/".join(rest), entries[place])
        if known is not None:
            project = canonicalize_name(folder.removesuffix(_DIST_INFO).rpartition("-")[0])
            moves[name] = _license_path(layout, known, name=project, impl=interpreter.name)
    return moves


def _license_path(layout: Layout, known: str, *, name: str, impl: str) -> str | None:
    if layout.license_dir is None:
        return None
    try:
        folder = layout.license_dir.format(name=name, impl=impl)
    except (LookupError, ValueError) as error:
        message = (
            f"the license-dir {layout.license_dir!r} cannot be used; only {{name}} and {{impl}} are replaced in it"
        )
        raise UsageError(message) from error
    if not folder.startswith("/") or ".." in folder.split("/"):
        raise UsageError(f"the license-dir {folder!r} is not an absolute path without '..'; put it below the prefix")
    return posixpath.normpath("/" + posixpath.join(folder, known).lstrip("/"))


def _carry_out(root: Path, name: str, new: str | None) -> None:
    path = root / name[1:]
    if new is None:
        path.unlink()
    else:
        target = root / new[1:]
        _make_folders(root, target.parent)
        if target.exists() and files.sha256(target) != files.sha256(path):
            raise StagingError(f"{name} and another licence would both be {new}; take another --license-dir")
        path.replace(target)
    folder = path.parent
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _make_folders(root: Path, folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(root, folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _make_true(root: Path, name: str, fates: Mapping[str, str | None]) -> None:
    """Take what was removed or moved out of the RECORD ``name``."""
    path = root / name[1:]
    folder = posixpath.dirname(posixpath.dirname(name))
    rows = records.read(path.read_bytes(), folder=folder)
    staying = [row for row in rows if fates.get(row.path, "") is not None]
    left = [replace(row, path=fates.get(row.path) or row.path) for row in staying]
    if left != list(rows):
        moment = path.stat().st_mtime_ns
        path.write_bytes(records.render(left, folder=folder))
        os.utime(path, ns=(moment, moment))
