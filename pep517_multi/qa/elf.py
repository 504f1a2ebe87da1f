"""What a shared object is for those who load it: libraries, symbols, texts and loaded sections, one line each.

Needs pyelftools; without it nothing is known of a shared object but its bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"\x7fELF"
_LOADED = 2  # SHF_ALLOC: the section is part of the process image
_NOTES = ".note."  # the build id among them
_TEXT = re.compile(rb"[\x20-\x7e\t\n]{4,}(?=\0)")
_SHOWN = 16


@cache
def is_available() -> bool:
    """Whether shared objects can be looked into."""
    try:
        import elftools.elf.elffile  # noqa: F401 - asked for, not used
    except ImportError:
        return False
    return True


def is_elf(data: bytes) -> bool:
    """Whether ``data`` is an object file at all."""
    return data.startswith(_MAGIC)


def describe(data: bytes) -> tuple[str, ...] | None:
    """Return the lines, sorted; ``None`` where ``data`` is no readable object file, or nothing can read it.

    Left out is what no loader looks at: debug information, the symbol table, the build id.
    """
    if not is_elf(data) or not is_available():
        return None
    from elftools.common.exceptions import ELFError
    from elftools.construct.core import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        lines = set(_lines(ELFFile(io.BytesIO(data))))
    except (ELFError, ConstructError, ValueError, KeyError, AttributeError, UnicodeDecodeError):  # a damaged file
        return None
    # Without a table of sections, what is loaded cannot be told apart from the rest.
    return tuple(sorted(lines)) if any(line.startswith("section ") for line in lines) else None


def _lines(elf: Any) -> Iterator[str]:  # noqa: ANN401 - pyelftools is optional, and has no types
    yield f"machine {elf.get_machine_arch()}"
    for section in elf.iter_sections():
        if not section["sh_flags"] & _LOADED or section.name.startswith(_NOTES):
            continue
        yield f"section {section.name} {section['sh_size']} bytes {_digest(section)}"
        if section.name == ".dynamic":
            yield from _dynamic(section)
        elif section.name == ".dynsym":
            yield from _symbols(section)
        elif section.name.startswith(".rodata"):
            yield from (f"text {text.decode('ascii')!r}" for text in _TEXT.findall(section.data()))


def _digest(section: Any) -> str:  # noqa: ANN401 - as above
    if section["sh_type"] == "SHT_NOBITS":
        return ""
    return hashlib.sha256(section.data()).hexdigest()[:_SHOWN]


def _dynamic(section: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    for tag in section.iter_tags():
        for kind, value in (("needed", "DT_NEEDED"), ("soname", "DT_SONAME"), ("runpath", "DT_RUNPATH")):
            if tag.entry.d_tag == value:
                yield f"{kind} {getattr(tag, kind)}"


def _symbols(section: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    for symbol in section.iter_symbols():
        if symbol.name:
            yield f"{'imports' if symbol['st_shndx'] == 'SHN_UNDEF' else 'exports'} {symbol.name}"
