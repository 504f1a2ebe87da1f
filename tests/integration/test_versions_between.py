"""What a build does for some versions of Python alone must reach them, whichever way round the builds come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import cpython_targets, impls, multibuild

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interpreters

BACKEND = """
import base64, hashlib, os, sys, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {
        "between.py": "SPECIAL = %r" % (SPECIAL),
        "between-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: between\\nVersion: 1\\n",
        "between-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "between-1.dist-info/RECORD"
    hashes = {name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()) for name, text in files.items()}
    lines = ["%s,sha256=%s,%d" % (name, hashes[name].decode().rstrip("="), len(text)) for name, text in files.items()]
    files[record] = "\\n".join([*lines, record + ",,", ""])
    with zipfile.ZipFile(os.path.join(wheel_directory, "between-1-py3-none-any.whl"), "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return "between-1-py3-none-any.whl"
"""


@pytest.mark.parametrize(
    "special",
    [
        pytest.param("sys.version_info[:2] == (3, MINOR)", id="version"),
        pytest.param("'%d%d' % sys.version_info[:2] == '3MINOR'", id="version-without-a-dot"),
        pytest.param("sys.version_info.minor in range(MINOR, MINOR + 1)", id="range"),
        pytest.param("os.path.exists('data/py%d%d.json' % sys.version_info[:2])", id="name-of-a-file"),
    ],
)
def test_a_version_between_the_ends_that_the_backend_treats_specially_builds_for_itself(
    tmp_path: Path, special: str
) -> None:
    oldest, between, *_, newest = cpython_targets()
    minor = between.partition(".")[2]
    tree = tmp_path / "between"
    (tree / "data").mkdir(parents=True)
    (tree / "data" / f"py3{minor}.json").write_text("{}", encoding="utf-8")
    system = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    (tree / "pyproject.toml").write_text(system, encoding="utf-8")
    (tree / "own.py").write_text(BACKEND.replace("SPECIAL)", special.replace("MINOR", minor) + ")"), encoding="utf-8")

    ran = multibuild("build", tree, *impls(oldest, between, newest), workdir=tmp_path / "work")

    assert ran.returncode == 0, ran.stderr
    assert ran.actions[between] == "built"
    assert ran.impls[between]["wheel_sha256"] != ran.impls[oldest]["wheel_sha256"]
    assert ran.impls[newest]["wheel_sha256"] == ran.impls[oldest]["wheel_sha256"]


@pytest.mark.network
def test_who_is_too_old_for_the_project_is_so_whoever_built_first(tmp_path: Path) -> None:
    older, newer = cpython_targets()[:2]
    tree = tmp_path / "guarded"
    tree.mkdir()
    (tree / "own.py").write_text("", encoding="utf-8")
    (tree / "setup.py").write_text(
        "import sys\nfrom setuptools import setup\n"
        f"if sys.version_info < (3, {newer.partition('.')[2]}):\n    sys.exit('too old')\n"
        "setup(name='guarded', version='1', py_modules=['own'])\n",
        encoding="utf-8",
    )

    together = multibuild("build", tree, *impls(older, newer), workdir=tmp_path / "together")
    apart = [multibuild("build", tree, *impls(name), workdir=tmp_path / "apart").actions for name in (newer, older)]

    assert together.report["source"]["evidence"]["verdict"] == "independent"
    assert together.actions == {older: "failed", newer: "built"}
    assert apart == [{newer: "built"}, {older: "failed"}]
