"""Source distributions pinned by file name and hash: resolved by uv, downloaded once, kept in the user's cache."""

from __future__ import annotations

import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path

from platformdirs import user_cache_path

from pep517_multi import files
from pep517_multi.errors import IntegrityError, PlanError
from pep517_multi.process import Command, LocalRunner, inherited_environment
from pep517_multi.settings import read_toml

CACHE = "pep517-multi-tests"


def fetch(name: str, *, file: str, sha256: str) -> Path:
    """Return the archive ``file`` of the project ``name``, from the cache where it is there already.

    :raises PlanError: the index does not have it, or uv is not there to ask the index.
    :raises IntegrityError: what was downloaded is not what was pinned.
    """
    path = user_cache_path(CACHE) / file
    if path.is_file() and files.sha256(path) == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = files.beside(path)
    with urllib.request.urlopen(_address(name, file)) as response, part.open("wb") as stream:  # noqa: S310 - uv's answer
        shutil.copyfileobj(response, stream)
    if files.sha256(part) != sha256:
        part.unlink()
        raise IntegrityError(f"{file} is not what was pinned; see who changed it before changing the pin")
    part.replace(path)
    return path


def _address(name: str, file: str) -> str:
    """Ask uv where its index has ``file``, so that no host is named here and no index page is read."""
    version = file.removesuffix(".tar.gz").removesuffix(".zip").rpartition("-")[2]
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "pylock.toml")
        argv = (_uv(), "pip", "compile", "-", "--no-deps", "--python-version", "3.13", "--quiet", "--output-file", lock)
        wanted = f"{name} == {version}\n".encode()
        command = Command(tuple(map(str, argv)), cwd=Path(folder), env=inherited_environment(), stdin=wanted)
        answer = LocalRunner().run(command)
        if answer.returncode:
            raise PlanError(f"uv does not find {name} {version}: {answer.stderr.decode(errors='replace').strip()}")
        sdists = [package.get("sdist", {}) for package in read_toml(lock)["packages"]]
    for sdist in sdists:
        address = str(sdist.get("url", ""))
        if address.rpartition("/")[2] == file:
            return address
    raise PlanError(f"the index has no {file}; pin a file that it has")


def _uv() -> str:
    found = shutil.which("uv", path=f"{Path(sys.prefix, 'bin')}:{inherited_environment().get('PATH', '')}")
    if found is None:
        raise PlanError('uv is not installed, and it is what asks the index: pip install "pep517-multi[uv]"')
    return found
