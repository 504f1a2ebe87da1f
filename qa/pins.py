"""The corpus: which packages the campaign builds, and what is known of them beforehand."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pep517_multi.errors import UsageError
from pep517_multi.findings import QaVerdict
from pep517_multi.settings import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).with_name("corpus")
_KEYS = frozenset({"file", "sha256", "backend", "evidence", "smoke", "notes", "qa", "varies"})
_VERDICTS: tuple[str, ...] = get_args(QaVerdict)
_USUAL: QaVerdict = "identical"


@dataclass(frozen=True)
class Varies:
    """Files of a package that its backend does not make the same way twice.

    :param files: patterns of their paths in a wheel or a root.
    :param by: the variations that change them; ``nothing`` where two equal runs differ already.
    :param reason: whose doing it is, and why.
    """

    files: tuple[str, ...]
    by: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Expectation:
    """A verdict of QA other than ``identical`` that is expected of a wheel that was reused.

    :param impls: patterns of the names of the implementations that are served, such as ``pypy3.*``.
    :param reason: why the wheel is right for them nevertheless.
    """

    impls: tuple[str, ...]
    verdict: QaVerdict
    reason: str


@dataclass(frozen=True)
class Package:
    """One real package, pinned.

    :param group: the file of the corpus that it stands in: what it is there for.
    :param evidence: the verdict that the source is expected to get.
    :param smoke: whether it is one of the few of a smoke run.
    :param notes: what is remarkable about it.
    :param qa: where QA is expected to say anything but ``identical`` of a wheel that was reused.
    :param varies: what of it is known not to be reproducible.
    """

    name: str
    group: str
    file: str
    sha256: str
    backend: str
    evidence: str
    smoke: bool = False
    notes: str = ""
    qa: tuple[Expectation, ...] = field(default=())
    varies: tuple[Varies, ...] = field(default=())


def expected_verdict(expectations: Sequence[Expectation], impl: str) -> QaVerdict:
    """Return what QA is expected to say of a wheel of another that ``impl`` is served."""
    matching = (one for one in expectations if any(fnmatch.fnmatchcase(impl, pattern) for pattern in one.impls))
    return next((one.verdict for one in matching), _USUAL)


def read_corpus(folder: Path = FOLDER) -> tuple[Package, ...]:
    """Read every file of the corpus; packages in the order of their files and of their names.

    :raises UsageError: a table has a key that nobody reads, or lacks one, or a package stands there twice.
    """
    packages = [
        _package(name, path, entry) for path in sorted(folder.glob("*.toml")) for name, entry in read_toml(path).items()
    ]
    names = [package.name for package in packages]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the corpus has {', '.join(twice)} twice; keep one")
    return tuple(sorted(packages, key=lambda package: (package.group, package.name)))


def _package(name: str, path: Path, entry: dict[str, Any]) -> Package:
    if strange := entry.keys() - _KEYS:
        raise UsageError(f"{path.name}: {name} has the unknown key {', '.join(sorted(strange))}")
    try:
        varies = tuple(Varies(tuple(one["files"]), tuple(one["by"]), one["reason"]) for one in entry.get("varies", ()))
        qa = tuple(Expectation(tuple(one["impls"]), one["verdict"], one["reason"]) for one in entry.get("qa", ()))
        package = Package(name=name, group=path.stem, **{**entry, "qa": qa, "varies": varies})
    except (TypeError, KeyError) as error:
        raise UsageError(f"{path.name}: {name} is not complete: {error}") from error
    if unknown := [one.verdict for one in qa if one.verdict not in _VERDICTS]:
        raise UsageError(f"{path.name}: {name} expects {unknown[0]!r} of QA, which says {', '.join(_VERDICTS)}")
    return package


def choose(packages: Sequence[Package], *, only: Sequence[str] = (), smoke: bool = False) -> tuple[Package, ...]:
    """Return the packages of a run.

    :raises UsageError: ``only`` names a package that the corpus does not have.
    """
    known = {package.name for package in packages}
    if strange := [name for name in only if name not in known]:
        raise UsageError(f"the corpus has no {', '.join(strange)}; it has {', '.join(sorted(known))}")
    return tuple(package for package in packages if (not only or package.name in only) and (not smoke or package.smoke))
