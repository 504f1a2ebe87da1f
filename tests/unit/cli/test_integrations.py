"""``multibuild integration``: what packaging hosts load, printed or found."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from pyproject_hooks import BuildBackendHookCaller

from pep517_multi.cli.commands import run
from pep517_multi.cli.integrations import HOSTS

FOLDER = "pep517_multi/integrations"
TOP = Path(__file__).parents[3]
FILES = [(host, file) for host, files in HOSTS.items() for file in files]
IDS = [f"{host}-{file}" for host, file in FILES]


def shown(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> bytes:
    assert run(["integration", *arguments]) == 0
    return capsysbinary.readouterr().out


@pytest.mark.parametrize(("host", "file"), FILES, ids=IDS)
def test_a_file_is_printed_byte_for_byte(capsysbinary: pytest.CaptureFixture[bytes], host: str, file: str) -> None:
    assert shown(capsysbinary, host, file) == (TOP / FOLDER / host / file).read_bytes()


@pytest.mark.parametrize(("host", "file"), FILES, ids=IDS)
def test_the_path_is_where_the_file_lies(capsysbinary: pytest.CaptureFixture[bytes], host: str, file: str) -> None:
    path = shown(capsysbinary, host, file, "--path").decode()
    assert path == f"{TOP / FOLDER / host / file}\n"


@pytest.mark.parametrize("host", HOSTS)
def test_without_a_file_the_path_is_that_of_the_only_one_or_the_folder_of_several(
    capsysbinary: pytest.CaptureFixture[bytes], host: str
) -> None:
    path = Path(shown(capsysbinary, host, "--path").decode().rstrip("\n"))
    expected = TOP / FOLDER / host
    assert path == (expected / HOSTS[host][0] if len(HOSTS[host]) == 1 else expected)


def test_everything_in_the_folder_of_a_host_can_be_asked_for() -> None:
    present = [path.relative_to(TOP / FOLDER) for path in (TOP / FOLDER).rglob("*") if path.is_file()]
    assert sorted(map(str, present)) == sorted(f"{host}/{file}" for host, file in FILES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["slackware"], "'slackware' is not", id="host"),
        pytest.param(["arch", "PKGBUILD"], "there is no PKGBUILD for arch; there is multibuild.sh", id="file"),
        pytest.param([], "missing argument", id="nothing"),
    ],
)
def test_what_is_not_there_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["integration", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_wheel_and_the_sdist_have_every_file(tmp_path: Path) -> None:
    backend = BuildBackendHookCaller(str(TOP), "flit_core.buildapi")
    wheel = tmp_path / backend.build_wheel(str(tmp_path))
    sdist = tmp_path / backend.build_sdist(str(tmp_path))

    expected = {f"{FOLDER}/{host}/{file}" for host, file in FILES}
    assert expected <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        assert expected <= {name.partition("/")[2] for name in archive.getnames()}
