from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.stable_abi import expects_stable_abi

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("setup.py", "setup(options={'bdist_wheel': {'py_limited_api': 'cp39'}})"),
        ("build_ext.py", "define_macros=[('Py_LIMITED_API', '0x03090000')]"),
        ("pyproject.toml", "[tool.meson-python]\nlimited-api = true"),
        ("rust/Cargo.toml", 'pyo3 = { features = ["abi3-py39"] }'),
        ("pyproject.toml", '[tool.scikit-build]\nwheel.py-api = "cp312"\n# abi3'),
    ],
)
def test_a_build_file_that_speaks_of_the_stable_abi_raises_the_expectation(
    tmp_path: Path, file: str, text: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert expects_stable_abi(tmp_path)


def test_other_files_and_hidden_folders_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("setup()")
    for file in ("README.md", ".git/setup.py", "sample/module.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("abi3")
    assert not expects_stable_abi(tmp_path)
