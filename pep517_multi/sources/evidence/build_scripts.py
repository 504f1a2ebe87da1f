"""Which files of a project may take part in its build: scripts, what these import and execute, and data they name."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.files import read_text
from pep517_multi.sources.evidence.literals import module_file, parse, statements
from pep517_multi.sources.evidence.project import SPARE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.sources.evidence.project import Project

MOST_SCRIPTS = 200
_FILE = re.compile(r"""["']([\w./-]+\.py)["']""")
_JOINED = re.compile(r"""["']([\w.-]+)["']\s*[,/]\s*["']([\w.-]+\.py)["']""")
_MODULE = re.compile(
    r"""(?:import_module|run_module|__import__|find_spec)\(\s*["']([\w.]+)["']|["']-m["']\s*,\s*["']([\w.]+)["']"""
    r"""|\s-m\s+([A-Za-z_][\w.]*)"""
)
_DATA = re.compile(
    r"""["'](?:[^"'\s]*/)?([\w.-]+\.(?:cfg|csv|in|ini|jinja2?|j2|json|mako|mk|sh|tmpl|tpl|toml|ya?ml))["']"""
)
_NO_DATA = frozenset({"pyproject.toml", "setup.cfg", "tox.ini", "MANIFEST.in"})
"""What backends and test runners read, and what speaks of versions without any effect on a build."""
_NO_SCRIPTS = frozenset({"conftest.py", "noxfile.py"})
_BACKENDS = ("hatch", "meson-python", "pdm", "poetry", "scikit-build", "setuptools")


class Scripts:
    """The files that may take part in the build of ``project``."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._texts: dict[Path, str] = {}
        self._in_tree = [project.path / folder for folder in project.build_system.backend_path]

    def text(self, path: Path) -> str:
        """Return the text of a script, which is read once."""
        if path not in self._texts:
            self._texts[path] = read_text(path, errors="replace")
        return self._texts[path]

    @cached_property
    def python(self) -> list[Path]:
        """Each Python file at the top, in folders of a backend, named by these or by configuration, and their imports.

        There may be more where there are more than :data:`MOST_SCRIPTS`.
        """
        project = self._project
        top = (path for path in sorted(project.path.glob("*.py")) if path.name not in _NO_SCRIPTS)
        found = [
            *filter(Path.is_file, top),
            *(path for folder in self._in_tree for path in sorted(folder.rglob("*.py")) if not self._is_spare(path)),
        ]
        settings = [str(project.table("tool", name)) for name in _BACKENDS]
        for text in (*settings, project.text("hatch.toml"), project.text("meson.build")):
            found += [path for path in self._named(text, project.path) if path not in found]
        for path in found:  # which grows meanwhile
            if len(found) > MOST_SCRIPTS:
                break
            tree = parse(path)
            named = self._named(self.text(path), path.parent)
            more = [*named, *(() if tree is None else _imported(tree, path.parent, self._roots))]
            found += [module for module in dict.fromkeys(more) if module not in found]
        return found

    @cached_property
    def data(self) -> tuple[str, ...]:
        """The other files that scripts name, by their last part alone: tables, templates, other languages."""
        wanted = {name for path in self.python for name in _DATA.findall(self.text(path))} - _NO_DATA
        return tuple(
            name
            for name in self._project.files
            if name.rpartition("/")[2] in wanted and not name.startswith(SPARE_FOLDERS)
        )

    def _is_spare(self, path: Path) -> bool:
        """Whether a file of the folder of a backend is but a test or a sample; unless something imports or names it."""
        return path.relative_to(self._project.path).as_posix().startswith(SPARE_FOLDERS)

    @property
    def _roots(self) -> tuple[Path, ...]:
        return (self._project.path, self._project.path / "src", *self._in_tree)

    def _named(self, text: str, folder: Path) -> Iterator[Path]:
        """Yield the Python files that ``text`` names by paths, from the top or from ``folder``, or as modules."""
        paths = [*_FILE.findall(text), *("/".join(parts) for parts in _JOINED.findall(text))]
        for name in paths:
            yield from (path for start in (self._project.path, folder) if (path := start / name).is_file())
            if "/" not in name and name not in {"__init__.py", "setup.py", *_NO_SCRIPTS}:
                ends = (other for other in self._project.files if other.endswith(f"/{name}"))
                yield from (self._project.path / other for other in ends if not other.startswith(SPARE_FOLDERS))
        for match in _MODULE.finditer(text):
            name = next(filter(None, match.groups()))
            for module in (name, f"{name}.__main__"):
                path = module_file(self._roots, module)
                if path is not None:
                    yield path


def _imported(tree: ast.Module, folder: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files of the project that a module imports, with the packages above them."""
    for node in statements(tree):
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
