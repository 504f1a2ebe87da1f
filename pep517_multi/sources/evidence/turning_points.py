"""Versions of Python that the build of a project speaks of: there, what is built may change.

That two ends of a range build the same says little of a version between them that a build script names:
``if sys.version_info[:2] == (3, 11)`` would be missed. So the text of everything that may run in the build is searched
for versions, generously: a version found in vain costs a build, one overlooked may cost a wrong wheel.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.interpreters.interpreter import SUPPORTED_FROM
from pep517_multi.sources.evidence.literals import module_file, parse
from pep517_multi.sources.evidence.project import SPARE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_SPEAKS_OF_PYTHON = re.compile(r"py", re.IGNORECASE)
_DATA = re.compile(
    r"""Programming Language ::[^"']*|(?:python_requires|requires-python|requires_python)\W*[=:]\W*["'][^"']*["']"""
)
_STABLE_ABI = re.compile(r"abi3|limited", re.IGNORECASE)
_STABLE_ABI_SINCE = re.compile(r"\bcp3\d+|\b0x03[0-9a-fA-F]+")
"""What most projects have and what is no condition: classifiers, Requires-Python, since when the stable ABI is used."""
_FILE = re.compile(r"""["']([\w./-]+\.py)["']""")
_OTHER_FILES = ("/meson.build", "/CMakeLists.txt", ".cmake", "/build.rs")
_BACKENDS = ("hatch", "meson-python", "pdm", "poetry", "scikit-build", "setuptools")
_MOST_FILES = 200
_OLDEST, _NEWEST = min(SUPPORTED_FROM.values())[1], 100


def turning_points(project: Project) -> frozenset[int]:
    """Return the minor versions of Python 3 that build scripts, and modules of the project that they import, name.

    Where there is too much to read, all of them.
    """
    lines = [*_requirement_lines(project)]
    scripts = _scripts(project)
    if len(scripts) > _MOST_FILES:
        return frozenset(range(_OLDEST, _NEWEST))
    for path in scripts:
        lines += _lines(path.read_text(encoding="utf-8", errors="replace"))
    found = {minor for line in lines for minor in _minors(line, _PYTHON)}
    for name in project.files:
        if f"/{name}".endswith(_OTHER_FILES) and not name.startswith(SPARE_FOLDERS):
            for line in _lines(project.text(name)):
                patterns = _PYTHON if _SPEAKS_OF_PYTHON.search(line) else _OTHER
                found.update(_minors(line, patterns))
    return frozenset(minor for minor in found if minor >= _OLDEST)


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


def _scripts(project: Project) -> list[Path]:
    """Return each Python file at the top, in the folders of a backend and named by these or by configuration files.

    And what of the project they import.
    """
    in_tree = [project.path / folder for folder in project.build_system.backend_path]
    found = [
        *filter(Path.is_file, sorted(project.path.glob("*.py"))),
        *(path for folder in in_tree for path in sorted(folder.rglob("*.py"))),
    ]
    settings = [str(project.table("tool", name)) for name in _BACKENDS]
    for text in (*settings, project.text("hatch.toml"), project.text("meson.build")):
        found += [path for path in _named(text, (project.path,)) if path not in found]
    roots = (project.path, project.path / "src", *in_tree)
    for path in found:  # which grows meanwhile
        if len(found) > _MOST_FILES:
            break
        tree = parse(path)
        named = _named(path.read_text(encoding="utf-8", errors="replace"), (project.path, path.parent))
        more = [*named, *(() if tree is None else _imported(tree, path.parent, roots))]
        found += [module for module in dict.fromkeys(more) if module not in found]
    return found


def _named(text: str, folders: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the Python files that ``text`` names by their paths from one of ``folders``."""
    for name in _FILE.findall(text):
        yield from (path for folder in folders if (path := folder / name).is_file())


def _statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield all statements, and what holds some; expressions, of which most nodes are, hold none."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, field, ())
            waiting += inner if isinstance(inner, list) else ()  # the body of a lambda is an expression


def _imported(tree: ast.Module, folder: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files of the project that a module imports, with the packages above them."""
    for node in _statements(tree):
        names: list[str] = []
        where = roots
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            where = (folder.joinpath(*[".."] * (node.level - 1)).resolve(),) if node.level else roots
            names = [module, *(f"{module}.{alias.name}".strip(".") for alias in node.names)]
        for name in filter(None, names):
            parts = name.split(".")
            above = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
            yield from filter(None, (module_file(where, one) for one in above))
