"""Versions of Python that the build of a project speaks of: there, what is built may change.

That two ends of a range build the same says little of a version between them that a build script names:
``if sys.version_info[:2] == (3, 11)`` would be missed. So the text of everything that may run in the build is searched
for versions, generously: a version found in vain costs a build, one overlooked may cost a wrong wheel.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pep517_multi.interpreters.interpreter import SUPPORTED_FROM
from pep517_multi.sources.evidence.literals import module_file, parse
from pep517_multi.sources.evidence.project import SPARE_FOLDERS, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
_SPEAKS_OF_PYTHON = re.compile(r"py", re.IGNORECASE)
_NO_CONDITION = re.compile(
    r"Programming Language ::|(?:python_requires|requires-python|requires_python)\W*[=:]|abi3|limited"
)
_OTHER_FILES = ("/meson.build", "/CMakeLists.txt", ".cmake", "/build.rs")
_MOST_FILES = 200
_OLDEST = min(SUPPORTED_FROM.values())[1]


def turning_points(project: Project) -> frozenset[int]:
    """Return the minor versions of Python 3 that build scripts, and modules of the project that they import, name."""
    lines = [*_requirement_lines(project)]
    for path in _scripts(project):
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
    yield from (line for _, line in numbered(text) if not _NO_CONDITION.search(line))


def _minors(line: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[int]:
    for match in (match for pattern in patterns for match in pattern.finditer(line)):
        for kind, text in match.groupdict().items():
            yield from (int(part, 16 if kind == "hexadecimal" else 10) for part in re.findall(r"\w+", text or ""))


def _scripts(project: Project) -> list[Path]:
    """Return each Python file at the top and in the folders of a backend, and what of the project these import."""
    in_tree = [project.path / folder for folder in project.build_system.backend_path]
    found = [*sorted(project.path.glob("*.py")), *(path for folder in in_tree for path in sorted(folder.rglob("*.py")))]
    roots = (project.path, project.path / "src", *in_tree)
    for path in found:  # which grows meanwhile
        if len(found) > _MOST_FILES:
            break
        tree = parse(path)
        imported = {} if tree is None else dict.fromkeys(_imported(tree, path.parent, roots))
        found += [module for module in imported if module not in found]
    return [path for path in found if path.is_file()]


def _imported(tree: ast.Module, folder: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files of the project that a module imports, with the packages above them."""
    for node in ast.walk(tree):
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
