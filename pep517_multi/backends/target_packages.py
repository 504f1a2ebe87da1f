"""List the distributions that this Python can import, for the one who wants to know what a build would find.

Runs inside a target as ``X -s -B target_packages.py [NAME ...]``, with its site-packages: no -I, no -S. Prints JSON
between two record separators (U+001E): ``[complete, [[name, version, [requirement, ...], where], ...], path]``, where
``where`` is the path of the metadata, if they lie in one, and ``path`` is ``sys.path``.

Without names that is everything, in the order of ``sys.path``, and ``complete`` is true. A name may come twice; the
first one is what an import finds. With (normalised) names it is these and what they may require in turn, found by the
names of their ``.dist-info`` folders, which takes a quarter of the time; ``complete`` is false. Where a name cannot
be found so, everything is listed all the same.
"""

import sys

if sys.version_info < (3, 8):
    sys.exit("needs Python 3.8 or newer")

import os

_ENDING = ".dist-info"
_ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class _NotPlainError(Exception):
    """Something is not as it mostly is, and only importlib.metadata will tell what it is."""


def _normalised(name):
    # type: (str) -> str
    name = name.lower().replace("_", "-").replace(".", "-")
    while "--" in name:
        name = name.replace("--", "-")
    return name


def _name_in(requirement):
    # type: (str) -> str
    """Return the name that a requirement begins with."""
    name = requirement[: len(requirement) - len(requirement.lstrip(_ALLOWED + "._-"))]
    if not name or name[0] not in _ALLOWED:
        raise _NotPlainError
    return name


def _json(value):
    # type: (object) -> str
    """Return lists, tuples, truth and text as JSON; the modules json and re would double the time that this takes."""
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join([_json(member) for member in value])
    return str(value).lower() if isinstance(value, bool) else _quoted(str(value))


def _quoted(text):
    # type: (str) -> str
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return '"%s"' % text
    units = []  # type: list[int]
    for number in map(ord, text):
        above = number - 0x10000
        units += [number] if above < 0 else [0xD800 + (above >> 10), 0xDC00 + (above & 0x3FF)]
    return '"%s"' % "".join(["\\u%04x" % unit for unit in units])


def _folders():
    # type: () -> dict[str, str]
    """Map the normalised name of each distribution that has a .dist-info folder to that folder."""
    found = {}  # type: dict[str, str]
    for place in sys.path:
        try:
            names = os.listdir(place)
        except OSError:
            continue
        for name in sorted(names):
            if name.endswith(_ENDING):
                found.setdefault(_normalised(name[: -len(_ENDING)].partition("-")[0]), os.path.join(place, name))
    return found


def _read(folder):
    # type: (str) -> tuple[str, str, list[str]]
    """Read name, version and requirements from a METADATA file whose headers are written as they mostly are."""
    stated = {"name": [], "version": [], "requires-dist": []}  # type: dict[str, list[str]]
    try:
        with open(os.path.join(folder, "METADATA"), encoding="utf-8") as stream:
            for line in stream:
                if not line.strip():
                    break
                key, _, value = line.partition(":")
                if key.lower() in stated:
                    stated[key.lower()].append(value.strip())
    except (OSError, UnicodeDecodeError):
        raise _NotPlainError from None
    if len(stated["name"]) != 1 or len(stated["version"]) != 1 or not all(stated["requires-dist"]):
        raise _NotPlainError
    return stated["name"][0], stated["version"][0], stated["requires-dist"]


def needed(names):
    # type: (list[str]) -> list[tuple[str, str, list[str], str]]
    """Return the distributions called ``names`` and those that they may require, conditions left aside."""
    folders = _folders()
    found = {}  # type: dict[str, tuple[str, str, list[str], str]]
    waiting = [(name, True) for name in names]
    while waiting:
        name, certain = waiting.pop()
        if name in found:
            continue
        if name not in folders:
            if certain:
                raise _NotPlainError
            continue  # perhaps not needed here; whoever needs it asks for everything
        found[name] = _read(folders[name]) + (folders[name],)  # noqa: RUF005 - the types of a star are unknown
        waiting += [(_normalised(_name_in(requirement)), ";" not in requirement) for requirement in found[name][2]]
    return list(found.values())


def everything():
    # type: () -> list[tuple[str, str, list[str], str]]
    """Return all distributions."""
    from importlib.metadata import distributions

    found = []
    for distribution in distributions():
        try:
            metadata = distribution.metadata
        except (FileNotFoundError, ImportError):  # 3.15 and newer; before, the metadata are just empty
            continue
        if "Name" in metadata and "Version" in metadata:  # else an interrupted installation left it behind
            where = str(getattr(distribution, "_path", ""))
            found.append((metadata["Name"], metadata["Version"], list(distribution.requires or []), where))
    return found


def main():
    # type: () -> None
    """Print the list."""
    # Nothing that lies beside this script is for the target to import.
    here = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]
    try:
        complete, found = (False, needed(sys.argv[1:])) if sys.argv[1:] else (True, everything())
    except _NotPlainError:
        complete, found = True, everything()
    sys.stdout.write("\x1e%s\x1e\n" % _json([complete, found, sys.path]))


main()
