"""Build environments of a target, and PEP 517 calls in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.backends.calls import BuildCall, BuiltWheel, build_wheel
from pep517_multi.backends.environments import Environment, Environments
from pep517_multi.backends.installed import InstalledEnvironments, missing_requirements
from pep517_multi.backends.ordinary_abi import AbiSwitch, ordinary_abi
from pep517_multi.backends.scrubbing import recorded, scrubbed

if TYPE_CHECKING:
    from pep517_multi.backends.isolated import IsolatedEnvironments
    from pep517_multi.backends.jobserver import BoundEnvironments, Jobserver

__all__ = [
    "AbiSwitch",
    "BoundEnvironments",
    "BuildCall",
    "BuiltWheel",
    "Environment",
    "Environments",
    "InstalledEnvironments",
    "IsolatedEnvironments",
    "Jobserver",
    "build_wheel",
    "missing_requirements",
    "ordinary_abi",
    "recorded",
    "scrubbed",
]


_LATE = {"BoundEnvironments": "jobserver", "IsolatedEnvironments": "isolated", "Jobserver": "jobserver"}
"""What not every run needs → the module that has it."""


def __getattr__(name: str) -> object:
    """Import what not every run needs when it is asked for."""
    if name not in _LATE:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
