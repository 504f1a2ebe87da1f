"""Where code of strangers can do no harm: no network, nothing to write to but what is its own, nobody else to see."""

from __future__ import annotations

from pep517_multi.sandbox.finding import find_sandbox
from pep517_multi.sandbox.runner import Sandbox, SandboxedRunner

__all__ = ["Sandbox", "SandboxedRunner", "find_sandbox"]
