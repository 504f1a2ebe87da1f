"""What a user writes to name an interpreter."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import UsageError
from pep517_multi.interpreters.interpreter import oldest_supported

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter

_IMPLEMENTATIONS = {
    "": "cpython",
    "python": "cpython",
    "cpython": "cpython",
    "cp": "cpython",
    "pypy": "pypy",
    "pp": "pypy",
    "graalpy": "graalpy",
}
"""What may stand before the version."""
_TAG_PREFIXES = ("cp", "pp")
"""Written as in wheel tags, where the version has no dot: ``cp312``."""
_IN_ALL = ("cpython", "pypy")
_MISTAKEN = {"py": "python", "c": "cpython", "graal": "graalpy", "graalvm": "graalpy"}

_MAJOR_VERSIONS = (2, 3)
"""Of Python; 2 only so that ``2.7`` is told to be too old. A 312 is a version that lost its dot."""

_NAME = re.compile(r"(?P<prefix>[a-z]*)(?P<version>\d+(?:[._]\d+){0,2})?(?P<threaded>t?)(?P<debug>d?)")
SDIST_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz")
_PROJECT_FILES = ("pyproject.toml", "setup.py")


@dataclass(frozen=True)
class Spec:
    """One value of ``--impls``, parsed: a kind of interpreter, or the path of one.

    :param text: as the user wrote it.
    :param implementation: ``None`` for every implementation that ``all`` means, and where a path says it.
    :param release: as much of the version as was given: ``()``, ``(3,)``, ``(3, 12)``, ``(3, 12, 4)``.
    :param path: absolute path of an executable or an installation's directory; the other fields mean nothing then.
    """

    text: str
    implementation: str | None = None
    release: tuple[int, ...] = ()
    free_threaded: bool = False
    debug: bool = False
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Parse ``3.12``, ``3.13t``, ``cp312``, ``pypy3_11``, ``all``, a path (anything with a slash) and their like.

        :raises UsageError: it is none of these; if it is a source, the message says where sources go.
        """
        if "\0" in text:
            raise UsageError(_unknown(text))
        if os.sep in text or text.startswith("~"):
            path = _absolute(text)
            if _is_source(path):
                raise UsageError(_misplaced(text))
            return cls(text, path=path)
        if text == "all":
            return cls(text)
        spec = cls._named(text)
        if spec is None:
            raise UsageError(_misplaced(text) if _is_source(Path(text), bare=True) else _unknown(text))
        oldest = oldest_supported(spec.implementation or "")
        if spec.release and spec.release[:2] < oldest[: len(spec.release)]:
            message = f"{text!r} is not supported: {_shown(spec)} starts at {oldest[0]}.{oldest[1]} here"
            raise UsageError(message)
        return spec

    @classmethod
    def _named(cls, text: str) -> Spec | None:
        match = _NAME.fullmatch(text)
        if match is None or match["prefix"] not in _IMPLEMENTATIONS:
            return None
        prefix, version = match["prefix"], match["version"] or ""
        if not version and (not prefix or prefix in _TAG_PREFIXES or match["threaded"] or match["debug"]):
            return None
        if prefix in _TAG_PREFIXES and version.isdigit() and len(version) > 1:
            version = f"{version[0]}.{version[1:]}"
        release = tuple(int(part) for part in re.split(r"[._]", version) if part)
        if release and release[0] not in _MAJOR_VERSIONS:
            return None
        return cls(
            text,
            implementation=_IMPLEMENTATIONS[prefix],
            release=release,
            free_threaded=bool(match["threaded"]),
            debug=bool(match["debug"]),
        )

    def matches(self, interpreter: Interpreter) -> bool:
        """Return whether ``interpreter`` is of the kind that is meant; a path means nothing but what lies there."""
        if self.path is not None:
            return self.path in (interpreter.executable, *interpreter.executable.parents[:2])
        if self.implementation is None:
            return interpreter.implementation in _IN_ALL
        return (
            interpreter.implementation == self.implementation
            and interpreter.version.release[: len(self.release)] == self.release
            and interpreter.free_threaded == self.free_threaded
            and interpreter.debug == self.debug
        )

    def may_match(self, *, implementation: str | None, release: tuple[int, ...]) -> bool:
        """Return whether an executable can be meant of which no more is known than its file name tells.

        :param implementation: ``None`` where the name does not tell.
        :param release: as much of the version as the name tells.
        """
        wanted = _IN_ALL if self.implementation is None else (self.implementation,)
        if implementation is not None and implementation not in wanted:
            return False
        known = min(len(release), len(self.release))
        return release[:known] == self.release[:known]


def _absolute(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        message = f"{text!r} names no implementation: {error}; write the path in full"
        raise UsageError(message) from error


def _shown(spec: Spec) -> str:
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}[spec.implementation or "cpython"]


def _is_source(path: Path, *, bare: bool = False) -> bool:
    """Return whether ``path`` is an sdist or a project; a ``bare`` name needs only to be a directory."""
    try:
        if path.is_dir():
            return bare or any((path / name).is_file() for name in _PROJECT_FILES)
    except OSError:  # not readable, or too long for a name: whoever opens it will say so
        return False
    return path.name.endswith(SDIST_ENDINGS)


def _misplaced(text: str) -> str:
    return f"{text!r} is no implementation but a source: put it after '--', as in multibuild --impls 3.11 -- {text}"


def _unknown(text: str) -> str:
    near = _nearest(text)
    suggestion = f" (did you mean {near!r}?)" if near else ""
    return f"{text!r} is no implementation{suggestion}; write one as 3.12, 3.13t, pypy3.11, all or a path with a slash"


def _nearest(text: str) -> str | None:
    """Return the spec that was most probably meant: prefixes may be misspelt, versions may lack their dot."""
    lowered = text.lower().strip().replace("-", "")
    prefix = re.match(r"[a-z]*", lowered)
    word = prefix[0] if prefix else ""
    rest = lowered[len(word) :]
    if not rest and difflib.get_close_matches(word, ["all"]):
        return "all"
    close = [word] if word in _IMPLEMENTATIONS else difflib.get_close_matches(word, list(_IMPLEMENTATIONS), n=1)
    guesses = [_MISTAKEN[word]] if word in _MISTAKEN else close
    dotted = re.sub(r"^(3)(\d+)", r"\1.\2", rest)
    for guess in guesses:
        for version in (rest, dotted):
            if Spec._named(guess + version):  # noqa: SLF001 - the same module
                return guess + version
    return None
