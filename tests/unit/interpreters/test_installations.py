from __future__ import annotations

from pathlib import Path

import fake_interpreters
import pytest

from pep517_multi.errors import InterpreterError
from pep517_multi.interpreters.installations import given, sightings


def put(folder: Path, *names: str) -> None:
    for name in names:
        fake_interpreters.write_script(folder / name, "")


def link(folder: Path, **links: str) -> None:
    for name, target in links.items():
        (folder / name).symlink_to(target)


def seen(path: str = "", system: tuple[Path, ...] = (), **environ: str) -> list[tuple[str, str]]:
    found = sightings({"PATH": path, "HOME": "/nonexistent", **environ}, system_folders=system)
    return [(str(sighting.executable), sighting.found) for sighting in found]


def test_path_comes_first_then_the_system_then_version_managers(tmp_path: Path) -> None:
    put(tmp_path / "mine", "python3.12")
    put(tmp_path / "system", "python3.11")
    put(tmp_path / "pyenv/versions/3.13.0/bin", "python3.13")
    found = seen(str(tmp_path / "mine"), (tmp_path / "system",), PYENV_ROOT=str(tmp_path / "pyenv"))
    assert found == [
        (f"{tmp_path}/mine/python3.12", "PATH"),
        (f"{tmp_path}/system/python3.11", f"{tmp_path}/system"),
        (f"{tmp_path}/pyenv/versions/3.13.0/bin/python3.13", "pyenv"),
    ]


@pytest.mark.parametrize(
    ("manager", "environ", "executable"),
    [
        pytest.param("pyenv", {}, ".pyenv/versions/3.12.1/bin/python3.12", id="pyenv"),
        pytest.param("uv", {}, ".local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12", id="uv"),
        pytest.param("uv", {}, ".local/share/uv/python/pypy-3.11/install/bin/pypy3.11", id="uv-nested"),
        pytest.param("uv", {"XDG_DATA_HOME": "data"}, "data/uv/python/x/bin/python3.12", id="uv-xdg"),
        pytest.param("uv", {"UV_PYTHON_INSTALL_DIR": "uvs"}, "uvs/x/bin/python3.12", id="uv-elsewhere"),
        pytest.param("mise", {}, ".local/share/mise/installs/python/3.12.1/bin/python3.12", id="mise"),
        pytest.param("asdf", {"ASDF_DATA_DIR": "a"}, "a/installs/python/3.12.1/bin/python3.12", id="asdf"),
    ],
)
def test_what_version_managers_keep_is_found(
    manager: str, environ: dict[str, str], executable: str, tmp_path: Path
) -> None:
    path = fake_interpreters.write_script(tmp_path / executable, "")
    absolute = {key: str(tmp_path / value) for key, value in environ.items()}
    assert seen("", (), **{"HOME": str(tmp_path), **absolute}) == [(str(path), manager)]


def test_virtual_environments_and_unfinished_installs_of_version_managers_are_left_out(tmp_path: Path) -> None:
    put(tmp_path / ".pyenv/versions/mine/bin", "python3.12")
    (tmp_path / ".pyenv/versions/mine/pyvenv.cfg").touch()
    put(tmp_path / ".local/share/uv/python/.temp/bin", "python3.12")
    assert seen(HOME=str(tmp_path)) == []


def test_shims_are_left_out(tmp_path: Path) -> None:
    put(tmp_path / "shims", "python3.12", "python3.13")
    assert seen(str(tmp_path / "shims")) == []


def test_relative_folders_on_path_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bin", "python3.12")
    monkeypatch.chdir(tmp_path)
    assert seen(":bin:.:./bin") == []


def test_only_names_of_interpreters_count_and_only_files_that_can_be_run(tmp_path: Path) -> None:
    put(tmp_path, "python3.12-config", "pythonw", "pypy3clean", "python-argcomplete-tcsh", "ipython3", "python3.13t")
    (tmp_path / "python3.11").touch(mode=0o644)
    (tmp_path / "python3.10").mkdir()
    link(tmp_path, **{"python3.9": "gone"})
    assert seen(str(tmp_path)) == [(f"{tmp_path}/python3.13t", "PATH")]


def test_one_interpreter_is_seen_once_under_its_most_telling_name(tmp_path: Path) -> None:
    put(tmp_path / "bin", "python3.12")
    link(tmp_path / "bin", python3="python3.12", python="python3")
    (tmp_path / "again").symlink_to("bin")
    assert seen(f"{tmp_path}/bin:{tmp_path}/again") == [(f"{tmp_path}/bin/python3.12", "PATH")]


def test_hard_links_are_one_interpreter_under_the_longer_name(tmp_path: Path) -> None:
    put(tmp_path, "python3.13t")
    (tmp_path / "python3.13").hardlink_to(tmp_path / "python3.13t")
    assert seen(str(tmp_path)) == [(f"{tmp_path}/python3.13t", "PATH")]


def test_in_a_folder_the_default_comes_first_then_the_newest_then_other_implementations(tmp_path: Path) -> None:
    put(tmp_path, "python3.9", "python3.10", "python3.11", "python3.12", "pypy3.11")
    link(tmp_path, python3="python3.10", pypy3="pypy3.11")
    names = [Path(executable).name for executable, _ in seen(str(tmp_path))]
    assert names == ["python3.10", "python3.12", "python3.11", "python3.9", "pypy3.11"]


def test_each_name_of_a_dispatcher_may_be_another_interpreter(tmp_path: Path) -> None:
    put(tmp_path / "lib", "python-exec2c")
    (tmp_path / "bin").mkdir()
    link(tmp_path / "bin", python2="../lib/python-exec2c", python3="../lib/python-exec2c")
    assert {Path(executable).name for executable, _ in seen(str(tmp_path / "bin"))} == {"python2", "python3"}


@pytest.mark.parametrize(
    "config",
    ["home = {base}", "HOME={base}\nversion = 3.12.1", "home = /gone\nexecutable = {base}/python3.12"],
    ids=["venv", "spelling", "executable"],
)
def test_a_virtual_environment_on_path_stands_for_its_installation(config: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    put(base, "python3.12")
    put(tmp_path / "env/bin", "python3.12")  # a copy, not a link
    (tmp_path / "env/pyvenv.cfg").write_text(config.format(base=base), encoding="utf-8")
    assert seen(str(tmp_path / "env/bin")) == [(f"{base}/python3.12", "PATH")]


def test_a_virtual_environment_whose_installation_is_gone_stands_for_nothing(tmp_path: Path) -> None:
    put(tmp_path / "env/bin", "python3.12")
    (tmp_path / "env/pyvenv.cfg").write_text("home = /gone\nrubbish\n", encoding="utf-8")
    assert seen(str(tmp_path / "env/bin")) == []


@pytest.mark.parametrize("inside", ["bin", "install/bin", "."])
def test_a_directory_stands_for_the_interpreter_in_it(inside: str, tmp_path: Path) -> None:
    put(tmp_path / inside, "python3.12")
    assert given(tmp_path).executable == tmp_path / inside / "python3.12"


def test_an_executable_is_taken_exactly_as_given(tmp_path: Path) -> None:
    put(tmp_path, "python3.12")
    link(tmp_path, anything="python3.12")
    assert given(tmp_path / "anything").executable == tmp_path / "anything"


def test_a_path_where_no_interpreter_can_be_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    (tmp_path / "empty").mkdir()
    for name, why in [
        ("gone", "there is no interpreter"),
        ("x" * 300, "there is no interpreter .* too long"),
        ("data", "not executable"),
        ("empty", "has no Python"),
    ]:
        with pytest.raises(InterpreterError, match=why):
            given(tmp_path / name)
