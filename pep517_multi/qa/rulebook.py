"""Which rules a comparison applies: those of the proof, and those that look into shared objects."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pep517_multi.errors import UsageError
from pep517_multi.qa import elf
from pep517_multi.wheels.rules import RULES, Rule
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pep517_multi.wheels.aspects import Aspect, Value

_IMPL = re.compile(r"(^|/)(?:python|pypy)\d+(?:\.\d+)?[td]*(?=/)")
_SUFFIX = re.compile(r"\.(?:cpython|cp|pypy|graalpy)-?\d[^/]*\.(so|pyd)$")
_OF_HEADERS = re.compile(
    r"section |imports _?Py|runpath "
    # the C library: every interpreter has it loaded, and a linker leaves it out where nothing of it is called
    r"|needed libc\.(?:so\.\d+|musl-\w+\.so\.\d+)$"
    # functions of the C library that compilers put in each other's place, as they are told to optimise and to check
    r"|imports (?:__\w+_chk|__stack_chk_fail|__isoc\d+_\w+|f?printf|f?put[cs]|putchar|fwrite|v?sn?printf|sscanf"
    r"|strto(?:u?ll?|u?max|d|f|ld)|mem(?:cpy|set|move|cmp)|bcmp|bzero|str(?:n?cpy|len|n?cmp|n?cat|r?chr)|stpn?cpy|mempcpy)$"
)


def _loaded(value: Value) -> Value:
    """Describe a shared object by what is loaded of it; anything else stays as it is."""
    if not isinstance(value, Blob):
        return value
    return elf.describe(value.read()) or value


def _promised(value: Value) -> Value:
    """Leave out of a description what depends on the headers of Python, and on the flags that it has for linkers."""
    return tuple(line for line in value if not _OF_HEADERS.match(line)) if isinstance(value, tuple) else value


def _may_be_elf(aspect: Aspect) -> bool:
    return aspect.kind == "bytes"


_SHARED_OBJECTS = (
    Rule("debug-information", "no loader looks at debug information and build ids", _may_be_elf, _loaded),
    Rule(
        "stable-abi-headers",
        "compiled with other headers and flags, a module for the stable ABI has other instructions and calls other "
        "functions of Python; its libraries, its own symbols and its texts count",
        lambda aspect: aspect.kind == "bytes" and aspect.nature == "stable-abi-extension",
        _promised,
    ),
)
CODE_OBJECTS = Rule(
    "code-objects",
    "times, paths of sources and how constants are stored say nothing of what bytecode does; its code objects count",
    lambda aspect: aspect.kind == "bytes" and aspect.file.endswith(".pyc"),
)
"""What a target makes of bytecode is known to :class:`pep517_multi.qa.code_objects.CodeObjects` alone."""
_ACROSS = (
    Rule(
        "implementation-paths",
        "folders named after the implementation",
        rename=lambda path: _IMPL.sub(r"\1{impl}", path),
    ),
    Rule(
        "extension-suffix",
        "file names of extension modules are those of the implementation",
        rename=lambda path: _SUFFIX.sub(r".{suffix}.\1", path),
    ),
)
QA = (*RULES, *_SHARED_OBJECTS, CODE_OBJECTS)
"""What the comparison of a reused wheel with a fresh one for the same implementation applies."""
ACROSS = (*_ACROSS, *QA)
"""What ``multibuild diff`` applies: the two may be of different implementations."""


def reasons() -> Mapping[str, str]:
    """Return each rule there is, with its reason."""
    return {rule.name: rule.because for rule in ACROSS}


def chosen(usual: tuple[Rule, ...], names: Iterable[str]) -> tuple[Rule, ...]:
    """Return ``usual`` without each rule that is named with ``-`` in front, and with each named without.

    :raises UsageError: there is no such rule.
    """
    wanted = {rule.name for rule in usual}
    for given in names:
        name = given.removeprefix("-").removeprefix("+")
        if name not in reasons():
            near = difflib.get_close_matches(name, reasons(), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(reasons())}"
            raise UsageError(f"there is no rule {name!r} of normalisation; {hint}")
        (wanted.discard if given.startswith("-") else wanted.add)(name)
    return tuple(rule for rule in ACROSS if rule.name in wanted)
