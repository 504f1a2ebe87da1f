"""Bytecode of what a wheel will probably bring, made by a processor that has nothing to do while the wheel is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter


@dataclass(frozen=True)
class Drafts:
    """What to compile before there is a wheel.

    A draft is used for a file of the same path and content, so that a guess that is wrong costs time and nothing else.

    :param folder: for copies and their bytecode; theirs alone, and cleared away by whoever named it.
    :param modules: gives pairs for an implementation: where a file lies now, and its path below site-packages.
    :param library: gives which site-packages of an implementation that will be, ``purelib`` or ``platlib``.
    :param at_once: how many targets may be busy with it, at least one.
    """

    folder: Path
    modules: Callable[[Interpreter], Iterable[tuple[str, str]]]
    library: Callable[[Interpreter], str]
    at_once: int
