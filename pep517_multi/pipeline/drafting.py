"""What is compiled to bytecode while the first wheel is still being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.wheels.decision import Dependence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.building import Building
    from pep517_multi.staging.drafts import Drafts


def drafts_of(building: Building, folder: Path) -> Drafts:
    """Guess from the sources what there will be to compile for each implementation."""
    from pep517_multi.sources.modules import likely_modules
    from pep517_multi.staging.drafts import Drafts

    shares = dict(building.choices.shares)  # who fails meanwhile leaves it

    def modules(interpreter: Interpreter) -> Iterator[tuple[str, str]]:
        return likely_modules(shares[interpreter.name].tree)

    def library(interpreter: Interpreter) -> str:
        extension = shares[interpreter.name].policy.dependence is Dependence.EXTENSION
        return "platlib" if extension else "purelib"

    return Drafts(folder, modules, library, at_once=building.run.settings.jobs - 1)
