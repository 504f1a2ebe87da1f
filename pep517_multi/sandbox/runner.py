"""A runner whose commands run in a sandbox."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.sandbox.surroundings import variables
from pep517_multi.sandbox.view import Own, mounts, needed_by, on_path

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for the type of the port
    from collections.abc import Mapping, Sequence

    from pep517_multi.process import Command, Completed, Runner
    from pep517_multi.sandbox.view import Mount

_OPTIONS = {"read": "--ro-bind", "write": "--bind", "empty": "--tmpfs"}
_COMMON = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent")
_FILE_CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID")
"""What of its powers root keeps: those over files, which reach no further than what can be written to at all."""


@dataclass(frozen=True)
class Sandbox:
    """A way to make a sandbox that is known to work here.

    :param name: for people.
    :param tool: the command that makes it; it takes options of bubblewrap.
    :param user: whether it has a user namespace of its own. Only root can do without, and then reads files of others.
    """

    name: str
    tool: tuple[str, ...]
    user: bool

    def argv(self, argv: Sequence[str], view: Sequence[Mount], *, cwd: Path) -> tuple[str, ...]:
        """Return the command that runs ``argv`` in the sandbox."""
        options = [*self.tool, *(("--unshare-user",) if self.user else ()), *_COMMON, "--cap-drop", "ALL"]
        if not self.user:
            options += [option for name in _FILE_CAPABILITIES for option in ("--cap-add", name)]
        options += ["--ro-bind", "/", "/", "--dev", "/dev"]
        for mount in view:
            options += [_OPTIONS[mount.kind], *map(str, filter(None, (mount.source, mount.target)))]
        options += ["--proc", "/proc", "--remount-ro", "/proc", "--chdir", str(cwd), "--"]
        return (*options, *argv)


@dataclass(frozen=True)
class SandboxedRunner:
    """Runs commands in a sandbox, and otherwise as ``runner`` does.

    A command can write to its :attr:`Command.writes`, to a home and to temporary files, which go with it. It sees its
    :attr:`Command.reads` wherever they are.

    :param environ: of multibuild; it names the home that is hidden.
    :param folder: where homes and temporary files are made; it may not be there yet.
    """

    runner: Runner
    sandbox: Sandbox
    environ: Mapping[str, str]
    folder: Path

    def run(self, command: Command) -> Completed:
        """See :meth:`Runner.run`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="command-", dir=self.folder))
        try:
            own = Own(made / "home", made / "tmp")
            for path in (own.home, own.tmp):
                path.mkdir(mode=0o700)
            if command.log is not None:
                with command.log.open("a", encoding="utf-8") as stream:
                    stream.write(f"# in a sandbox ({self.sandbox.name}): no network, nothing else to write to\n")
            return self.runner.run(self._sandboxed(command, own))
        finally:
            files.remove_tree(made)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        """See :meth:`Runner.spawn`; no conversation is held with code of strangers."""
        return self.runner.spawn(command)

    def _sandboxed(self, command: Command, own: Own) -> Command:
        env, more = variables(command.env, self.environ)
        reads = [*needed_by(command.argv[0]), *on_path(command.env), *command.reads, *more]
        reads += [Path(argument) for argument in command.argv[1:] if argument.startswith("/")]
        view = mounts(self.environ, own, reads=reads, writes=command.writes)
        argv = self.sandbox.argv(command.argv, view, cwd=command.cwd)
        return replace(command, argv=argv, cwd=Path("/"), env=env, contained=True)
