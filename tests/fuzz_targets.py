"""What is fuzzed: each target takes arbitrary input, and nothing but an error of ours may come out of it.

Shared by the bounded runs of the test suite and by ``qa/fuzzing.py``.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import raw_zip

from pep517_multi.errors import MultibuildError
from pep517_multi.interpreters.spec import Spec
from pep517_multi.sources.archive import unpack
from pep517_multi.sources.opening import open_source
from pep517_multi.wheels.validation import validate
from pep517_multi.wheels.validation.record import parse
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

KEYS = (
    *("project", "name", "version", "dynamic", "requires-python", "build-system", "requires", "build-backend", "tool"),
    *("backend-path", "setuptools", "packages", "find", "package-data", "ext-modules", "hatch", "build", "targets"),
    *("wheel", "hooks", "custom", "poetry", "script", "pdm", "flit", "module", "metadata", "multibuild", "scripts"),
    *("dependencies", "license", "py-limited-api", "cmdclass", "include", "where", "attr", "file", "setuptools_scm"),
)
"""Words that the readers of ``pyproject.toml`` look for, so that wrong types get to them."""


def wheel(data: bytes, folder: Path) -> None:
    """Validate a wheel; what passes is read alike by another reader."""
    path = raw_zip.write(folder / "sample-1.0-py3-none-any.whl", data)
    with contextlib.suppress(MultibuildError):
        read_wheel(path)
    try:
        validate(path)
    except MultibuildError as error:
        _check_message(error)
        return
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert all(not name.startswith("/") and ".." not in name.split("/") for name in archive.namelist())


def record(data: bytes, _folder: Path) -> None:
    """Parse RECORD."""
    try:
        rows = parse(data.decode("utf-8", "replace"))
    except ValueError as error:
        _check_message(error)
    else:
        assert all(len(row) == 3 for row in rows)


def recorded(data: bytes, folder: Path) -> None:
    """Validate a wheel that is right but for its RECORD."""
    *parts, last = raw_zip.wheel_parts()
    wheel(raw_zip.archive([*parts, raw_zip.Part(last.name, data)]), folder)


def pyproject(data: bytes, folder: Path) -> None:
    """Open a source with such a ``pyproject.toml``."""
    _open(folder, {"pyproject.toml": data})


def setup_py(data: bytes, folder: Path) -> None:
    """Judge a source with such a ``setup.py``."""
    _open(folder, {"setup.py": data})


def setup_cfg(data: bytes, folder: Path) -> None:
    """Judge a source with such a ``setup.cfg``."""
    _open(folder, {"setup.py": b"import setuptools\nsetuptools.setup()\n", "setup.cfg": data})


def sdist(data: bytes, folder: Path) -> None:
    """Unpack both kinds of archives."""
    for name in ("sample.tar.gz", "sample.zip"):
        with contextlib.suppress(MultibuildError):
            unpack(raw_zip.write(folder / name, data), folder / "unpacked")


def spec(data: bytes, _folder: Path) -> None:
    """Parse a value of ``--impls``."""
    try:
        Spec.parse(data.decode("utf-8", "replace"))
    except MultibuildError as error:
        _check_message(error)


def toml(value: object) -> str:
    """Write a value as TOML has it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def document(tables: Mapping[str, Any]) -> bytes:
    """Return a TOML document with these keys at its top."""
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in tables.items()).encode()


def _open(folder: Path, files: Mapping[str, bytes]) -> None:
    tree = folder / "tree"
    for name in ("pyproject.toml", "setup.py", "setup.cfg"):
        (tree / name).unlink(missing_ok=True)
    for name, data in files.items():
        raw_zip.write(tree / name, data)
    try:
        open_source(tree, unpack_to=folder / "unpacked", work_directory=None)
    except MultibuildError as error:
        _check_message(error)


def _check_message(error: Exception) -> None:
    assert str(error)


TARGETS: Mapping[str, Callable[[bytes, Path], None]] = {
    target.__name__: target for target in (wheel, record, recorded, pyproject, setup_py, setup_cfg, sdist, spec)
}
