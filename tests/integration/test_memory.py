"""How much memory the driver needs for what is large."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import machine
import pytest
from command_line import environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LIMIT = 150 << 10  # KiB
_RUN = """
import sys
from pep517_multi.cli import commands

code = commands.run(sys.argv[1:])
with open("/proc/self/status") as status:
    print(code, *(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
_METADATA = b"Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
_WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(folder: Path, files: dict[str, Iterable[bytes]]) -> Path:
    """Write a wheel whose members need not be in memory."""
    path, info = folder / "sample-1.0-py3-none-any.whl", "sample-1.0.dist-info"
    rows = [f"{info}/RECORD,,"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, chunks in {**files, f"{info}/METADATA": [_METADATA], f"{info}/WHEEL": [_WHEEL]}.items():
            digest, size = hashlib.sha256(), 0
            with archive.open(name, "w", force_zip64=True) as member:
                for chunk in chunks:
                    digest.update(chunk)
                    size += member.write(chunk)
            rows.append(f"{name},sha256={base64.urlsafe_b64encode(digest.digest()).decode().rstrip('=')},{size}")
        archive.writestr(f"{info}/RECORD", "\n".join(rows))
    return path


@pytest.mark.parametrize(
    ("files", "count"),
    [
        pytest.param({"sample.bin": (bytes(1 << 20) for _ in range(1024))}, 1, id="member-of-1-gib"),
        pytest.param({f"sample/{n // 100}/m{n}.txt": [b"%d\n" % n] for n in range(20_000)}, 20_000, id="20000-files"),
    ],
)
def test_a_large_wheel_is_installed_with_little_memory(
    tmp_path: Path, files: dict[str, Iterable[bytes]], count: int
) -> None:
    wheel, root = make_wheel(tmp_path, files), tmp_path / "roots"
    impls = [str(path) for path in list(machine.cpythons().values())[: 1 if count == 1 else 2]]
    arguments = ["install", "--wheel", str(wheel), "--roots", str(root), "--max-ratio", "2000", "--impls", *impls]

    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], env=environment(), capture_output=True, text=True, check=True
    )

    code, peak = done.stdout.split()[-2:]
    assert code == "0", done.stderr
    assert int(peak) < _LIMIT
    assert sum(path.suffix in {".bin", ".txt"} for path in root.rglob("*")) == count * len(impls)
    wheel.unlink()
    subprocess.run(["rm", "-rf", str(root)], check=True)
