from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.buildsystem import read_pyproject
from pep517_multi.sources.declared import read_declared, read_setup_cfg

if TYPE_CHECKING:
    from pathlib import Path

PKG_INFO = "Metadata-Version: 2.1\nName: sdist-name\nVersion: 9.9\n\nName: body\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"pyproject.toml": '[project]\nname = "a"\nversion = "1"'}, ("a", "1"), id="project"),
        pytest.param({"pyproject.toml": '[project]\nname = "a"\ndynamic = ["version"]'}, ("a", None), id="dynamic"),
        pytest.param({"pyproject.toml": '[tool.poetry]\nname = "a"\nversion = "1"'}, ("a", "1"), id="poetry"),
        pytest.param({"pyproject.toml": '[tool.poetry]\nname = "a"\nversion = "0.0.0"'}, ("a", None), id="placeholder"),
        pytest.param({"setup.cfg": "[metadata]\nname = a\nversion = 1"}, ("a", "1"), id="setup-cfg"),
        pytest.param({"setup.cfg": "[metadata]\nname = a\nversion = attr: a.v"}, ("a", None), id="setup-cfg-attr"),
        pytest.param({"setup.cfg": "[metadata]\nname = a\nversion = file: V"}, ("a", None), id="setup-cfg-file"),
        pytest.param({"setup.cfg": "name = a"}, (None, None), id="setup-cfg-broken"),
        pytest.param({"PKG-INFO": PKG_INFO}, ("sdist-name", "9.9"), id="sdist"),
        pytest.param(
            {"pyproject.toml": '[project]\nname = "a"\ndynamic = ["version"]', "PKG-INFO": PKG_INFO},
            ("a", "9.9"),
            id="dynamic-in-an-sdist",
        ),
        pytest.param({"pyproject.toml": "project = 1\ntool = 2"}, (None, None), id="nonsense"),
        pytest.param({}, (None, None), id="nothing"),
    ],
)
def test_name_and_version_are_what_is_declared_and_no_guess(
    tmp_path: Path, files: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert read_declared(tmp_path, read_pyproject(tmp_path))[:2] == expected


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.9"'),
        ("setup.cfg", "[options]\npython_requires = >=3.9"),
        ("PKG-INFO", "Name: a\nRequires-Python: >=3.9\n"),
    ],
    ids=["project", "setup-cfg", "sdist"],
)
def test_requires_python_is_read_from_wherever_it_is_declared(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")

    assert read_declared(tmp_path, read_pyproject(tmp_path)).requires_python == ">=3.9"


def test_keys_of_setup_cfg_read_alike_with_dashes_and_underscores(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[options]\nsetup-requires = a\n", encoding="utf-8")

    assert read_setup_cfg(tmp_path) == {"options": {"setup_requires": "a"}}
