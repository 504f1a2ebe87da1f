"""What a sandboxed command is told: no secrets, no way out, and where the caches of compilers can be read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.containment.redaction import names_a_secret, without_credentials
from pep517_multi.sandbox.view import home_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_NO_USE = re.compile(
    r"""
    (?:PIP|UV)_.*                             # there is no index
    | XDG_.*_HOME | XDG_RUNTIME_DIR           # the home is another one
    | .*_SOCK | .*_AGENT_.* | DBUS_.* | DISPLAY | WAYLAND_DISPLAY | XAUTHORITY
    | TMP | TEMP | TEMPDIR
    """,
    re.VERBOSE | re.DOTALL,
)
_JOBSERVER_PIPE = re.compile(r"fifo:(/\S+)")
_CCACHE = (".cache/ccache", ".ccache")


def variables(environ: Mapping[str, str], outside: Mapping[str, str]) -> tuple[dict[str, str], tuple[Path, ...]]:
    """Return the environment of a sandboxed command, and the paths that it speaks of.

    :param environ: what the command would get without a sandbox.
    :param outside: the environment of multibuild.
    """
    kept = {name: value for name, value in environ.items() if not _is_left_out(name, value)}
    home = home_of(outside)
    kept |= {"HOME": str(home or "/tmp"), "TMPDIR": "/tmp"}  # noqa: S108 - a folder of its own is mounted there
    kept |= {name: str(path) for name, path in _caches(kept, home).items()}
    if "CCACHE_DIR" in kept:
        kept |= {"CCACHE_READONLY": "1", "CCACHE_TEMPDIR": "/tmp/ccache"}  # noqa: S108 - as above
    paths = [Path(kept[name]) for name in ("CCACHE_DIR", "RUSTUP_HOME", "PYENV_ROOT") if name in kept]
    paths += [Path(kept[name]) for name in ("NINJA", "LD_PRELOAD") if kept.get(name, "").startswith("/")]
    paths += [Path(pipe).parent for pipe in _JOBSERVER_PIPE.findall(kept.get("MAKEFLAGS", ""))]
    return kept, tuple(paths)


def _is_left_out(name: str, value: str) -> bool:
    return bool(_OF_NO_USE.fullmatch(name)) or names_a_secret(name) or without_credentials(value) != value


def _caches(environ: Mapping[str, str], home: Path | None) -> dict[str, Path]:
    """Return where tools of the user keep what they would now look for in another home."""
    found: dict[str, Path] = {}
    if home is None:
        return found
    ccache = next((home / name for name in _CCACHE if os.path.isdir(home / name)), None)  # noqa: PTH112 - as below
    if "CCACHE_DIR" not in environ and ccache is not None:
        found["CCACHE_DIR"] = ccache
    if "RUSTUP_HOME" not in environ and os.path.isdir(home / ".rustup"):  # noqa: PTH112 - no error for what is forbidden
        found["RUSTUP_HOME"] = home / ".rustup"
    return found
