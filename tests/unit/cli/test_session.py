from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.cli.session import settings_of
from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the tests a site file of their own, and a current directory."""
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.delenv("PEP517_MULTI_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc" / "pep517-multi").mkdir(parents=True)
    return tmp_path / "etc" / "pep517-multi" / "multibuild.toml"


def test_each_layer_is_named_as_the_origin_of_its_values(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write_text("jobs = 2\n")
    (tmp_path / "pyproject.toml").write_text('[tool.multibuild]\next = "no"\n')
    (tmp_path / "mine.toml").write_text("abi3 = false\n")
    monkeypatch.setenv("PEP517_MULTI_TIMEOUT", "7")
    settings = settings_of({"config": "mine.toml", "prefix": "/opt"}, tmp_path)
    assert (settings.jobs, settings.ext, settings.abi3, settings.timeout, settings.prefix) == (
        2,
        "no",
        False,
        7,
        "/opt",
    )
    assert settings.origins == {
        "jobs": str(site),
        "ext": f"[tool.multibuild] of {tmp_path / 'pyproject.toml'}",
        "abi3": str(tmp_path / "mine.toml"),
        "timeout": "the environment",
        "prefix": "the command line",
    }


def test_relative_paths_are_relative_to_the_file_that_has_them(site: Path, tmp_path: Path) -> None:
    site.write_text('workdir = "work"\n')
    assert settings_of({}).workdir == site.parent / "work"
    assert settings_of({"workdir": "work"}).workdir == tmp_path / "work"


def test_a_configuration_file_may_be_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text("jobs = 3\n")
    monkeypatch.setenv("PEP517_MULTI_CONFIG", "mine.toml")
    assert settings_of({}).jobs == 3


def test_a_configuration_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"cannot read {tmp_path}/gone\.toml: No such file"):
        settings_of({"config": "gone.toml"})


def test_an_unknown_key_names_its_file(site: Path) -> None:
    site.write_text('resue = "never"\n')
    with pytest.raises(UsageError, match=rf"unknown setting 'resue' in {site} \(did you mean 'reuse'\?\)"):
        settings_of({})


def test_a_project_whose_file_is_no_toml_is_left_to_those_who_read_it_for_the_build(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[[[")
    assert settings_of({}, tmp_path) == settings_of({})
