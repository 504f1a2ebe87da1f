"""What a wheel was built with where nothing is installed for a build, and whether that has changed since."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pep517_multi import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ENDINGS = (".dist-info", ".egg-info")
_METADATA = ("METADATA", "PKG-INFO")


@dataclass(frozen=True)
class Installed:
    """Distributions as they were when an interpreter built with them.

    :param path: folders in which it looks for them, in this order.
    :param packages: for each its normalised name, where its metadata lie, and a digest of what they list.
    """

    path: tuple[str, ...]
    packages: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, path: Iterable[str], where: Mapping[str, str]) -> Installed:
        """Look at distributions as they are now.

        :param where: normalised name → folder of the metadata.
        """
        folders = tuple(entry for entry in path if os.path.isdir(entry))  # noqa: PTH112 - plain text
        return cls(folders, tuple((name, place, _digest(Path(place))) for name, place in sorted(where.items())))

    def changed(self) -> str:
        """Return the name of a distribution that is another one now; empty where all are as they were."""
        found: dict[str, str] = {}
        for folder in self.path:
            for name, place in _distributions(folder).items():
                found.setdefault(name, place)
        for name, place, digest in self.packages:
            if found.get(name, place) != place or _digest(Path(place)) != digest:
                return name
        return ""


def _distributions(folder: str) -> dict[str, str]:
    """Map the normalised name of each distribution right in ``folder`` to where its metadata lie."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - plain text, thousands of names
    except OSError:
        return {}
    found: dict[str, str] = {}
    for name in names:
        if name.endswith(_ENDINGS):
            distribution = re.sub("[-_.]+", "-", name.rpartition(".")[0].partition("-")[0]).lower()
            found.setdefault(distribution, f"{folder}/{name}")
    return found


def _digest(place: Path) -> str:
    """Return a digest of what a distribution consists of; another one after each installation, whatever its version.

    ``RECORD`` lists every file with its hash. Packages of Linux distributions lack it: then the metadata with the times
    at which they came must do. Of an editable installation, it is the names, sizes and times of what it points to.
    """
    if editable := _editable(place):
        return f"editable {_listing(editable)}"
    try:
        record = place / "RECORD"
        if record.is_file():
            return f"record {files.sha256(record)}"
        metadata = next((place / name for name in _METADATA if (place / name).is_file()), place)
        status = metadata.stat()
        content = files.sha256(metadata) if metadata.is_file() else ""
    except OSError:
        return "missing"
    return f"metadata {content} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _editable(place: Path) -> Path | None:
    try:
        direct = json.loads((place / "direct_url.json").read_bytes())
        if direct["dir_info"]["editable"]:
            return Path(unquote(urlsplit(direct["url"]).path))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return None


def _listing(folder: Path) -> str:
    digest = hashlib.sha256()
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            status = path.lstat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()
