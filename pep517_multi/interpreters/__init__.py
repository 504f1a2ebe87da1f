"""Which interpreters there are, what each says of itself, and which wheels it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pep517_multi.interpreters.discovery import Candidate, Finder
    from pep517_multi.interpreters.interpreter import PREFIX_PLACEHOLDER, Interpreter
    from pep517_multi.interpreters.spec import Spec

__all__ = ["PREFIX_PLACEHOLDER", "Candidate", "Finder", "Interpreter", "Spec"]

_HOMES = {
    "Candidate": "discovery",
    "Finder": "discovery",
    "Interpreter": "interpreter",
    "PREFIX_PLACEHOLDER": "interpreter",
    "Spec": "spec",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``--help`` does not pay for ``packaging``."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
