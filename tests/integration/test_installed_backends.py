"""Without isolation, a backend may be another one in the next run."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from command_line import cpython_targets, multibuild, targets
from conftest import PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import Ran


def install_backend(site: Path, greeting: str) -> None:
    """Put a backend into ``site`` as an installer would; it writes a module that holds ``greeting``."""
    shutil.copy(PACKAGES / "intree-backend" / "backend" / "wheel_writer.py", site / "wheel_writer.py")
    (site / "toybackend.py").write_text(
        "import wheel_writer\n"
        "def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n"
        f"    return wheel_writer.write_wheel(wheel_directory, 'toy', '1.0', {{'toy.py': {greeting.encode()!r}}})\n"
    )
    info = site / "toybackend-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toybackend\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"toybackend.py,sha256={hash(greeting)},1\n")


def test_a_backend_that_has_changed_builds_again_and_one_that_has_not_does_not(tmp_path: Path) -> None:
    name = cpython_targets()[0]
    subprocess.run([targets()[name], "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["toybackend"]\nbuild-backend = "toybackend"\n'
        '[project]\nname = "toy"\nversion = "1.0"\n'
    )

    def run() -> Ran:
        python = tmp_path / "env" / "bin" / "python"
        ran = multibuild(tree, "--no-isolation", "--impls", python, workdir=tmp_path / "work")
        assert ran.returncode == 0, ran.stderr
        return ran

    install_backend(site, "one = 1\n")
    first = run().impls[name]
    assert first["seconds"]["build"] > 0
    assert run().impls[name]["seconds"].get("build", 0) == 0

    install_backend(site, "two = 2\n")
    again = run().impls[name]

    assert again["seconds"]["build"] > 0
    assert again["wheel_sha256"] != first["wheel_sha256"]
    assert f"toybackend is another one than {name} built it with" in " ".join(again["because"])
    assert [path.name for path in (tmp_path / "work" / "wheels").glob("**/*.whl")] == ["toy-1.0-py3-none-any.whl"]
    assert run().impls[name]["seconds"].get("build", 0) == 0
