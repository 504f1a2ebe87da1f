"""What a packager changes in the source for some implementations only: another tree, patches, a command.

Each implementation concerned gets a tree of its own, described like any other source. Whether it may share wheels with
others then needs no rule of its own: the digests of the trees tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from pep517_multi import files
from pep517_multi.errors import BuildError
from pep517_multi.interpreters.spec import Spec
from pep517_multi.process import Command, CommandStartError
from pep517_multi.settings import IMPL_VARIABLE, PYTHON_VARIABLE
from pep517_multi.sources.copies import private_copy
from pep517_multi.sources.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.archives.limits import Limits
    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.process import Runner
    from pep517_multi.sources.tree import SourceTree

_HUNK = re.compile(
    r"^(Hunk #\d+ FAILED|\d+ out of \d+ hunks? (FAILED|ignored)|can't find file to patch).*", re.MULTILINE
)
_PATCHED = re.compile(r"^(?:patching|checking) file '?([^'\n]+)'?$", re.MULTILINE)
_STRIP_LEVELS = (1, 0)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Changes:
    """What is changed for one implementation, in this order: its own source, patches, commands.

    :param source: a tree that stands in for the one of the run, prepared by a packaging host.
    :param commands: for the shell, run in the tree; ``PEP517_MULTI_IMPL`` and ``PEP517_MULTI_PYTHON`` tell for whom.
    """

    source: Path | None = None
    patches: tuple[Path, ...] = ()
    commands: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is changed at all."""
        return bool(self.source or self.patches or self.commands)

    def described(self) -> str:
        """Say in one clause what is changed."""
        told = [f"the source {self.source}"] if self.source else []
        told += [f"the patch {path.name}" for path in self.patches]
        told += [f"the command {command!r}" for command in self.commands]
        return ", ".join(told)


def changes_for(
    interpreter: Interpreter,
    *,
    sources: Sequence[tuple[str, Path]],
    patches: Sequence[tuple[str, Path]],
    commands: Sequence[tuple[str, str]],
) -> Changes:
    """Pick what concerns ``interpreter`` out of (spec, value) pairs; the last source wins, all else adds up in order.

    :raises UsageError: a spec is none.
    """
    chosen = tuple(_matching(interpreter, sources))
    return Changes(
        source=chosen[-1] if chosen else None,
        patches=tuple(_matching(interpreter, patches)),
        commands=tuple(_matching(interpreter, commands)),
    )


def _matching(interpreter: Interpreter, pairs: Iterable[tuple[str, _Value]]) -> Iterator[_Value]:
    return (value for spec, value in pairs if Spec.parse(spec).matches(interpreter))


@dataclass(frozen=True)
class Changing:
    """Makes the changed trees of a run.

    :param tree: the source of the run.
    :param outputs: what multibuild itself writes to, and what is no part of any source.
    :param limits: how much an sdist may unpack to.
    """

    tree: SourceTree
    runner: Runner
    environ: Mapping[str, str]
    outputs: tuple[Path, ...]
    limits: Limits | None = None

    def tree_for(self, interpreter: Interpreter, changes: Changes, *, target: Path, log: Path) -> SourceTree:
        """Return the tree that ``interpreter`` builds from, made below ``target`` where patches or commands change it.

        :raises BuildError: a patch does not apply, or a command fails.
        """
        log.unlink(missing_ok=True)
        base = self.tree
        if changes.source is not None:
            base = open_source(
                changes.source,
                unpack_to=target.with_name(f"{target.name}-source"),
                work_directory=None,
                outputs=self.outputs,
                limits=self.limits,
            )
        if not changes.patches and not changes.commands:
            return base
        files.remove_tree(target)
        target = target / base.path.name  # version plugins may read the version from the folder's name
        private_copy(base, target, leave_out=self.outputs)
        for patch in changes.patches:
            self._apply(patch, target, interpreter=interpreter, log=log)
        for command in changes.commands:
            self._run(command, target, interpreter=interpreter, log=log)
        changed = open_source(target, unpack_to=target, work_directory=None)
        return replace(changed, given=base.given)

    def _apply(self, patch: Path, target: Path, *, interpreter: Interpreter, log: Path) -> None:
        """Apply ``patch`` as ``patch -p1`` does, or with ``-p0`` where only that fits; all of it or nothing."""
        with files.explained(f"read the patch for {interpreter.name}"):
            text = patch.read_bytes()
        trials = [
            (level, self._patch(text, target, level, "--dry-run", name=interpreter.name)) for level in _STRIP_LEVELS
        ]
        level = next((level for level, (status, _) in trials if status == 0), None)
        if level is None:
            raise BuildError(
                f"the patch {patch} does not apply to the source of {interpreter.name}: {_complaint(trials[0][1][1])}",
                log=str(log),
            )
        status, output = self._patch(text, target, level, name=interpreter.name)
        _append(log, f"# patch -p{level} < {patch}\n{output}")
        if status != 0:
            raise BuildError(f"the patch {patch} could not be applied for {interpreter.name}: {_complaint(output)}")

    def _patch(self, text: bytes, target: Path, level: int, *options: str, name: str) -> tuple[int, str]:
        argv = ("patch", f"-p{level}", "--forward", "--batch", "--no-backup-if-mismatch", "--reject-file=-", *options)
        try:
            done = self.runner.run(Command(argv, cwd=target, env={**self.environ, "LC_ALL": "C"}, stdin=text))
        except CommandStartError as error:
            raise BuildError(f"cannot patch for {name}: the command patch is not there; install it") from error
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def _run(self, command: str, target: Path, *, interpreter: Interpreter, log: Path) -> None:
        told = {IMPL_VARIABLE: interpreter.name, PYTHON_VARIABLE: str(interpreter.executable)}
        _append(log, f"# {command}\n")
        done = self.runner.run(Command(("/bin/sh", "-c", command), cwd=target, env={**self.environ, **told}, log=log))
        if done.returncode != 0:
            raise BuildError(
                f"the command that prepares the source of {interpreter.name} failed (exit status {done.returncode}): "
                f"{command}; its output is in {log}",
                log=str(log),
            )


def _complaint(output: str) -> str:
    """Name the file and the hunk of which ``patch`` complains."""
    failed = _HUNK.search(output)
    if failed is None:
        return " ".join(output.split())[-300:] or "patch gave no reason"
    named = [match[1] for match in _PATCHED.finditer(output, 0, failed.start())]
    return f"{failed[0]} in {named[-1]}" if named else failed[0]


def _append(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(text)
