"""The install phase: which wheels go into which staging root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.errors import PlanError, StagingError, UsageError
from pep517_multi.pipeline.merging import place_of
from pep517_multi.wheels.decision import misfits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.pipeline.run import Run
    from pep517_multi.staging import StageRequest
    from pep517_multi.wheels.store import Served
    from pep517_multi.wheels.wheel import Wheel


def stage_request(run: Run, interpreter: Interpreter, wheels: Sequence[Wheel]) -> StageRequest:
    """Describe the installation of ``wheels`` into the staging root of ``interpreter``, before any merging."""
    from pep517_multi.staging import StageRequest

    place = place_of(run, interpreter.name)
    root = (run.settings.roots or run.work.roots).absolute() / interpreter.name
    paths = tuple(wheel.path for wheel in wheels)
    owned = run.settings.roots is None
    if place is not None:
        root, owned = place.root(interpreter.name), True
    return StageRequest(interpreter=interpreter, wheels=paths, root=root, layout=run.layout, owned=owned)


def served_by_build(run: Run) -> Mapping[str, Served]:
    """Return what the build phase left, by canonical name.

    :raises PlanError: it left nothing at all, or nothing for an implementation that was named.
    """
    served = run.store.served()
    lacking = [interpreter.name for interpreter in run.interpreters if interpreter.name not in served]
    if lacking and (run.named or not served):
        raise PlanError(
            f"no wheel for {', '.join(lacking)} is in {run.work.path}; run the build phase first: "
            f"multibuild build --impls {' '.join(lacking)}"
        )
    return served


def fitting_wheels(interpreter: Interpreter, wheels: Sequence[Wheel]) -> list[Wheel]:
    """Choose of each project the wheel that fits ``interpreter`` best, as an installer would.

    :raises StagingError: none of a project fits; the reasons are told for each of its wheels.
    :raises UsageError: the best are of two versions.
    """
    chosen = []
    for project in sorted({wheel.name.name for wheel in wheels}):
        candidates = [wheel for wheel in wheels if wheel.name.name == project]
        against = {wheel: tuple(misfits(interpreter, wheel)) for wheel in candidates}
        fitting = [wheel for wheel in candidates if not against[wheel]]
        if not fitting:
            told = "; ".join(f"{wheel.name}: {', '.join(reasons)}" for wheel, reasons in against.items())
            raise StagingError(f"no wheel of {project} fits {interpreter.name}: {told}")
        best = min(fitting, key=lambda wheel: (interpreter.rank(wheel.name.tags), wheel.name.filename))
        rivals = (wheel for wheel in fitting if interpreter.rank(wheel.name.tags) == interpreter.rank(best.name.tags))
        if other := next((wheel for wheel in rivals if wheel.name.version != best.name.version), None):
            raise UsageError(f"{best.name} and {other.name} fit {interpreter.name} equally well; give one of them")
        chosen.append(best)
    return chosen
