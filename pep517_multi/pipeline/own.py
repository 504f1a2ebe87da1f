"""What is looked at in a wheel right after its build, before anybody uses it."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, canonicalize_version

from pep517_multi.errors import BuildError, IntegrityError
from pep517_multi.interpreters import machines
from pep517_multi.wheels.decision import Dependence, admits, usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.sources.tree import SourceTree
    from pep517_multi.wheels.decision import Policy
    from pep517_multi.wheels.wheel import Wheel


def is_of(tree: SourceTree, wheel: Wheel) -> bool:
    """Whether ``wheel`` is of the project, and of the version, that the source declares; what it leaves open fits."""
    same_name = tree.name is None or canonicalize_name(tree.name) == wheel.name.name
    return same_name and (
        tree.version is None or canonicalize_version(tree.version) == canonicalize_version(str(wheel.name.version))
    )


def check_own(interpreter: Interpreter, wheel: Wheel, *, tree: SourceTree, policy: Policy) -> None:
    """Refuse a wheel that cannot be what was asked for.

    :raises IntegrityError: it is the wheel of another project or version than the source declares.
    :raises BuildError: the implementation that built it cannot use it, it was compiled for another machine, or
        ``--ext yes`` is not met.
    """
    if not is_of(tree, wheel):
        declared = " ".join(filter(None, (tree.name, tree.version)))
        raise IntegrityError(f"the backend built {wheel.name}, but the source is {declared}")
    if not usable(interpreter, wheel.name.tags):
        raise BuildError(
            f"the backend built {wheel.name}, whose tag {wheel.name.tag_text} {interpreter.name} cannot use"
        )
    if not admits(wheel, interpreter):
        raise BuildError(
            f"the project requires Python {wheel.requires_python}, {interpreter.name} is {interpreter.version}; "
            f"leave {interpreter.name} out"
        )
    if interpreter.sysroot is not None:
        _check_machine(interpreter, wheel)
    if policy.extension_required and not wheel.extensions:
        raise BuildError(
            f"{wheel.name} holds no extension module, which --ext yes asks for; see whether a compiler failed"
        )


def _check_machine(interpreter: Interpreter, wheel: Wheel) -> None:
    """Refuse extension modules of the build machine in a wheel for another."""
    with zipfile.ZipFile(wheel.path) as archive:
        for member in wheel.extensions:
            with archive.open(member) as stream:
                begin = stream.read(machines.HEADER)
            if machines.is_foreign(begin, interpreter.platform):
                raise BuildError(
                    f"{member} in {wheel.name} was compiled for {machines.machine_in(begin)}, not for "
                    f"{interpreter.platform} as --sysroot wants; name the cross compiler in CC, CXX, AR and the like, "
                    f"or in the backend's own settings"
                )


def own_oddities(interpreter: Interpreter, wheel: Wheel, *, policy: Policy) -> Iterator[str]:
    """Yield what a reader of the log should know of a wheel; it is used by its builder all the same."""
    if policy.dependence is Dependence.EXTENSION and not wheel.extensions and not policy.extension_required:
        yield f"{wheel.name} holds no extension module, although the source speaks of some; a compiler may have failed"
    if policy.dependence is not Dependence.EXTENSION and wheel.extensions:
        yield f"{wheel.name} holds extension modules that the source did not announce: {', '.join(wheel.extensions)}"
    if wheel.extensions and wheel.abis == {"none"}:
        yield f"{wheel.name}: its tag says that it has no ABI, but it holds extension modules of {interpreter.name}"
