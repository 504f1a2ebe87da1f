"""Whether what is staged can be imported: each module in a process of its own, under its own implementation."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from pep517_multi.qa.check_modules import Module
from pep517_multi.qa.check_stdlib import provider_of, why_absent
from pep517_multi.qa.check_table import problem
from pep517_multi.qa.check_target import Said, how_it_ended, script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pep517_multi.qa.check_root import Entry, StagedRoot
    from pep517_multi.qa.check_table import Problem
    from pep517_multi.qa.check_target import Target
    from pep517_multi.settings import AllowedImport

_SCRIPT = script("target_import.py")
_OPTIONS = ("-I", "-B", "-X", "faulthandler")
_START_SECONDS = 60
_LINES = 8


@dataclass(frozen=True)
class Imported:
    """What became of the modules of one root.

    :param answers: name of a module → what ``target_import.py`` answered for it.
    :param startup: what the ``.pth`` files of the root complained of.
    """

    answers: Mapping[str, dict[str, Any]]
    startup: str | None


def import_modules(root: StagedRoot, modules: Sequence[Module], target: Target, *, timeout: float) -> Imported:
    """Import ``modules`` and what lies below them; whatever they do, there is an answer for each that was tried.

    :param timeout: seconds for one import.
    :raises CommandStartError: the interpreter cannot be started.
    """
    asking = _Asking(root, target, timeout)
    waiting = list(modules)
    while waiting and (waiting := asking.ask(waiting)):
        # A module took the process down with it, most likely the first one that has no answer: ask for it alone.
        suspect, *others = waiting
        asking.ask_alone(suspect)
        waiting = [*asking.unanswered(suspect), *others]
    return Imported(asking.answers, asking.startup)


@dataclass
class _Asking:
    """Requests for modules of one root, and the answers so far."""

    root: StagedRoot
    target: Target
    timeout: float
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    startup: str | None = None

    def ask(self, modules: Sequence[Module]) -> list[Module]:
        """Return what has no answer yet; nothing where the interpreter does not even start."""
        said = self._said(modules)
        if not said.answers:
            self.startup = f"the interpreter {said.ended or 'said nothing'}: {' '.join(said.rest[-1:])}".rstrip(": ")
            return []
        self.startup = said.answers[0]["startup"]
        return [module for top in modules for module in self.unanswered(top)]

    def ask_alone(self, module: Module) -> None:
        """Get an answer for ``module``: if the process dies once more, that is the answer."""
        said = self._said([Module(module.name, module.file)])
        if module.name not in self.answers:
            output = "\n".join(said.rest)
            self.answers[module.name] = {"result": "died", "told": said.ended, "output": output}

    def unanswered(self, module: Module) -> Iterator[Module]:
        """Yield ``module`` or, if it could be imported, what of it has no answer."""
        answer = self.answers.get(module.name)
        if answer is None:
            yield module
        elif answer["result"] == "ok":
            for inner in module.below:
                yield from self.unanswered(inner)

    def _said(self, modules: Sequence[Module]) -> Said:
        request = {
            "paths": [str(self.root.staged(library)) for library in self.root.libraries],
            "timeout": self.timeout,
            "modules": [_node(module) for module in modules],
        }
        count = sum(1 for top in modules for _ in top.each())
        limit = _START_SECONDS + count * (self.timeout + 1)
        said = self.target.ask(_SCRIPT, _OPTIONS, request, timeout=limit)
        for answer in said.answers[1:]:
            self.answers[answer["module"]] = answer
        return said


def _node(module: Module) -> dict[str, object]:
    return {"name": module.name, "below": [_node(inner) for inner in module.below]}


@dataclass(frozen=True)
class Judge:
    """Tells what the answers mean.

    :param tops: names of what is imported first, by which a module that is not found is known to be the root's own.
    :param packages: normalised names of the projects in the root.
    :param requires: normalised names of the projects that the metadata in the root require.
    :param used: what of ``allowed`` was needed is put here.
    """

    root: StagedRoot
    tops: Sequence[Module]
    packages: frozenset[str]
    requires: frozenset[str]
    allowed: Sequence[AllowedImport]
    timeout: float
    used: set[AllowedImport]

    def problems(self, imported: Imported) -> Iterator[Problem]:
        """Yield what went wrong; what is allowed has the reason for it in ``accepted``."""
        if imported.startup:
            yield self._startup(imported.startup)
        modules = {module.name: module for top in self.tops for module in top.each()}
        for name in sorted(imported.answers):
            answer = imported.answers[name]
            result = answer["result"]
            if result != "ok":
                yield self._failed(modules[name], answer)
            elif (file := answer["file"]) is not None and not file.startswith(f"{self.root.path}/"):
                message = f"{name} imports {file} instead of the file that is staged"
                yield problem("import-elsewhere", self.root.shown(modules[name].file), message)

    def _startup(self, complaint: str) -> Problem:
        lines = complaint.splitlines()
        telling = [line for line in lines if line.strip() and "Remainder of file" not in line]
        return problem(
            "startup-file", "*.pth", f"a .pth file fails: {' '.join(telling[-1:]).strip()}", lines=lines[:_LINES]
        )

    def _failed(self, module: Module, answer: Mapping[str, Any]) -> Problem:
        check, message = getattr(self, f"_{answer['result']}")(module.name, answer)
        untried = sum(1 for _ in module.each()) - 1
        if untried:
            message += f"; what lies below it was not tried (modules: {untried})"
        lines = str(answer.get("output", "")).splitlines()[:_LINES]
        allowing = [entry for entry in self.allowed if self._is_about(entry) and allows(entry, module.name, message)]
        self.used.update(allowing)
        accepted = allowing[0].reason if allowing else None
        return problem(check, self.root.shown(module.file), message, lines=lines, accepted=accepted)

    def _is_about(self, entry: AllowedImport) -> bool:
        here = fnmatchcase(self.root.interpreter.name, entry.impl)
        return here and (entry.package == "*" or any(fnmatchcase(name, entry.package) for name in self.packages))

    def _timeout(self, name: str, _: Mapping[str, Any]) -> tuple[str, str]:
        return "import-hangs", f"importing {name} takes more than {self.timeout:g} seconds"

    def _died(self, name: str, answer: Mapping[str, Any]) -> tuple[str, str]:
        told = answer.get("told") or how_it_ended(answer.get("status", 0)) or "ended by itself with status 0"
        return "import-dies", f"importing {name}, the process {told}{_CRASHES.get(answer.get('status', 0), '')}"

    def _error(self, name: str, answer: Mapping[str, Any]) -> tuple[str, str]:
        if answer["type"] == "SystemExit":
            return "import-fails", f"importing {name} calls sys.exit({answer['status']!r})"
        missing = answer["missing"]
        if missing is not None and not self._is_own(missing):
            return self._lacking(name, missing)
        return "import-fails", f"importing {name} raises {self._raised(answer)}"

    def _raised(self, answer: Mapping[str, Any]) -> str:
        text = str(answer["message"]).replace(str(self.root.path), "")
        lines = text.strip().splitlines() or [""]
        told = f"{answer['type']}: {lines[0]}".rstrip(": ")
        if answer["place"] is None:
            return told
        file, line = answer["place"]
        staged = str(file).removeprefix(str(self.root.path))
        return f"{told} ({self.root.shown(staged)}, line {line})"

    def _is_own(self, missing: str) -> bool:
        return any(missing == top.name or missing.startswith(f"{top.name}.") for top in self.tops)

    def _lacking(self, name: str, missing: str) -> tuple[str, str]:
        top = missing.partition(".")[0]
        python = self.root.interpreter.python
        absent = why_absent(top, python)
        if absent is not None and not provider_of(top) & self.requires:
            check = "import-dependency" if absent.elsewhere else "import-fails"
            return check, f"importing {name} needs {missing}, {absent.told}"
        is_required = canonicalize_name(top) in self.requires
        told = "which is required but not installed" if is_required else "which is neither in the wheel nor installed"
        return "import-dependency", f"importing {name} needs {missing}, {told}"


_CRASHES = {-11: " (a segmentation fault)", -6: " (it aborted)", -4: " (an illegal instruction)", -7: " (a bus error)"}


def allows(entry: AllowedImport, module: str, message: str) -> bool:
    """Tell whether ``entry`` accepts that ``module`` cannot be imported because of ``message``."""
    return fnmatchcase(module, entry.module) and entry.error in message


def written(root: StagedRoot, before: Iterable[Entry], after: Iterable[Entry]) -> Iterator[Problem]:
    """Yield what has changed in the root while modules were imported from it."""
    known = {entry.name: entry.version for entry in before if not entry.is_folder}
    for entry in after:
        if not entry.is_folder and known.pop(entry.name, None) != entry.version:
            yield problem("import-writes", root.shown(entry.name), "it was written while modules were imported")
    for name in sorted(known):
        yield problem("import-writes", root.shown(name), f"{posixpath.basename(name)} was removed by an import")
