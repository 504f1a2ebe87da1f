"""An oracle for staging roots: what gpep517 makes of the same wheel, run by the interpreter itself."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

_COMPARE = """
import json, marshal, sys
CODE = type((lambda: None).__code__)
def known(value):
    if isinstance(value, CODE):
        plain = [name for name in dir(value) if name.startswith("co_") and name not in ("co_consts", "co_branches")]
        fields = [(name, getattr(value, name)) for name in plain if not callable(getattr(value, name))]
        return ("code", fields, [known(constant) for constant in value.co_consts])
    if isinstance(value, tuple):
        return ("tuple", [known(member) for member in value])
    if isinstance(value, frozenset):
        return ("frozenset", sorted((known(member) for member in value), key=repr))
    return (type(value).__name__, repr(value))
def read(path):
    with open(path, "rb") as stream:
        return stream.read()
for path in json.load(sys.stdin):
    ours, theirs = (read(root + "/" + path) for root in sys.argv[1:])
    if ours[:8] != theirs[:8] or known(marshal.loads(ours[16:])) != known(marshal.loads(theirs[16:])):
        print(path)
"""


def runs_in(impl: str) -> bool:
    """Whether gpep517 can run in an implementation with this name: installer needs Python 3.10."""
    return int(impl.rpartition(".")[2]) >= 10


def install(wheel: Path, destination: Path, *, impl: str, python: Path) -> Path:
    """Let ``python`` install ``wheel`` below ``destination`` with bytecode of the levels 0 and 1."""
    path = destination.parent / "gpep517"
    path.mkdir(parents=True, exist_ok=True)
    for package in ("gpep517", "installer"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        if not (path / package).exists():
            (path / package).symlink_to(Path(spec.origin).parent)
    command: list[str | Path] = [
        python,
        "-s",
        "-m",
        "gpep517",
        "install-wheel",
        "--prefix",
        "/usr",
        "--optimize",
        "0,1",
    ]
    command += ["--destdir", destination, "--interpreter", f"/usr/bin/{impl}", wheel]
    environ = {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    environ.pop("SOURCE_DATE_EPOCH", None)
    subprocess.run(command, env=environ, umask=0o022, capture_output=True, check=True)
    return destination


def different(ours: Path, theirs: Path, *, python: Path) -> list[str]:
    """Name each file in which two roots differ: bytes and modes, code objects of bytecode; not INSTALLER and RECORD."""
    one, other = _files(ours), _files(theirs)
    found = sorted(one.keys() ^ other.keys())
    both = sorted(one.keys() & other.keys())
    found += [path for path in both if one[path].stat().st_mode != other[path].stat().st_mode]
    bytecode = [path for path in both if path.endswith(".pyc")]
    plain = [path for path in both if not path.endswith(".pyc")]
    found += [path for path in plain if one[path].read_bytes() != other[path].read_bytes()]
    asked = subprocess.run(
        [python, "-I", "-B", "-c", _COMPARE, ours, theirs],
        input=json.dumps(bytecode),
        capture_output=True,
        text=True,
        check=True,
    )
    return found + asked.stdout.splitlines()


def _files(root: Path) -> dict[str, Path]:
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {
        name: path for name, path in found.items() if not name.endswith((".dist-info/INSTALLER", ".dist-info/RECORD"))
    }
