"""Build requirements: which apply to a target, and which of them its packages do not meet."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pep517_multi.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pep517_multi.interpreters.interpreter import Interpreter


@dataclass(frozen=True)
class Package:
    """A distribution that a target can import; ``name`` is normalised (:pep:`503`).

    :param where: the path of its metadata; empty where nothing is known of it.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class Packages:
    """What a target can import, by normalised name.

    :param complete: whether that is all; if not, what is not in it may be there all the same.
    :param path: the folders in which the target looks, in this order.
    """

    by_name: Mapping[str, Package]
    complete: bool = True
    path: tuple[str, ...] = ()

    @classmethod
    def of(cls, packages: Iterable[Package], *, complete: bool = True, path: tuple[str, ...] = ()) -> Packages:
        """Take ``packages`` in the order of ``sys.path``: of two with one name the first is what an import finds."""
        by_name: dict[str, Package] = {}
        for package in packages:
            by_name.setdefault(package.name, package)
        return cls(by_name, complete, path)

    def versions(self, requirements: Iterable[Requirement]) -> dict[str, str]:
        """Return normalised name → version of what ``requirements`` name, sorted, as far as it is there."""
        names = sorted({str(canonicalize_name(requirement.name)) for requirement in requirements})
        return {name: self.by_name[name].version for name in names if name in self.by_name}

    def needed_by(self, requirements: Iterable[Requirement]) -> dict[str, Package]:
        """Return by name what ``requirements`` name and all that these may require in turn, as far as it is there."""
        found: dict[str, Package] = {}
        waiting = [str(canonicalize_name(requirement.name)) for requirement in requirements]
        while waiting:
            package = self.by_name.get(waiting.pop())
            if package is not None and package.name not in found:
                found[package.name] = package
                for text in package.requires:
                    with contextlib.suppress(InvalidRequirement):  # metadata from before PEP 508
                        waiting.append(str(canonicalize_name(Requirement(text).name)))
        return found


def parsed(text: str) -> Requirement:
    """Parse one :pep:`508` requirement.

    :raises PlanError: it is none.
    """
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        message = (
            f"the build requirement {text!r} is not valid ({str(error).splitlines()[0]}); mend it where it is asked for"
        )
        raise PlanError(message) from error


def applicable(interpreter: Interpreter, requires: Iterable[str]) -> tuple[Requirement, ...]:
    """Return the requirements whose markers hold for ``interpreter``, without their markers, sorted, each once.

    :raises PlanError: one of ``requires`` is not a requirement.
    """
    found: dict[str, Requirement] = {}
    for requirement in map(parsed, requires):
        if _applies(requirement, interpreter, extras=()):
            requirement.marker = None
            found[str(requirement)] = requirement
    return tuple(found[text] for text in sorted(found))


def _applies(requirement: Requirement, interpreter: Interpreter, *, extras: Iterable[str]) -> bool:
    """Tell whether the marker holds with any of ``extras``, or with none."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate(environment={**interpreter.markers, "extra": extra}) for extra in ("", *extras)
    )


def unmet(interpreter: Interpreter, requires: Iterable[str], packages: Packages) -> tuple[str, ...]:
    """Return what of ``requires`` and of all that they require in turn is not met by ``packages``.

    Each is a fragment of a sentence: ``flit_core>=3.4 (not installed)``, ``hatchling>=1.27 (1.18.0 is installed)``,
    ``pathspec>=0.10.1 (not installed; hatchling needs it)``.

    :raises PlanError: one of ``requires`` is not a requirement.
    """
    walk = _Walk(interpreter, packages)
    found = [
        text for requirement in applicable(interpreter, requires) for text in walk.unmet(requirement, needed_by=None)
    ]
    return tuple(dict.fromkeys(found))


@dataclass
class _Walk:
    """One walk through a graph of requirements, which may have cycles."""

    interpreter: Interpreter
    packages: Packages
    seen: set[str] = field(default_factory=set)

    def unmet(self, requirement: Requirement, *, needed_by: str | None) -> Iterator[str]:
        """Yield what is not met of ``requirement``, whose marker is known to hold, and of what it requires."""
        requirement.marker = None
        if str(requirement) in self.seen:
            return
        self.seen.add(str(requirement))
        because = f"; {needed_by} needs it" if needed_by else ""
        package = self.packages.by_name.get(canonicalize_name(requirement.name))
        if package is None:
            yield f"{requirement} (not installed{because})"
        elif not requirement.specifier.contains(package.version, prereleases=True):
            yield f"{requirement} ({package.version} is installed{because})"
        else:
            for text in package.requires:
                yield from self._required(text, by=package, extras=requirement.extras)

    def _required(self, text: str, *, by: Package, extras: Iterable[str]) -> Iterator[str]:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return  # metadata from before PEP 508, which nothing else takes offence at
        if _applies(requirement, self.interpreter, extras=extras):
            yield from self.unmet(requirement, needed_by=by.name)
