from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pep517_multi.backends.ordinary_abi import ordinary_abi
from pep517_multi.errors import UsageError
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.backends.ordinary_abi import AbiSwitch

SETUPTOOLS = BuildSystem("setuptools.build_meta", ("setuptools",))


def switch(
    tmp_path: Path,
    build_system: BuildSystem,
    *,
    pyproject: str = "",
    settings: Mapping[str, str | list[str]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AbiSwitch:
    tree, folder = tmp_path / "tree", tmp_path / "folder"
    for path in (tree, folder):
        path.mkdir(exist_ok=True)
    (tree / "pyproject.toml").write_text(pyproject)
    return ordinary_abi(tree, build_system, config_settings=settings or {}, environ=environ or {}, folder=folder)


def config(found: AbiSwitch) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_string(Path(found.environ["DIST_EXTRA_CONFIG"]).read_text())
    return {section: dict(parser.items(section)) for section in parser.sections()}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, ["-Dpython.allow_limited_api=false"], id="none"),
        pytest.param({"setup-args": "-Da=b"}, ["-Da=b", "-Dpython.allow_limited_api=false"], id="one"),
        pytest.param({"setup-args": ["-Da", "-Db"]}, ["-Da", "-Db", "-Dpython.allow_limited_api=false"], id="several"),
    ],
)
def test_meson_python_gets_an_option_after_the_users_own(
    tmp_path: Path, given: dict[str, str | list[str]], expected: list[str]
) -> None:
    found = switch(tmp_path, BuildSystem("mesonpy", ("meson-python",)), settings={**given, "other": "stays"})
    assert found.config_settings == {"other": "stays", "setup-args": expected}
    assert found.environ == {}
    assert "meson-python" in found.because


@pytest.mark.parametrize(
    "system",
    [
        pytest.param(SETUPTOOLS, id="setuptools"),
        pytest.param(BuildSystem("setuptools.build_meta:__legacy__", (), declared=False), id="undeclared"),
        pytest.param(BuildSystem("own", ("Setuptools >= 60", "cffi"), ("backend",)), id="wrapped-in-the-tree"),
    ],
)
def test_setuptools_gets_a_configuration_file(tmp_path: Path, system: BuildSystem) -> None:
    found = switch(tmp_path, system)
    assert config(found) == {"bdist_wheel": {"py_limited_api": ""}}
    assert found.config_settings == {}
    assert "setuptools" in found.because


@pytest.mark.parametrize("name", ["extra.cfg", "{tree}/extra.cfg"], ids=["relative-to-the-tree", "absolute"])
def test_a_configuration_file_of_the_users_is_kept_but_for_the_abi(tmp_path: Path, name: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    text = "[build_ext]\nparallel = 2\n[bdist_wheel]\npy-limited-api = cp39\nplat_name = x%y\n"
    (tree / "extra.cfg").write_text(text)
    found = switch(tmp_path, SETUPTOOLS, environ={"DIST_EXTRA_CONFIG": name.format(tree=tree)})
    assert config(found) == {
        "build_ext": {"parallel": "2"},
        "bdist_wheel": {"plat_name": "x%y", "py_limited_api": ""},
    }
    assert (tree / "extra.cfg").read_text() == text


@pytest.mark.parametrize("content", [None, b"no section\n", b"\xff"])
def test_a_configuration_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "extra.cfg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"DIST_EXTRA_CONFIG names .*extra.cfg, which cannot be read: "):
        switch(tmp_path, SETUPTOOLS, environ={"DIST_EXTRA_CONFIG": str(path)})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["--py-limited-api="]),
        ({"--build-option": "--x --y"}, "--x --y --py-limited-api="),
        ({"--build-option": ["--x"]}, ["--x", "--py-limited-api="]),
    ],
)
def test_what_pyproject_says_to_bdist_wheel_needs_an_option_to_be_outvoted(
    tmp_path: Path, given: dict[str, str | list[str]], expected: str | list[str]
) -> None:
    pyproject = '[tool.distutils.bdist_wheel]\npy-limited-api = "cp39"\n'
    assert switch(tmp_path, SETUPTOOLS, pyproject=pyproject, settings=given).config_settings == {
        "--build-option": expected
    }


SCIKIT = BuildSystem("scikit_build_core.build", ("scikit-build-core",))


@pytest.mark.parametrize(
    "pyproject",
    [
        '[tool.scikit-build]\nwheel.py-api = "cp39"\n',
        '[[tool.scikit-build.overrides]]\nif.python-version = ">=3.9"\nwheel.py-api = "cp39"\n',
    ],
    ids=["plain", "in-an-override"],
)
def test_scikit_build_core_gets_an_empty_python_api(tmp_path: Path, pyproject: str) -> None:
    found = switch(tmp_path, SCIKIT, pyproject=pyproject, settings={"a": "b"})
    assert found.config_settings == {"a": "b", "wheel.py-api": ""}
    assert "scikit-build-core was asked" in found.because


@pytest.mark.parametrize(
    "pyproject",
    [
        "",
        '[tool.scikit-build]\nwheel.py-api = "py3"\n',
        "tool.scikit-build = 1\n",
        "[tool.scikit-build]\noverrides = 1",
    ],
)
def test_a_wheel_of_scikit_build_core_that_is_for_every_python_stays_one(tmp_path: Path, pyproject: str) -> None:
    assert switch(tmp_path, SCIKIT, pyproject=pyproject).config_settings == {}


def test_a_python_api_that_the_user_chose_stays(tmp_path: Path) -> None:
    given = {"wheel.py-api": "cp311"}
    pyproject = '[tool.scikit-build]\nwheel.py-api = "cp39"\n'
    found = switch(tmp_path, SCIKIT, pyproject=pyproject, settings=given)
    assert found.config_settings == given
    assert "stays" in found.because


def test_others_are_left_alone(tmp_path: Path) -> None:
    found = switch(tmp_path, BuildSystem("maturin", ("maturin>=1",)), settings={"a": "b"})
    assert (found.config_settings, found.environ) == ({"a": "b"}, {})
    assert found.because == "maturin has no switch for the ordinary ABI"
