from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pep517_multi.sandbox.surroundings import variables
from pep517_multi.sandbox.view import Mount, Own, home_of, mounts, needed_by

if TYPE_CHECKING:
    from collections.abc import Sequence

TMP = "/tmp"  # noqa: S108 - a place that is hidden


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def view(home: Path, *, reads: Sequence[Path] = (), writes: Sequence[Path] = ()) -> tuple[Mount, ...]:
    own = Own(home.parent / "own" / "home", home.parent / "own" / "tmp")
    return mounts({"HOME": str(home)}, own, reads=reads, writes=writes)


def shown(found: Sequence[Mount]) -> list[Path]:
    return [mount.target for mount in found if mount.kind == "read"]


def test_homes_temporary_files_and_sockets_are_hidden(home: Path) -> None:
    found = {str(mount.target): mount for mount in view(home)}
    assert found["/run"].kind == "empty"
    assert found[TMP] == Mount("write", Path(TMP), home.parent / "own" / "tmp")
    assert found[str(home)] == Mount("write", home, home.parent / "own" / "home")


def test_what_is_needed_of_a_hidden_place_is_shown_and_nothing_beside_it(home: Path) -> None:
    (home / "opt" / "python" / "bin").mkdir(parents=True)
    (home / "secret").mkdir()
    assert shown(view(home, reads=[home / "opt" / "python", home / "opt" / "python" / "bin", Path("/usr")])) == [
        home / "opt" / "python"
    ]


def test_what_a_link_leads_to_is_shown_too(home: Path) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to("real")
    found = [mount for mount in view(home, reads=[home / "link"]) if mount.kind == "read"]
    assert found == [
        Mount("read", home / "link", home / "real"),
        Mount("read", home / "real", home / "real"),
    ]


def test_the_home_as_a_whole_is_not_shown_because_it_is_a_prefix(home: Path) -> None:
    for name in ("bin", "lib", "secret"):
        (home / name).mkdir()
    (home / "bin" / "python").write_text("")
    found = shown(view(home, reads=[*needed_by(str(home / "bin" / "python"))]))
    assert found == [home / "bin", home / "lib"]


def test_what_is_written_to_comes_last_and_by_its_real_path(home: Path) -> None:
    (home / "tree" / "work").mkdir(parents=True)
    (home / "link").symlink_to("tree")
    found = view(home, reads=[home / "tree"], writes=[home / "link" / "work"])
    assert found[-1] == Mount("write", home / "tree" / "work", home / "tree" / "work")


def test_what_is_not_there_is_not_shown(home: Path) -> None:
    (home / "dangling").symlink_to("nowhere")
    assert shown(view(home, reads=[home / "missing", home / "dangling"])) == []


@pytest.mark.parametrize("value", ["", "/", "relative", "/does/not/exist"])
def test_a_home_that_is_none_is_not_hidden(value: str) -> None:
    assert home_of({"HOME": value}) is None


def test_secrets_and_ways_out_are_not_told(home: Path) -> None:
    told, _ = variables(
        {
            "PIP_INDEX_URL": "https://index",
            "UV_INDEX": "https://index",
            "SSH_AUTH_SOCK": "/x",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x",
            "GITHUB_TOKEN": "abc",
            "PROXY": "http://me:secret@proxy",
            "XDG_CACHE_HOME": "/x",
            "TMP": "/x",
            "CFLAGS": "-O2",
            "HOME": "/x",
        },
        {"HOME": str(home)},
    )
    assert told == {"CFLAGS": "-O2", "HOME": str(home), "TMPDIR": TMP}


def test_a_cache_of_compilers_is_there_to_read(home: Path) -> None:
    (home / ".cache" / "ccache").mkdir(parents=True)
    told, paths = variables({}, {"HOME": str(home)})
    assert told["CCACHE_DIR"] == str(home / ".cache" / "ccache")
    assert told["CCACHE_READONLY"] == "1"
    assert home / ".cache" / "ccache" in paths


def test_the_folder_of_a_jobserver_is_there(home: Path) -> None:
    _, paths = variables({"MAKEFLAGS": f"-j8 --jobserver-auth=fifo:{TMP}/jobs/tokens"}, {"HOME": str(home)})
    assert paths == (Path(TMP, "jobs"),)
