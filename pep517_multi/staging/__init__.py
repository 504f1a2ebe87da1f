"""Wheels into staging roots: one root per implementation, there whole or not at all."""

from pep517_multi.staging.layout import Layout
from pep517_multi.staging.stager import Staged, Stager, StageRequest

__all__ = ["Layout", "StageRequest", "Staged", "Stager"]
