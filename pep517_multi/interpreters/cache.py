"""Answers of interpreters, kept for the next run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pep517_multi import files
from pep517_multi.interpreters.answer import Answer, ProbeError, checked
from pep517_multi.interpreters.platforms import surroundings
from pep517_multi.interpreters.probe import PROBE

if TYPE_CHECKING:
    from pathlib import Path

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class ProbeCache:
    """Answers in JSON files, one for each path asked, each good for as long as nothing it depends on has changed.

    A folder that is not the user's own, or that others can write to, is not used at all: what stands in it decides
    what will be run. Nothing here raises: without a usable folder there is no cache.

    :param folder: made when first needed; ``None`` for no cache.
    """

    folder: Path | None

    def get(self, executable: Path) -> Answer | None:
        """Return the answer kept for ``executable`` if it still holds."""
        if self.folder is None or self._doubt(self.folder):
            return None
        try:
            entry = json.loads(self._file(self.folder, executable).read_bytes())
            if entry["key"] != _key(executable):
                return None
            answer: Answer = checked(entry["answer"])
            if not all(isinstance(tag, str) for tag in answer["platforms"]):
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ProbeError):
            return None
        return answer

    def put(self, executable: Path, answer: Answer) -> None:
        """Keep ``answer``; what a wrapper script or a dispatcher runs is not kept, as it changes without the file."""
        if self.folder is None or os.path.realpath(answer["executable"]) != os.path.realpath(executable):
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._doubt(self.folder):
                entry = {"key": _key(executable), "answer": answer}
                files.write_whole(self._file(self.folder, executable), json.dumps(entry, sort_keys=True).encode())

    @property
    def distrusted(self) -> str:
        """Why the folder is not used, although it is there; empty where it is used, or where there is none yet."""
        return self._doubt(self.folder) if self.folder is not None and os.path.lexists(self.folder) else ""

    @staticmethod
    def _doubt(folder: Path) -> str:
        """Say who else could put something into ``folder``, or exchange it; empty where nobody can."""
        try:
            real = folder.resolve(strict=True)
            for place in (real, *real.parents):
                status = place.stat()
                if status.st_uid not in ({os.geteuid()} if place == real else {os.geteuid(), 0}):
                    return f"{place} belongs to another user"
                if _others_may_change(status, is_top=place == real):
                    return f"{place} can be written to by others"
        except (OSError, RuntimeError) as error:
            return f"{folder} cannot be used ({error})"
        return "" if real.is_dir() else f"{folder} is no folder"

    @staticmethod
    def _file(folder: Path, executable: Path) -> Path:
        return folder / f"{hashlib.sha256(os.fsencode(executable)).hexdigest()[:32]}.json"


def _others_may_change(status: os.stat_result, *, is_top: bool) -> bool:
    """Tell whether others may put things into a folder, or take them from it.

    Above the cache, a group that is the user's own does no harm, nor does a folder where everybody can only touch what
    is his (the sticky bit).
    """
    if is_top:
        return bool(status.st_mode & _WRITABLE_BY_OTHERS)
    harmless = stat.S_IWGRP if status.st_gid in {os.getegid(), 0} else 0
    return bool(status.st_mode & _WRITABLE_BY_OTHERS & ~harmless) and not status.st_mode & stat.S_ISVTX


def _key(executable: Path) -> dict[str, Any]:
    """Return all that an answer depends on; the change time tells where packagers clamp the modification time."""
    status = executable.stat()
    return {
        "path": str(executable),
        "resolved": os.path.realpath(executable),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "script": files.sha256(PROBE),
        "surroundings": surroundings(),
    }
