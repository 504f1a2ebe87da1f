"""What a sandboxed command sees of the file system: everything read-only, some of it hidden, little of it writable."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HOMES = ("/home", "/root")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what is hidden, not what is written to
_SOCKETS = "/run"
"""Where services listen: a socket is a way out, whatever the network is."""

_OF_A_PREFIX = ("bin", "lib", "lib32", "lib64", "libexec", "include", "pyvenv.cfg")


@dataclass(frozen=True)
class Mount:
    """One step of making the view, later ones on top of earlier ones.

    :param kind: ``read`` and ``write`` show ``source`` at ``target``; ``empty`` is a file system in memory.
    """

    kind: Literal["read", "write", "empty"]
    target: Path
    source: Path | None = None


@dataclass(frozen=True)
class Own:
    """Folders that are made for one command and go with it: ``home``, and ``tmp`` for temporary files."""

    home: Path
    tmp: Path


def home_of(environ: Mapping[str, str]) -> Path | None:
    """Return the real path of the user's home, ``None`` where there is none that could be hidden."""
    text = environ.get("HOME", "")
    home = Path(os.path.realpath(text)) if text.startswith("/") else Path("/")
    return home if home != Path("/") and home.is_dir() else None


def mounts(environ: Mapping[str, str], own: Own, *, reads: Iterable[Path], writes: Iterable[Path]) -> tuple[Mount, ...]:
    """Return how the view is made, on top of a root that is read-only in all its parts.

    Homes, temporary files and sockets are hidden, but for what is needed.

    :param environ: of multibuild; it names the home.
    :param reads: paths that have to be there: what lies in a hidden place is shown again.
    :param writes: folders that can be written to.
    """
    hidden = tuple(_hidden(environ, own))
    shown = tuple(_shown(reads, [mount.target for mount in hidden]))
    written = [Mount("write", path, path) for path in sorted({Path(os.path.realpath(path)) for path in writes})]
    return (*hidden, *shown, *written)


def _shown(reads: Iterable[Path], hidden: Iterable[Path]) -> Iterator[Mount]:
    """Yield what has to be shown of ``hidden`` places: what links to elsewhere, and where that is."""
    known = {path: Path(os.path.realpath(path)) for path in reads}
    known.update({real: real for real in [*known.values()]})
    folders: list[Path] = []
    for path, real in sorted(known.items()):
        if not any(path.is_relative_to(place) and path != place for place in hidden):
            continue
        if any(path.is_relative_to(folder) for folder in folders) or not os.path.lexists(real):
            continue
        if real.is_dir():
            folders.append(path)
        yield Mount("read", path, real)


def _hidden(environ: Mapping[str, str], own: Own) -> Iterator[Mount]:
    home = home_of(environ)
    yield Mount("empty", Path(_SOCKETS))
    for text in _TEMPORARY:
        if os.path.isdir(text) and not os.path.islink(text):  # noqa: PTH112, PTH114 - plain text
            yield Mount("write", Path(text), own.tmp)
    for path in map(Path, _HOMES):
        if path.is_dir() and not path.is_symlink() and path != home:
            yield Mount("empty", path)
    if home is not None:
        yield Mount("write", home, own.home)


def needed_by(program: str) -> Iterator[Path]:
    """Yield what a program needs besides itself: the prefix it is installed in, that of whatever it links to, too."""
    path = Path(os.path.abspath(program))  # noqa: PTH100 - links stay links
    for _ in range(40):
        yield path
        if path.parent.name in {"bin", "Scripts"}:
            prefix = path.parent.parent
            yield from (prefix / name for name in _OF_A_PREFIX if (prefix / name).exists())
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def on_path(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of ``PATH`` that are there."""
    yield from (Path(entry) for entry in environ.get("PATH", "").split(":") if entry.startswith("/"))
