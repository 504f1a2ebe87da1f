"""In which surroundings a run takes place, and what of them can be made different: the columns of the matrix."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from pep517_multi import files
from pep517_multi.errors import PlanError
from pep517_multi.process import Command, LocalRunner, inherited_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

EPOCH = "1700000000"
_PATIENCE = 3600  # seconds for one run
_BIND = ("--dev-bind", "/", "/", "--die-with-parent")
_AHEAD = f"+{41 * 24 + 13}h"  # libfaketime knows one unit at a time: it takes "41d13h" for 41 hours
_FAKETIME = "*/faketime/libfaketimeMT.so.1"
_LEFT_OUT = ("PYTHON", "LC_", "LANG", "XDG_", "PEP517_MULTI_", "SOURCE_DATE_EPOCH", "TZ", "LD_PRELOAD")
_SETTINGS_OF_INSTALLERS = (".config/pip", ".config/uv", ".pip", ".pydistutils.cfg")


@dataclass(frozen=True)
class Surroundings:
    """What is around one run.

    :param folder: where everything of the run lies; emptied before.
    :param environ: the whole environment.
    :param umask: in octal digits.
    :param jobs: what ``-j`` is given.
    :param confinement: options of bubblewrap; none: it is not used.
    :param disordered: whether folders list their entries in another order.
    :param unpacked: whether the source is given as a tree instead of an archive.
    """

    folder: Path
    environ: Mapping[str, str]
    umask: str = "022"
    jobs: int = 1
    confinement: tuple[str, ...] = ()
    disordered: bool = False
    unpacked: bool = False

    @classmethod
    def usual(cls, folder: Path, *, epoch: bool = True) -> Surroundings:
        """Return those of the first run.

        :param epoch: whether ``SOURCE_DATE_EPOCH`` is set.
        """
        inherited = inherited_environment().items()
        environ = {name: value for name, value in inherited if not name.startswith(_LEFT_OUT)}
        environ |= {"LC_ALL": "C", "TZ": "UTC0", "PYTHONHASHSEED": "0"}
        return cls(folder, {**environ, "SOURCE_DATE_EPOCH": EPOCH} if epoch else environ)

    def having(self, **variables: str) -> Surroundings:
        """Return these with other variables."""
        return replace(self, environ={**self.environ, **variables})


@dataclass(frozen=True)
class Variation:
    """One thing that must make no difference.

    :param what: how it differs from the first run, for the reader.
    :param apply: makes it different.
    :param needs: programs without which it cannot be, bubblewrap or disorderfs; also ``faketime``, the library.
    """

    name: str
    what: str
    apply: Callable[[Surroundings], Surroundings]
    needs: tuple[str, ...] = ()

    @property
    def lacking(self) -> tuple[str, ...]:
        """Which of its needs are not there."""
        return tuple(need for need in self.needs if not _is_there(need))


def _is_there(need: str) -> bool:
    """Whether a program is installed, and this machine lets us use it."""
    if need == "faketime":
        return _faketime() is not None
    if shutil.which(need) is None:
        return False
    if need == "disorderfs":
        return os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK)
    attempt = Command(
        (need, *_BIND, "--unshare-user", "--unshare-uts", "true"), cwd=Path("/"), env=inherited_environment()
    )
    return LocalRunner().run(attempt).returncode == 0


def _faketime() -> Path | None:
    return next((path for lib in ("/usr/lib", "/usr/lib64") for path in sorted(Path(lib).glob(_FAKETIME))), None)


def _elsewhere(around: Surroundings) -> Surroundings:
    return replace(around, folder=around.folder.with_name("at-some-other-place") / "further.down")


def _later(around: Surroundings) -> Surroundings:
    # Files keep their true times: only the clock is another, as it will be for whoever builds this again.
    return around.having(
        LD_PRELOAD=str(_faketime()), FAKETIME=_AHEAD, NO_FAKE_STAT="1", FAKETIME_DONT_FAKE_MONOTONIC="1"
    )


def _other_home(around: Surroundings) -> Surroundings:
    home = around.folder.with_name("home-of-another")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in _SETTINGS_OF_INSTALLERS:
        old = Path(around.environ.get("HOME", "/"), name)
        if old.exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).symlink_to(old)
    caches = around.environ.get("UV_CACHE_DIR", str(user_cache_path("uv")))
    return around.having(HOME=str(home), UV_CACHE_DIR=caches, LOGNAME="another", USER="another")


def _other_path(around: Surroundings) -> Surroundings:
    return around.having(PATH=":".join(reversed(around.environ["PATH"].split(":"))))


def _confined(*options: str) -> Callable[[Surroundings], Surroundings]:
    return lambda around: replace(around, confinement=(*around.confinement, *options))


def _with(**variables: str) -> Callable[[Surroundings], Surroundings]:
    return lambda around: around.having(**variables)


VARIATIONS = (
    Variation("path", "another folder, of another length", _elsewhere),
    Variation("time", "six weeks later, at another time of the day", _later, ("faketime",)),
    Variation("zone", "another time zone", _with(TZ="XXX-13:45")),
    Variation("umask", "077 instead of 022", lambda around: replace(around, umask="077")),
    Variation(
        "locale",
        "a locale that may or may not be installed",
        _with(LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8", LANGUAGE="tr:de"),
    ),
    Variation("jobs", "-j 5 instead of -j 1", lambda around: replace(around, jobs=5)),
    Variation("search", "the folders of PATH in the opposite order", _other_path),
    Variation("home", "another, nearly empty home, and another name of the user", _other_home),
    Variation(
        "user",
        "an ordinary user instead of root, or the other way round",
        _confined("--unshare-user", "--uid", "4711", "--gid", "4711"),
        ("bwrap",),
    ),
    Variation(
        "host",
        "another host name",
        _confined("--unshare-user", "--unshare-uts", "--hostname", "another.example"),
        ("bwrap",),
    ),
    Variation(
        "order",
        "folders list their entries backwards",
        lambda around: replace(around, disordered=True),
        ("disorderfs",),
    ),
    Variation("tree", "an unpacked tree instead of an archive", lambda around: replace(around, unpacked=True)),
    Variation("seed", "sets in another order, in what heeds PYTHONHASHSEED", _with(PYTHONHASHSEED="4711")),
)


@dataclass(frozen=True)
class Ran:
    """How a run on ``source`` ended; ``workdir`` is to be read before the next run in the same folder."""

    returncode: int
    said: str
    source: str
    workdir: Path


def run(multibuild: Path, source: Path, around: Surroundings, *options: str) -> Ran:
    """Run the whole job of ``multibuild`` on ``source`` in the surroundings, and leave its work directory there.

    :raises PlanError: folders cannot be made to list their entries in another order.
    """
    files.remove_tree(around.folder)
    around.folder.mkdir(parents=True)
    argv = (str(multibuild), "--quiet", "--workdir", str(around.folder / "work"), "-j", str(around.jobs), *options)
    with ExitStack() as stack:
        if around.disordered:
            stack.enter_context(_disordered(around.folder))
        given = _unpacked(source, around.folder) if around.unpacked else _copied(source, around.folder)
        done = LocalRunner().run(_command((*argv, "--", str(given)), around))
    return Ran(done.returncode, done.stderr.decode(errors="replace"), str(given), around.folder / "work")


def _command(argv: tuple[str, ...], around: Surroundings) -> Command:
    confined = ("bwrap", *_BIND, *around.confinement) if around.confinement else ()
    masked = ("/bin/sh", "-c", 'umask "$0" && exec "$@"', around.umask)
    return Command((*confined, *masked, *argv), cwd=around.folder, env=around.environ, timeout=_PATIENCE)


def _copied(source: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(source, folder / source.name))


def _unpacked(source: Path, folder: Path) -> Path:
    target = folder / "tree"
    if source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(target)  # noqa: S202 - pinned by hash
    else:
        with tarfile.open(source) as archive:
            archive.extractall(target, filter="data")
    (top,) = target.iterdir()
    return top


@contextmanager
def _disordered(folder: Path) -> Iterator[None]:
    """Let ``folder`` be a file system that lists entries backwards; what was written stays when it is gone."""
    beneath = folder.with_name(f"{folder.name}-beneath")
    files.remove_tree(beneath)
    beneath.mkdir()
    _must("disorderfs", "--quiet", "--multi-user=no", "--reverse-dirents=yes", str(beneath), str(folder))
    try:
        yield
    finally:
        _must("umount", str(folder))
        folder.rmdir()
        beneath.rename(folder)


def _must(*argv: str) -> None:
    done = LocalRunner().run(Command(argv, cwd=Path("/"), env=inherited_environment()))
    if done.returncode:
        raise PlanError(f"{argv[0]} failed: {done.stderr.decode(errors='replace').strip()}")
