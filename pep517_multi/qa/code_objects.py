"""Bytecode compared as code objects: read by the interpreter that it is for, in a process of its own, and never run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pep517_multi import files, temporaries
from pep517_multi.errors import MultibuildError
from pep517_multi.qa.check_target import Target, script
from pep517_multi.qa.rulebook import CODE_OBJECTS
from pep517_multi.wheels.differences import compare
from pep517_multi.wheels.rules import is_cached_bytecode
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.wheels.aspects import Value
    from pep517_multi.wheels.differences import Difference
    from pep517_multi.wheels.rules import Rule
    from pep517_multi.wheels.trees import Contents

_SCRIPT = script("target_code.py")
_OPTIONS = ("-I", "-S", "-B", "-X", "utf8")
_START_SECONDS, _SECONDS = 60, 5


@dataclass
class CodeObjects:
    """Compares trees, and knows what their bytecode holds.

    Nothing is started before there is bytecode that nothing else explains; then each interpreter is started once for
    all of it. What none of them can read is compared by its bytes.

    :param interpreters: gives those that may read it, when they are needed.
    """

    interpreters: Callable[[], Sequence[Interpreter]]
    runner: Runner
    environ: Mapping[str, str]
    _expected: dict[str, Blob] = field(default_factory=dict)
    _known: dict[str, tuple[str, ...] | None] = field(default_factory=dict)

    def compare(self, one: Contents, other: Contents, rules: Sequence[Rule]) -> tuple[Difference, ...]:
        """Compare as :func:`pep517_multi.wheels.differences.compare`."""
        if CODE_OBJECTS not in rules:
            return compare(one, other, rules)
        hidden = any(rule.name == "bytecode" for rule in rules)
        self._expected = {blob.sha256: blob for blob in _differing(one, other, hidden=hidden)}
        mine = replace(CODE_OBJECTS, normalise=self._described)
        return compare(one, other, [mine if rule is CODE_OBJECTS else rule for rule in rules])

    def _described(self, value: Value) -> Value:
        if not isinstance(value, Blob):
            return value
        if value.sha256 not in self._known:
            self._read({**self._expected, value.sha256: value})
        return self._known[value.sha256] or value

    def _read(self, blobs: Mapping[str, Blob]) -> None:
        waiting = {sha256: blob for sha256, blob in blobs.items() if sha256 not in self._known}
        self._known |= dict.fromkeys(waiting)
        with temporaries.scratch("code") as scratch:
            paths = {sha256: scratch.resolve() / f"{sha256}.pyc" for sha256 in waiting}
            with files.explained(f"write to {scratch}"):
                for sha256, path in paths.items():
                    path.write_bytes(waiting[sha256].read())
            for interpreter in self.interpreters():
                lacking = [path for sha256, path in paths.items() if self._known[sha256] is None]
                if lacking:
                    folder = scratch.resolve() / interpreter.name
                    folder.mkdir()
                    self._ask(Target(interpreter, self.runner, self.environ, folder), lacking)

    def _ask(self, target: Target, paths: Sequence[Path]) -> None:
        while paths:
            limit = _START_SECONDS + _SECONDS * len(paths)
            try:
                said = target.ask(_SCRIPT, _OPTIONS, {"files": list(map(str, paths))}, timeout=limit)
            except MultibuildError:  # it cannot be started: another may read the same
                return
            for path, answer in zip(paths, said.answers, strict=False):
                self._known[path.stem] = tuple(answer["lines"]) if answer["lines"] is not None else None
            paths = paths[len(said.answers) + 1 :]  # bytecode can be broken in ways that end the process


def _differing(one: Contents, other: Contents, *, hidden: bool) -> Iterator[Blob]:
    """Give the bytecode of either side that the other has not."""
    sides = [{file.blob.sha256: file for file in side.files if file.path.endswith(".pyc")} for side in (one, other)]
    for sha256 in sides[0].keys() ^ sides[1].keys():
        file = sides[0].get(sha256) or sides[1][sha256]
        if not (hidden and is_cached_bytecode(file.path)):
            yield file.blob
