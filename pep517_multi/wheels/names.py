"""The file name of a wheel, parsed once at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pep517_multi.errors import IntegrityError

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version


@dataclass(frozen=True)
class WheelName:
    """Everything a wheel's file name says (:pep:`427`); a compressed tag set is taken apart into its tags.

    :param tag_text: the tag as written, ``cp315-abi3.abi3t-linux_x86_64``: for people, never for decisions.
    """

    filename: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    tag_text: str

    @classmethod
    def parse(cls, filename: str) -> WheelName:
        """Parse a file name (no folders).

        :raises IntegrityError: it is not the name of a wheel.
        """
        try:
            name, version, build, tags = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            message = f"{filename!r} is not the file name of a wheel: {error}"
            raise IntegrityError(message) from error
        tag_text = "-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:])
        return cls(filename, name, version, build, tags, tag_text)

    def __str__(self) -> str:
        return self.filename
