"""Differences that a packager has looked at and accepts: written down with a reason, and perhaps a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from packaging.utils import canonicalize_name

_TEXTS = ("package", "file", "kind", "reason")
_TAKES = "it takes tables with package, file, kind, reason and expires"


@dataclass(frozen=True)
class Acceptance:
    """One ``[[qa.accept]]`` table.

    :param package: name of the project; ``None`` for whichever is at hand, ``*`` for all, of which none need have a use
        for it.
    :param file: glob over the paths that findings name; a ``*`` matches slashes, too.
    :param kind: the kind of finding, all by default.
    :param expires: the last day on which it holds; ``None`` for ever.
    """

    reason: str
    package: str | None = None
    file: str = "*"
    kind: str = "*"
    expires: dt.date | None = None

    @classmethod
    def parse(cls, table: object) -> Acceptance:
        """Read a table of a configuration file.

        :raises ValueError: it is none, has an unknown key, or gives no reason.
        """
        if not isinstance(table, Mapping):
            raise ValueError(_TAKES)  # noqa: TRY004 - a value of a file is wrong, not a type of ours
        unknown = sorted(table.keys() - {*_TEXTS, "expires"})
        if unknown:
            raise ValueError(f"it takes package, file, kind, reason and expires, not {', '.join(unknown)}")
        texts = {key: table[key] for key in _TEXTS if key in table}
        if not all(isinstance(value, str) and value.strip() for value in texts.values()):
            raise ValueError("package, file, kind and reason are texts")
        if "reason" not in texts:
            raise ValueError("each needs a reason")
        if not texts.keys() - {"reason", "package"}:
            raise ValueError("each needs a file or a kind; what accepts everything finds nothing")
        return cls(**texts, expires=_date(table.get("expires")))

    def matches(self, *, package: str, file: str, kind: str) -> bool:
        """Whether it is about this difference, expired or not."""
        return self.is_about(package) and fnmatchcase(file, self.file) and fnmatchcase(kind, self.kind)

    def is_about(self, package: str) -> bool:
        """Whether differences of this package can be meant."""
        return self.package in {None, "*"} or self.names(package)

    def names(self, package: str) -> bool:
        """Whether it is meant for this very package, and should be of use for it."""
        return self.package is None or canonicalize_name(package) == canonicalize_name(self.package)

    def expired(self, today: dt.date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    def __str__(self) -> str:
        shown = {"package": self.package, "file": self.file, "kind": self.kind}
        told = " ".join(f"{key} {value}" for key, value in shown.items() if value not in {None, "*"})
        return f"{told} ({self.reason})"


Acceptances: TypeAlias = tuple[Acceptance, ...]


def parse_all(value: object) -> Acceptances:
    """Read the tables of one configuration file.

    :raises ValueError: as :meth:`Acceptance.parse`.
    """
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(_TAKES)  # noqa: TRY004 - as above
    return tuple(map(Acceptance.parse, value))


def _date(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"expires takes a day such as 2030-12-31: {error}") from error
