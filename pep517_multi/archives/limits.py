"""How much an archive may unpack to."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_SIZE = 16 << 30
DEFAULT_RATIO = 200.0
_HARMLESS = 256 << 20


@dataclass(frozen=True)
class Limits:
    """What is refused as a bomb, before and while it is unpacked.

    :param size: bytes of all files together.
    :param ratio: how many times the size of the archive they may have; what unpacks to at most ``harmless`` bytes is
        never refused for that.
    :param members: how many members a tar archive may have.
    """

    size: int = DEFAULT_SIZE
    ratio: float = DEFAULT_RATIO
    harmless: int = _HARMLESS
    members: int = 500_000

    def fault(self, unpacked: int, archive: int) -> str | None:
        """Return why ``unpacked`` bytes out of ``archive`` bytes are too many, a clause; ``None`` if they are not."""
        if unpacked > self.size:
            return f"it unpacks to more than {self.size} bytes (--max-size allows more)"
        if unpacked > max(self.harmless, self.ratio * archive):
            return f"it unpacks to more than {self.ratio:g} times its size (--max-ratio allows more)"
        return None
