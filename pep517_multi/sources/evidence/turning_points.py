"""Versions of Python that the build of a project speaks of: there, what is built may change.

That two ends of a range build the same says little of a version between them that a build script names:
``if sys.version_info[:2] == (3, 11)`` would be missed. So the text of everything that may run in the build is searched
for versions, generously: a version found in vain costs a build, one overlooked may cost a wrong wheel.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pep517_multi.interpreters.interpreter import SUPPORTED_FROM
from pep517_multi.sources.evidence.build_scripts import MOST_SCRIPTS, Scripts
from pep517_multi.sources.evidence.literals import parse, statements
from pep517_multi.sources.evidence.project import SPARE_FOLDERS
from pep517_multi.sources.evidence.version_bounds import without_bounds
from pep517_multi.sources.evidence.version_signs import ASKS_FOR_VERSION, arrivals, in_name, numbers_compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pep517_multi.sources.evidence.project import Project

_PYTHON = (
    re.compile(r"\(\s*3\s*,\s*(?P<minor>\d{1,2})\b"),
    re.compile(r"""["'<>=!~\s]3\.(?P<minor>\d{1,2})(?![\d])(?=[\s"'.,:;)\]]|$)"""),
    re.compile(r"(?:\[1\]|\bminor\b)\W*(?:[<>=!]=?|\bin\b)\W*(?P<minors>(?:\d{1,2}\b[\s,]*)+)"),
    re.compile(r"\b(?P<minor>\d{1,2})\s*[<>=!]=?\s*[\w.]*(?:version_info\s*\[1\]|\bminor\b)"),
    re.compile(r"\b0x03(?P<hexadecimal>[0-9a-fA-F]{2})"),
    re.compile(r"\b(?:cp|pp|py|python|cpython-|pypy)_?3[_.]?(?P<minor>\d{1,2})\b", re.IGNORECASE),
)
"""How a version may be written in Python; the first and the last three also where another language has it."""
_OTHER = (*_PYTHON[:1], *_PYTHON[3:], re.compile(r"VERSION_(?:LESS|GREATER|EQUAL)\w*\W+3\.(?P<minor>\d{1,2})"))
_DIGIT = re.compile(r"\d")
_SPEAKS_OF_PYTHON = re.compile(r"py|version_compare|\b(?:STREQUAL|MATCHES|IN_LIST)\b", re.IGNORECASE)
_DATA = re.compile(
    r"""Programming Language ::[^"']*|(?:python_requires|requires-python|requires_python)\W*[=:]\W*["'][^"']*["']"""
    r"""|^\s*__\w*version__\s*=\s*["'][^"']*["']\s*$"""
)
_STABLE_ABI = re.compile(r"abi3|limited", re.IGNORECASE)
_STABLE_ABI_SINCE = re.compile(r"\bcp3\d+|\b0x03[0-9a-fA-F]+")
"""What most projects have and what is no condition: classifiers, Requires-Python, the project's own version, since when
the stable ABI is used."""
_OTHER_FILES = ("/meson.build", "/CMakeLists.txt", ".cmake", "/build.rs")
_READS_DOCSTRINGS = re.compile(r"(?<![\w.])__doc__\b|\bgetdoc\b|\bget_docstring\b")
_DISTUTILS = frozenset({"distutils"})  # setuptools puts its own in its place
_OLDEST, _NEWEST = min(SUPPORTED_FROM.values())[1], 100


def turning_points(project: Project) -> frozenset[int]:
    """Return the minor versions of Python 3 at which what is built may change, each being the first after a change.

    They come from build scripts, the modules and the data that these name, and the names of files. Where there is too
    much to read, all of them.
    """
    scripts = Scripts(project)
    if len(scripts.python) > MOST_SCRIPTS:
        return frozenset(range(_OLDEST, _NEWEST))
    found = {point for line in _requirement_lines(project) for point in _in_text(line)}
    required = {canonicalize_name(Requirement(text).name) for text in project.build_system.requires}
    provided = _DISTUTILS if "setuptools" in required else frozenset()
    asks = False
    for path in scripts.python:
        module = parse(path)
        text = _without_docstrings(scripts.text(path), module)
        rest, bounds = without_bounds(text, module)
        found |= bounds | {point for line in _lines(rest) for point in _around(_minors(line, _PYTHON))}
        found |= arrivals(text, module, provided=provided) if module is not None else frozenset()
        if ASKS_FOR_VERSION.search(text):
            asks = True
            found |= {*_around(numbers_compared(module) if module is not None else ())}
    for name in (*scripts.data, *(name for name in project.files if _is_build_file(name))):
        found |= {*_in_text(project.text(name), python=name in scripts.data)}
    if asks:
        found |= {*_around(minor for name in project.files for minor in in_name(name))}
    return frozenset(point for point in found if point > _OLDEST)


def _without_docstrings(text: str, module: ast.Module | None) -> str:
    """Leave docstrings, and texts that are statements otherwise, out of a module that does not read its own."""
    if module is None or _READS_DOCSTRINGS.search(text):
        return text
    lines = text.split("\n")
    for node in statements(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.end_lineno is not None:
            first, last = node.lineno - 1, node.end_lineno
            if ";" not in lines[first] and ";" not in lines[last - 1]:
                lines[first:last] = [""] * (last - first)
    return "\n".join(lines)


def _is_build_file(name: str) -> bool:
    return f"/{name}".endswith(_OTHER_FILES) and not name.startswith(SPARE_FOLDERS)


def _around(minors: Iterable[int]) -> Iterator[int]:
    """Yield where a stretch begins and ends that is one version alone."""
    for minor in minors:
        yield from (minor, minor + 1)


def _in_text(text: str, *, python: bool = True) -> Iterator[int]:
    """Yield the turning points in a text that is no module of Python.

    :param python: whether every version in it is taken for one of Python.
    """
    rest, bounds = without_bounds(text)
    yield from bounds
    for line in _lines(rest):
        yield from _around(_minors(line, _PYTHON if python or _SPEAKS_OF_PYTHON.search(line) else _OTHER))


def _requirement_lines(project: Project) -> Iterator[str]:
    """Yield what of ``pyproject.toml`` may depend on a version: markers of build requirements, and overrides."""
    for requirement in project.build_system.requires:
        yield requirement.partition(";")[2]
    for override in project.table("tool", "scikit-build").get("overrides") or ():
        yield str(override.get("if", "")) if isinstance(override, dict) else ""


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of ``text`` without mere data; a comment behind code stays, for it may be the end of a string."""
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            telling = _DATA.sub("", line)
            yield _STABLE_ABI_SINCE.sub("", telling) if _STABLE_ABI.search(line) else telling


def _minors(line: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[int]:
    if not _DIGIT.search(line):  # no pattern fits, and most lines are such
        return
    for match in (match for pattern in patterns for match in pattern.finditer(line)):
        for kind, text in match.groupdict().items():
            yield from (int(part, 16 if kind == "hexadecimal" else 10) for part in re.findall(r"\w+", text or ""))
