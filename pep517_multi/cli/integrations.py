"""``multibuild integration``: the files with which packaging hosts call multibuild."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import pep517_multi
from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(pep517_multi.__file__).with_name("integrations")
HOSTS: Mapping[str, tuple[str, ...]] = {
    # What a host loads; the first is the one that is meant where none is named.
    "rpm": ("macros.multibuild",),
    "debian": ("Buildsystem/multibuild.pm", "Sequence/multibuild.pm"),
    "arch": ("multibuild.sh",),
    "gentoo": ("eclass/pep517-multi.eclass",),
}


def show_integration(host: str, file: str | None, *, path: bool) -> int:
    """Print a file of a host; with ``path`` where it lies, or where all lie if the host needs several.

    :raises UsageError: the host has no such file.
    """
    names = HOSTS[host]
    if file is not None and file not in names:
        raise UsageError(f"there is no {file} for {host}; there is {', '.join(names)}")
    found = FOLDER / host / (file or names[0])
    if not path:
        click.echo(found.read_bytes(), nl=False)
    else:
        click.echo(FOLDER / host if file is None and len(names) > 1 else found)
    return 0
