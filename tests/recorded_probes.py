"""Interpreters that this machine need not have, from recorded answers (see ``tests/recorded/README.md``).

``load("python3.15t")`` gives an :class:`Interpreter` that cannot be run but decides like the real one.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from pep517_multi.interpreters.answer import checked, interpreter_from

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter

FOLDER = Path(__file__).parent / "recorded"

PLATFORMS = (
    "linux_x86_64",
    *(f"manylinux_2_{minor}_x86_64" for minor in range(36, 16, -1)),
    "manylinux2014_x86_64",
    *(f"manylinux_2_{minor}_x86_64" for minor in range(16, 11, -1)),
    "manylinux2010_x86_64",
    *(f"manylinux_2_{minor}_x86_64" for minor in range(11, 4, -1)),
    "manylinux1_x86_64",
)
"""As packaging has them on x86_64 with glibc 2.36."""

_RECORDED = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))

_DERIVED = {
    "python3.9": ("python3.8", {"3.8": "3.9", "38": "39"}),
    "python3.10": ("python3.8", {"3.8": "3.10", "38": "310"}),
    "python3.12": ("python3.11", {"3.11": "3.12", "311": "312"}),
    "python3.13": ("python3.11", {"3.11": "3.13", "311": "313"}),
    "python3.14t": ("python3.13t", {"3.13": "3.14", "313": "314"}),
    "pypy3.10": ("pypy3.9", {"3.9.16": "3.10.16", "3.9": "3.10", "pypy39": "pypy310", '"39"': '"310"'}),
    "pypy3.11-pp73": ("pypy3.11", {"pp80": "pp73", "8.0.1": "7.3.19"}),
}
"""Name → the recording it is made of, and what is rewritten in its text, in this order."""

NAMES = (*_RECORDED, *_DERIVED)


@cache
def load(name: str) -> Interpreter:
    """Return the interpreter ``name``: a canonical name of :data:`NAMES` (``pypy3.11-pp73``: PyPy 3.11 before 8.0)."""
    answer = {**answer_of(name), "platforms": PLATFORMS}
    return interpreter_from(checked(answer), executable=Path("/usr/bin") / name, found="PATH")


def answer_of(name: str) -> dict[str, Any]:
    """Return the recorded or derived answer as the probe gives it, without ``platforms``."""
    recording, rewritten = _DERIVED.get(name, (name, {}))
    text = (FOLDER / f"{recording}.json").read_text(encoding="utf-8")
    for old, new in rewritten.items():
        text = text.replace(old, new)
    answer: dict[str, Any] = json.loads(text)
    return answer


def load_version(name: str, version: str) -> Interpreter:
    """Return ``name`` with another full version: ``load_version("python3.12", "3.12.4")``."""
    return replace(load(name), version=Version(version))
