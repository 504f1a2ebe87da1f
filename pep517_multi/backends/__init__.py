"""Build environments of a target, and PEP 517 calls in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.backends.calls import BuildCall, BuiltWheel, build_wheel
from pep517_multi.backends.environments import Environment, Environments
from pep517_multi.backends.installed import InstalledEnvironments, missing_requirements
from pep517_multi.backends.jobserver import BoundEnvironments, Jobserver
from pep517_multi.backends.ordinary_abi import AbiSwitch, ordinary_abi
from pep517_multi.backends.scrubbing import recorded, scrubbed

if TYPE_CHECKING:
    from pep517_multi.backends.isolated import IsolatedEnvironments

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


def __getattr__(name: str) -> object:
    """Import what makes environments only for who makes some."""
    if name == "IsolatedEnvironments":
        from pep517_multi.backends import isolated

        return isolated.IsolatedEnvironments
    raise AttributeError(name)
