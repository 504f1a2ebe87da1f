"""setuptools: pure unless an extension module, a command, a plugin or ``setup.py`` says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pep517_multi.sources.declared import read_setup_cfg
from pep517_multi.sources.evidence.commands import judge_command
from pep517_multi.sources.evidence.evidence import Verdict
from pep517_multi.sources.evidence.literals import assignments, is_literal, parse
from pep517_multi.sources.evidence.project import SPARE_FOLDERS, Finding, Project, extension, table, unknown
from pep517_multi.sources.evidence.requirements import SETUPTOOLS_PLUGINS, judge_requirements
from pep517_multi.sources.evidence.schemes import judge_scm, names_hook
from pep517_multi.sources.evidence.setup_names import NAMESPACES
from pep517_multi.sources.evidence.setup_py import judge_setup_py

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HARMLESS_KEYS = frozenset(
    """
    data-files dependency-links dynamic eager-resources exclude-package-data include-package-data license-files
    namespace-packages obsoletes package-data package-dir packages platforms provides py-modules script-files zip-safe
    """.split()  # noqa: SIM905 - a table of words reads better than one of strings
)
_EXTENSION_TABLES = ("mypyc", "setuptools-rust", "setuptools-golang")
_TELLING_OPTIONS = frozenset({"cmdclass", "ext_modules", "use_2to3", "command_packages"})
_ATTR = "attr:"


def judge_setuptools(project: Project) -> Iterator[Finding]:
    """Find what in ``pyproject.toml``, ``setup.cfg`` and ``setup.py`` could make a wheel depend on its builder."""
    findings = [*_judge_pyproject(project), *_judge_setup_cfg(project)]
    if (project.path / "setup.py").exists():
        findings += judge_setup_py(project)
    yield from findings
    yield from judge_scm(project)
    yield from _judge_entry_points(project)
    for name in project.files:
        if name.endswith((".pyx", "/Cargo.toml")) and not name.startswith(SPARE_FOLDERS):
            # What declares the extension was perhaps not understood; and where nothing does, somebody should look.
            telling = any(finding.verdict is not Verdict.INDEPENDENT for finding in findings)
            yield (extension if telling else unknown)(f"{name}: source of an extension module")


def _judge_entry_points(project: Project) -> Iterator[Finding]:
    """Find entry points of the project itself that setuptools loads once its metadata lie in the tree."""
    groups = {
        f"pyproject.toml: project.entry-points.{group}": group for group in project.table("project", "entry-points")
    }
    text = (read_setup_cfg(project.path) or {}).get("options.entry_points", {})
    groups |= {f"setup.cfg: options.entry_points.{group}": group for group in text}
    dynamic = project.table("tool", "setuptools", "dynamic", "entry-points").get("file", ())
    listed = [dynamic] if isinstance(dynamic, str) else dynamic if isinstance(dynamic, list) else []
    stored = [name for name in project.files if name.endswith("-info/entry_points.txt")]
    groups |= {name: project.text(name) for name in (*map(str, listed), *stored)}
    for where, group in groups.items():
        if names_hook(group):
            yield unknown(f"{where}: setuptools may run code of the project")


def _judge_pyproject(project: Project) -> Iterator[Finding]:
    settings = project.table("tool", "setuptools")
    for key in settings:
        if key == "ext-modules":
            yield from _judge_extensions(settings[key])
        elif key == "cmdclass":
            yield unknown("pyproject.toml: tool.setuptools.cmdclass replaces commands, which may do anything")
        elif key == "namespace-packages" and settings[key]:
            yield unknown(f"pyproject.toml: tool.setuptools: {NAMESPACES}")
        elif key not in _HARMLESS_KEYS:
            yield unknown(f"pyproject.toml: tool.setuptools.{key} is not known to be harmless")
    for key in _EXTENSION_TABLES:
        if project.table("tool", key):
            yield extension(f"pyproject.toml: tool.{key} serves to build extension modules")
    yield from _judge_commands(project)
    for field, directive in table(settings, "dynamic").items():
        if isinstance(directive, dict) and "attr" in directive:
            yield from _judge_attribute(
                project, str(directive["attr"]), f"pyproject.toml: tool.setuptools.dynamic.{field}"
            )


def _judge_extensions(modules: object) -> Iterator[Finding]:
    """Note extension modules; which ones are built is in doubt where one may be left out and others are there."""
    yield extension("pyproject.toml: tool.setuptools.ext-modules")
    listed = modules if isinstance(modules, list) else []
    if len(listed) > 1 and any(isinstance(module, dict) and module.get("optional") for module in listed):
        yield unknown("pyproject.toml: which of tool.setuptools.ext-modules are built may depend on the compiler")


def _judge_commands(project: Project) -> Iterator[Finding]:
    where = "pyproject.toml: tool.distutils"
    for command, options in project.table("tool", "distutils").items():
        yield from judge_command(command, options if isinstance(options, dict) else {}, where=where)


def _judge_setup_cfg(project: Project) -> Iterator[Finding]:
    sections = read_setup_cfg(project.path)
    if sections is None:
        yield unknown("setup.cfg: it cannot be parsed")
        return
    for key, value in sections.get("metadata", {}).items():
        if value.strip().startswith(_ATTR):
            yield from _judge_attribute(
                project, value.strip().removeprefix(_ATTR).strip(), f"setup.cfg: metadata.{key}"
            )
    options = sections.get("options", {})
    if options.get("namespace_packages", "").strip():
        yield unknown(f"setup.cfg: options: {NAMESPACES}")
    for key in options.keys() & _TELLING_OPTIONS:
        yield unknown(f"setup.cfg: options.{key} may do anything")
    yield from judge_requirements(
        _listed(options.get("setup_requires", "")),
        harmless=SETUPTOOLS_PLUGINS,
        where="setup.cfg",
    )
    for section, content in sections.items():
        yield from judge_command(section, content, where="setup.cfg")


def _listed(value: str) -> Iterator[str]:
    """Take a list of ``setup.cfg`` apart as setuptools does: at line ends, or in one line at semicolons."""
    parts = value.splitlines() if "\n" in value else value.split(";")
    yield from filter(None, map(str.strip, parts))


def _judge_attribute(project: Project, attribute: str, where: str) -> Iterator[Finding]:
    """Find out whether setuptools can read ``attr:`` as a literal; otherwise it imports the module.

    Which file it takes for the module depends on much; so each that it might take must have the literal.
    """
    module, _, name = attribute.rpartition(".")
    trees = [parse(path) for path in _files_of(project, module)] if module else []
    firsts = [next(assignments(tree, name), None) if tree is not None else None for tree in trees]
    if not firsts or any(first is None or not is_literal(first) for first in firsts):
        yield unknown(f"{where} imports {module or attribute} for its value")


def _files_of(project: Project, module: str) -> list[Path]:
    """Return each file that may be ``module``: a package or a plain module, below any root or a folder of its own."""
    folders = _package_folders(project)
    parts = module.split(".")
    starts = [project.path.joinpath(root, *parts) for root in ("", "src", *folders.values())]
    ends = range(1, len(parts) + 1)
    starts += [project.path.joinpath(own, *parts[end:]) for end in ends if (own := folders.get(".".join(parts[:end])))]
    candidates = (path for start in starts for path in (start.with_name(f"{start.name}.py"), start / "__init__.py"))
    return [path for path in dict.fromkeys(candidates) if path.is_file()]


def _package_folders(project: Project) -> dict[str, str]:
    """Return what ``package-dir`` says in ``pyproject.toml`` and ``setup.cfg``: package → folder."""
    listed = (read_setup_cfg(project.path) or {}).get("options", {}).get("package_dir", "")
    pairs = (line.partition("=") for part in listed.splitlines() for line in part.split(","))
    stated = {name.strip(): folder.strip() for name, equals, folder in pairs if equals}
    return stated | {name: str(folder) for name, folder in project.table("tool", "setuptools", "package-dir").items()}
