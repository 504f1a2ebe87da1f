"""Files that do not belong where they are, or not the way they are."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from typing import TYPE_CHECKING

from pep517_multi.qa.check_table import problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem

_ANYBODYS = re.compile(
    r"benchmarks?|bin|build|conftest|contrib|data|demos?|dist|docs?|etc|examples?|fixtures|include|integration_tests|lib"
    r"|misc|noxfile|samples|scripts?|setup|share|src|tasks|test|testing|tests|tools?|utils?",
    re.IGNORECASE,
)
"""Top-level names that say nothing of the project; two projects with the same one overwrite each other's files."""

_AT_TOP = (".py", ".pyi", ".so", ".pyd", ".pth", ".pyc", ".start")
_METADATA = (".dist-info", ".egg-info", ".libs")
_IN_PREFIX = frozenset({"bin", "games", "include", "lib", "lib32", "lib64", "libexec", "local", "sbin", "share", "src"})
_BESIDE_USR = frozenset({"etc", "var"})
"""Below other prefixes these are usual; /usr/etc is not where anybody looks."""
_OF_THE_HOST = "lib/python-exec/python-exec2"
"""What links of ``--scripts python-exec`` lead to; it is in a package of its own."""
_SITE_PACKAGES = re.compile(r"/(site|dist)-packages/")
_ORDINARY = {True: (0o755,), False: (0o644, 0o755)}


def check_strays(root: StagedRoot, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield what is odd about names, places, modes and links in ``root``."""
    folders = {entry.name for entry in entries if entry.is_folder}
    for entry in entries:
        yield from _at_top(root, entry)
        if not entry.is_folder:
            yield from _place(root, entry)
        if entry.is_link:
            yield from _link(root, entry)
        else:
            yield from _mode(root, entry)
    yield from _prefix_tops(root, entries, folders)


def _at_top(root: StagedRoot, entry: Entry) -> Iterator[Problem]:
    folder, name = posixpath.split(entry.name)
    if folder not in root.libraries or name == "__pycache__":
        return
    stem, ending = posixpath.splitext(name)
    if entry.is_folder:
        if _ANYBODYS.fullmatch(name):
            yield problem("top-level-name", name, f"any project could have a top-level package {name!r}")
        elif name.startswith("."):
            yield problem("top-level-file", name, f"{name} is a hidden folder, mostly left behind by a tool")
    elif name.endswith("-nspkg.pth"):
        yield problem("nspkg-pth", name, "a namespace package needs no .pth file; setuptools no longer makes them")
    elif ending == ".py" and _ANYBODYS.fullmatch(stem):
        yield problem("top-level-name", name, f"any project could have a top-level module {stem!r}")
    elif not entry.is_link and not name.endswith((*_AT_TOP, *_METADATA)):
        yield problem("top-level-file", name, f"{name} is no module and lies at the top of site-packages")


def _place(root: StagedRoot, entry: Entry) -> Iterator[Problem]:
    name = entry.name
    libraries = root.libraries + root.foreign_libraries
    if any(name.startswith(f"{library}/") for library in libraries):
        return
    if not name.startswith(f"{root.prefix}/"):
        yield problem("outside-scheme", name, f"it does not lie below the prefix {root.prefix or '/'}")
    elif _SITE_PACKAGES.search(name):
        yield problem("outside-scheme", name, "it is among the packages of another implementation")
    elif any(name.startswith(f"{posixpath.dirname(library)}/") for library in libraries):
        yield problem("outside-scheme", name, "it lies among the modules of the standard library")


def _prefix_tops(root: StagedRoot, entries: Sequence[Entry], folders: set[str]) -> Iterator[Problem]:
    """Tell of each odd file or folder at the top of the prefix once, not of everything in it."""
    usual = _IN_PREFIX if root.prefix == "/usr" else _IN_PREFIX | _BESIDE_USR
    above = {posixpath.dirname(library) for library in root.libraries + root.foreign_libraries}
    for entry in entries:
        folder, name = posixpath.split(entry.name)
        if folder != (root.prefix or "/") or name in usual or any(f"{each}/".startswith(entry.name) for each in above):
            continue
        what = "folder" if entry.name in folders else "file"
        hint = f"; files for /{name} do not belong into a wheel" if name in _BESIDE_USR else ""
        yield problem("prefix-stray", entry.name, f"a {what} at an unusual place{hint}")


def _link(root: StagedRoot, entry: Entry) -> Iterator[Problem]:
    target = str(entry.path.readlink())
    if target.startswith("/"):
        yield problem("absolute-link", root.shown(entry.name), f"it is a link to the absolute path {target}")
        return
    meant = posixpath.normpath(f"{posixpath.dirname(entry.name)}/{target}")
    depth = len(posixpath.dirname(entry.name).strip("/").split("/"))
    if target.split("/").count("..") > depth:
        yield problem("broken-link", root.shown(entry.name), f"it is a link to {target}, which is out of the root")
    elif not os.path.lexists(root.staged(meant)) and meant != f"{root.prefix}/{_OF_THE_HOST}":
        yield problem("broken-link", root.shown(entry.name), f"it is a link to {target}, which is not there")


def _mode(root: StagedRoot, entry: Entry) -> Iterator[Problem]:
    mode, shown = stat.S_IMODE(entry.status.st_mode), root.shown(entry.name)
    if not (entry.is_file or entry.is_folder):
        yield problem("special-file", shown, "it is a device, a socket or a pipe")
    elif mode & 0o6000:
        yield problem("setuid", shown, f"its mode is {mode:04o}")
    elif mode & 0o002:
        yield problem("world-writable", shown, f"its mode is {mode:04o}; everybody may write to it")
    elif mode not in _ORDINARY[entry.is_folder]:
        yield problem("odd-mode", shown, f"its mode is {mode:04o}")
