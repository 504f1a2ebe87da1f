"""Where interpreters are installed: what looks like one on this machine, without running anything.

Three kinds of places, in this order: the folders on PATH, the folders that every system has, and what version
managers keep. Folders of shims are left out: a shim is there for every name that some version has, and most fail.
A virtual environment on PATH stands for the installation that it was made from.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import InterpreterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SYSTEM_FOLDERS = (Path("/usr/bin"),)
"""Searched even where PATH does not have them."""

_NAME = re.compile(r"(?P<prefix>python|pypy|graalpy)(?P<version>\d+(?:\.\d+)?)?(?:t?d?m?|-dbg)")
_IMPLEMENTATIONS = {"python": "cpython"}
_BINARIES = ("bin", "install/bin")
"""Where an installation has its executables; some builds of uv's are one folder deeper."""
_MARK_OF_VIRTUAL = "pyvenv.cfg"


@dataclass(frozen=True)
class VersionManager:
    """A tool that keeps many interpreters below one folder.

    :param variable: the environment variable that names the folder.
    :param default: the folder otherwise; ``{home}`` and ``{data}`` (``XDG_DATA_HOME``) are filled in.
    :param installations: pattern, below the folder, of one folder for each interpreter.
    """

    name: str
    variable: str
    default: str
    installations: str


VERSION_MANAGERS = (
    VersionManager("pyenv", "PYENV_ROOT", "{home}/.pyenv", "versions/*"),
    VersionManager("uv", "UV_PYTHON_INSTALL_DIR", "{data}/uv/python", "*"),
    VersionManager("mise", "MISE_DATA_DIR", "{data}/mise", "installs/python/*"),
    VersionManager("asdf", "ASDF_DATA_DIR", "{home}/.asdf", "installs/python/*"),
)


@dataclass(frozen=True)
class Sighting:
    """An executable that looks like an interpreter.

    :param found: where, for people: ``PATH``, ``/usr/bin``, ``pyenv`` ..., ``given``.
    :param managed: kept by a version manager, where versions count more than the order of folders.
    :param implementation: as far as its file name tells, else ``None``.
    :param release: as much of the version as its file name tells: ``()``, ``(3,)``, ``(3, 12)``.
    """

    executable: Path
    found: str
    managed: bool = False
    implementation: str | None = None
    release: tuple[int, ...] = ()


def sightings(environ: Mapping[str, str], *, system_folders: Sequence[Path] = SYSTEM_FOLDERS) -> list[Sighting]:
    """Return what looks like an interpreter, best place first, each file once however many names lead to it."""
    first: dict[object, Sighting] = {}
    for sighting in _everywhere(environ, system_folders):
        first.setdefault(_identity(sighting.executable), sighting)
    return list(first.values())


def given(path: Path) -> Sighting:
    """Return the interpreter at ``path``: an executable, used exactly as named, or an installation's directory.

    :raises InterpreterError: nothing there can be one.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        message = f'there is no interpreter {path} ({error.strerror}); run "multibuild impls" to see which there are'
        raise InterpreterError(message) from error
    if stat.S_ISDIR(mode):
        for folder in (*(path / name for name in _BINARIES), path):
            for executable in _executables(folder):
                return _sighting(executable, "given")
        message = f"the directory {path} has no Python in it ({path}/bin/python3 or the like); give an executable"
        raise InterpreterError(message)
    if not os.access(path, os.X_OK):
        message = f"the interpreter {path} cannot be run: it is not executable"
        raise InterpreterError(message)
    return _sighting(path, "given")


def _everywhere(environ: Mapping[str, str], system_folders: Sequence[Path]) -> Iterator[Sighting]:
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if folder.is_absolute() and folder.name != "shims":  # a relative one would run what lies in the source
            yield from _in_folder(folder, "PATH")
    for folder in system_folders:
        yield from _in_folder(folder, str(folder))
    for manager in VERSION_MANAGERS:
        yield from _kept_by(manager, environ)


def _in_folder(folder: Path, found: str) -> Iterator[Sighting]:
    for executable in _executables(folder):
        installed = _installed(executable)
        if installed is not None:
            yield _sighting(installed, found)


def _kept_by(manager: VersionManager, environ: Mapping[str, str]) -> Iterator[Sighting]:
    home = environ.get("HOME", "/nonexistent")
    data = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    root = Path(environ.get(manager.variable) or manager.default.format(home=home, data=data))
    for installation in sorted(root.glob(manager.installations)):
        if installation.name.startswith(".") or os.access(installation / _MARK_OF_VIRTUAL, os.F_OK):
            continue
        for name in _BINARIES:
            for executable in _executables(installation / name):
                yield _sighting(executable, manager.name, managed=True)


def _sighting(executable: Path, found: str, *, managed: bool = False) -> Sighting:
    implementation, release = _tell(Path(os.path.realpath(executable)).name)
    if not release:
        implementation, release = _tell(executable.name)
    return Sighting(executable, found, managed, implementation, release)


def _tell(name: str) -> tuple[str | None, tuple[int, ...]]:
    """Return implementation and version as far as a file name tells."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None, ()
    version = match["version"]
    return (
        _IMPLEMENTATIONS.get(match["prefix"], match["prefix"]),
        tuple(int(part) for part in version.split(".")) if version else (),
    )


def _executables(folder: Path) -> list[Path]:
    """Return one name for each interpreter in ``folder``: what ``python3`` runs first, then newest first, then PyPy.

    Of many names for one file the most telling one is returned: ``python3.12``, not ``python``.
    """
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - a thousand names in /usr/bin, of which few become a Path
    except OSError:
        return []
    names: defaultdict[object, list[str]] = defaultdict(list)
    for name in entries:
        if _NAME.fullmatch(name) and os.access(folder / name, os.X_OK) and (folder / name).is_file():
            names[_identity(folder / name)].append(name)

    def most_telling(aliases: Sequence[str]) -> str:
        return min(aliases, key=lambda alias: ((folder / alias).is_symlink(), -len(alias), alias))

    def order(aliases: Sequence[str]) -> tuple[bool, bool, list[int], str]:
        implementation, release = _tell(most_telling(aliases))
        is_default = any(len(_tell(alias)[1]) < 2 for alias in aliases)  # noqa: PLR2004 - no minor version: python3
        return implementation != "cpython", not is_default, [-part for part in release], max(aliases)

    return [folder / most_telling(aliases) for aliases in sorted(names.values(), key=order)]


def _identity(executable: Path) -> object:
    """Return what two names of one interpreter have in common, be they symbolic or hard links.

    A dispatcher (python-exec) runs another interpreter for each of its names.
    """
    status = executable.stat()
    is_dispatcher = not _NAME.fullmatch(Path(os.path.realpath(executable)).name)
    return status.st_dev, status.st_ino, executable.name if is_dispatcher else None


def _installed(executable: Path) -> Path | None:
    """Return ``executable``, or what it was made from if it belongs to a virtual environment (``None``: gone)."""
    config = next((path for path in _marks(executable) if path.is_file()), None)
    if config is None:
        return executable
    entries = dict(_entries(config))
    home = Path(entries.get("home", "/nonexistent"))
    names = (Path(os.path.realpath(executable)).name, executable.name, "python3", "python")
    stated = [Path(entries[key]) for key in ("base-executable", "executable") if entries.get(key)]
    for candidate in (*(home / name for name in names), *stated):
        if candidate.is_absolute() and os.access(candidate, os.X_OK) and candidate.is_file():
            return candidate
    return None


def _marks(executable: Path) -> tuple[Path, Path]:
    return executable.parent / _MARK_OF_VIRTUAL, executable.parent.parent / _MARK_OF_VIRTUAL


def _entries(config: Path) -> Iterator[tuple[str, str]]:
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator:
            yield key.strip().lower(), value.strip()
