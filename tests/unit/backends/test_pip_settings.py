from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pep517_multi.backends.pip_settings import PipSettings
from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

NO_FILES = {"PIP_CONFIG_FILE": os.devnull}


def options(environ: dict[str, str]) -> list[str]:
    """What uv is told, its variables written as the options that they stand for."""
    settings = PipSettings.read(environ)
    told = settings.uv_environ(environ)
    indexes = [f"--default-index {url}" for url in told.get("UV_DEFAULT_INDEX", "").split()]
    indexes += [f"--index {url}" for url in told.get("UV_INDEX", "").split()]
    return [*" ".join(indexes).split(), *settings.uv_options(environ)]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"PIP_INDEX_URL": "https://i/s"}, ["--default-index", "https://i/s"], id="index"),
        pytest.param(
            {"PIP_EXTRA_INDEX_URL": "https://a/ https://b/"},
            ["--index", "https://a/", "--index", "https://b/", "--index-strategy", "unsafe-best-match"],
            id="extra-indexes-as-pip-uses-them",
        ),
        pytest.param(
            {"PIP_FIND_LINKS": "/wheels https://w/", "PIP_NO_INDEX": "1"},
            ["--find-links", "/wheels", "--find-links", "https://w/", "--no-index"],
            id="links-only",
        ),
        pytest.param({"PIP_NO_INDEX": "false"}, [], id="a-switch-that-is-off"),
        pytest.param({"PIP_CONSTRAINT": "/c.txt"}, ["--constraints", "/c.txt"], id="constraint"),
        pytest.param({"PIP_BUILD_CONSTRAINT": "/b.txt"}, ["--constraints", "/b.txt"], id="build-constraint"),
        pytest.param({"PIP_PRE": "yes"}, ["--prerelease=allow"], id="pre-releases"),
    ],
)
def test_variables_of_pip_become_options_of_uv(variables: dict[str, str], expected: list[str]) -> None:
    assert options(NO_FILES | variables) == expected


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_INDEX_URL", "UV_INDEX_URL"),
        ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
        ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
        ("PIP_CONSTRAINT", "UV_CONSTRAINT"),
    ],
)
def test_a_variable_of_uv_itself_is_stronger(pip: str, uv: str) -> None:
    assert options(NO_FILES | {pip: "/one", uv: "/two"}) == []


def test_an_index_strategy_of_the_user_stays() -> None:
    environ = NO_FILES | {"PIP_EXTRA_INDEX_URL": "https://a/", "UV_INDEX_STRATEGY": "first-index"}

    assert options(environ) == ["--index", "https://a/"]


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert options(NO_FILES | {"PIP_FIND_LINKS": "wheels"}) == ["--find-links", str(tmp_path / "wheels")]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_files_are_read_weakest_first_and_variables_are_strongest(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    write(tmp_path / "xdg/pip/pip.conf", "[global]\nindex-url = https://system/\ntrusted-host = system\n")
    write(tmp_path / ".pip/pip.conf", "[global]\nindex_url = https://legacy/\ntimeout = 3\n")
    write(tmp_path / ".config/pip/pip.conf", "[global]\nindex-url = https://user/\nproxy = http://p/\n")
    write(tmp_path / "own.conf", "[global]\nproxy = http://q/\n[install]\nfind-links =\n  /one\n  /two\n")

    assert PipSettings.read(environ).options["index-url"] == "https://user/"
    environ["PIP_CONFIG_FILE"] = str(tmp_path / "own.conf")
    environ["PIP_INDEX_URL"] = "https://variable/"
    settings = PipSettings.read(environ)
    assert settings.options["index-url"] == "https://variable/"
    assert settings.options["trusted-host"] == "system"
    assert settings.values("find-links") == ["/one", "/two"]
    assert settings.uv_environ({})["ALL_PROXY"] == "http://q/"
    assert settings.uv_environ({})["UV_HTTP_TIMEOUT"] == "3"


def test_the_section_of_the_command_is_stronger_than_the_global_one(tmp_path: Path) -> None:
    write(tmp_path / "pip.conf", "[install]\nindex-url = https://install/\n[global]\nindex-url = https://global/\n")

    settings = PipSettings.read({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")})

    assert settings.options["index-url"] == "https://install/"


def test_no_file_is_read_when_pip_is_told_so(tmp_path: Path) -> None:
    write(tmp_path / ".config/pip/pip.conf", "[global]\nindex-url = https://user/\n")

    assert options({"HOME": str(tmp_path), **NO_FILES}) == []


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "pip.conf", "index-url = https://no-section/\n")

    with pytest.raises(UsageError, match=r"pip\.conf cannot be understood"):
        PipSettings.read({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")})


def test_a_certificate_and_a_timeout_are_handed_on() -> None:
    settings = PipSettings.read(NO_FILES | {"PIP_CERT": "/ca.pem", "PIP_DEFAULT_TIMEOUT": "180"})

    assert settings.uv_environ({}) == {"SSL_CERT_FILE": "/ca.pem", "UV_HTTP_TIMEOUT": "180"}
