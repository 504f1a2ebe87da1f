"""Signs that a build script treats a version of Python specially, without writing it as a version."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence.literals import imported_roots
from pep517_multi.sources.evidence.project import SPARE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKS_FOR_VERSION = re.compile(r"version_info|hexversion|python_version|py_version|sys\.version|cache_tag|SOABI|get_tag")
"""One of these is in whatever computes something from the version."""

_MINORS = range(8, 31)
_IN_ONE = re.compile(r"3_?(\d{1,2})")
_IN_NAME = re.compile(
    r"(?:^|[^0-9a-z])(?:(?:py|cp|pp|python|cpython|pypy)[-_]?)?3[._-]?(\d{1,2})(?=[^0-9]|$)", re.IGNORECASE
)
_CHANGES = {
    minor: frozenset(modules.split())
    for minor, modules in {
        9: "_dummy_thread dummy_threading graphlib zoneinfo",
        10: "_bootlocale formatter parser symbol",
        11: "binhex tomllib",
        12: "asynchat asyncore distutils imp smtpd",
        13: "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap nis nntplib ossaudiodev pipes sndhdr spwd sunau "
        "telnetlib uu xdrlib",
        14: "annotationlib compression",
    }.items()
}
"""The first version that has, or has no longer, a module of the standard library."""
_OTHER_ORDER = frozenset({12, 13})
_UNMISTAKABLE = frozenset({"annotationlib", "asynchat", "asyncore", "graphlib", "lib2to3", "tomllib", "zoneinfo"})
"""Those of them that are no words by which something else is called."""


def arrivals(text: str, module: ast.Module, *, provided: frozenset[str] = frozenset()) -> frozenset[int]:
    """Return the versions with which modules that are imported, or named by a text, have come or gone.

    And those with which ``path.rglob()`` finds the same in another order.

    :param text: the source of ``module``.
    :param provided: modules that build requirements bring, whatever Python has.
    """
    named = {name for name in _UNMISTAKABLE if f'"{name}"' in text or f"'{name}'" in text}
    named |= {*imported_roots(module)}
    found = {minor for minor, modules in _CHANGES.items() if (named - provided) & modules}
    return frozenset(found) | (_OTHER_ORDER if "rglob" in text else frozenset())


def numbers_compared(module: ast.Module) -> Iterator[int]:
    """Yield minor versions that are mere numbers, or written without a dot: ``minor in range(10, 12)``, ``"311"``."""
    for node in ast.walk(module):
        match node:
            case ast.Compare(left=left, comparators=comparators):
                sides = (left, *comparators)
                if not any(isinstance(side, ast.Call) and _is(side.func, "len") for side in sides):
                    yield from (part for side in sides for part in _members(side) if part in _MINORS)
            case ast.Dict(keys=keys):
                yield from (part for key in keys if key is not None for part in _members(key) if part in _MINORS)
            case ast.MatchValue(value=value):
                yield from (part for part in _members(value) if part in _MINORS)
            case ast.Constant(value=int() | str() as value) if not isinstance(value, bool):
                yield from _written_in_one(str(value))
            case _:
                pass


def _members(node: ast.expr) -> Iterator[int]:
    """Yield a number, or those of a list of numbers that is no version by itself."""
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            yield number
        case ast.Call(func=function, args=arguments) if _is(function, "range"):
            for argument in arguments:
                yield from _members(argument)
        case ast.List(elts=elements) | ast.Set(elts=elements) | ast.Tuple(elts=elements):
            if not (isinstance(node, ast.Tuple) and elements and _is_three(elements[0])):
                for element in elements:
                    yield from _members(element)
        case _:
            pass


def _is_three(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 3  # noqa: PLR2004 - Python 3


def _is(function: ast.expr, name: str) -> bool:
    return isinstance(function, ast.Name) and function.id == name


def _written_in_one(text: str) -> Iterator[int]:
    match = _IN_ONE.fullmatch(text)
    if match and int(match[1]) in _MINORS:
        yield int(match[1])


def in_name(name: str) -> Iterator[int]:
    """Yield the minor versions in the name of a file of the project, whose path a script may compute."""
    if not name.startswith((*SPARE_FOLDERS, "docs_")):
        yield from (int(minor) for minor in _IN_NAME.findall(name) if int(minor) in _MINORS)
