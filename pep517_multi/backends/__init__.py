"""Build environments of a target, and PEP 517 calls in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pep517_multi.backends.calls import BuildCall, BuiltWheel, build_wheel
    from pep517_multi.backends.environments import Environment, Environments
    from pep517_multi.backends.installed import InstalledEnvironments, missing_requirements
    from pep517_multi.backends.isolated import IsolatedEnvironments
    from pep517_multi.backends.jobserver import BoundEnvironments, Jobserver
    from pep517_multi.backends.ordinary_abi import AbiSwitch, ordinary_abi
    from pep517_multi.backends.scrubbing import recorded, scrubbed

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


_HOMES = {
    "AbiSwitch": "ordinary_abi",
    "BoundEnvironments": "jobserver",
    "BuildCall": "calls",
    "BuiltWheel": "calls",
    "Environment": "environments",
    "Environments": "environments",
    "InstalledEnvironments": "installed",
    "IsolatedEnvironments": "isolated",
    "Jobserver": "jobserver",
    "build_wheel": "calls",
    "missing_requirements": "installed",
    "ordinary_abi": "ordinary_abi",
    "recorded": "scrubbing",
    "scrubbed": "scrubbing",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: what is needed first waits for nothing else."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
