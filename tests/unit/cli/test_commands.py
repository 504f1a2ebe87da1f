"""The commands themselves: help, usage, exit codes. What they set to work is tested in tests/integration."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pep517_multi.cli.commands import run
from pep517_multi.process import inherited_environment

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("build", "install", "impls", "clean")


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a command which failed has written."""
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("multibuild: error: ")
    return line.removeprefix("multibuild: error: ")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_names_the_commands_and_what_the_whole_job_takes(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert run([option]) == 0
    shown = capsys.readouterr().out
    assert "multibuild [OPTIONS] [SOURCE]" in shown
    for command in COMMANDS:
        assert f"\n  {command} " in shown
    assert "\n  all " not in shown
    for known in ("--impls SPEC…", "--workdir DIR", "--reuse auto|tags|never", "--roots DIR", "--config-json JSON"):
        assert known in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: multibuild {command} [OPTIONS]" in capsys.readouterr().out


def test_the_help_loads_nothing_heavy() -> None:
    heavy = ("rich", "installer", "build", "pyproject_hooks", "virtualenv", "jsonschema")
    script = f"""
import sys
from pep517_multi.cli.commands import run
run(["--help"])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr
    assert loaded.strip() == "[]"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("multibuild, version ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--reus", "auto"], "no such option", id="option"),
        pytest.param(["--no-resue"], "'--no-reuse', '--reuse'?); see", id="suggestion"),
        pytest.param(["one", "two"], 'got unexpected extra argument (two); see "multibuild --help"', id="two-sources"),
        pytest.param(["--impls"], "requires an argument", id="no-value"),
        pytest.param(["-C", "novalue"], "'novalue' is no KEY=VALUE", id="pair"),
        pytest.param(["--config-json", "[1]"], "--config-json is '[1]': it takes a table", id="json"),
        pytest.param(["--config-json", "{"], "--config-json is '{': it takes a JSON object", id="no-json"),
        pytest.param(["--jobs", "many"], 'jobs in the command line is "many": it takes a number', id="number"),
    ],
)
def test_a_usage_error_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert run(arguments) == 2
    assert sentence.replace('"', "'") in complaint(capsys).replace('"', "'")


def test_a_command_behind_its_options_is_told_from_a_source(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "build"]) == 2
    assert complaint(capsys).startswith("the command comes first: multibuild build …")


def test_what_is_no_work_directory_is_not_cleaned(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("…", encoding="utf-8")
    assert run(["clean", "--workdir", str(tmp_path)]) == 2
    assert complaint(capsys) == f"{tmp_path} is no work directory of multibuild; nothing was removed"
    assert (tmp_path / "thesis.tex").exists()


def test_there_may_be_nothing_to_clean(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["clean", "--workdir", str(tmp_path / "gone")]) == 0
    assert capsys.readouterr().err == f"there is no {tmp_path / 'gone'}\n"


def test_the_list_shows_a_path_on_a_terminal_as_it_is(tmp_path: Path) -> None:
    """Brackets are no markup."""
    place = tmp_path / "a[/x]b"
    place.mkdir(parents=True)
    (place / "python").symlink_to(sys.executable)
    us, them = pty.openpty()
    environ = {**inherited_environment(), "COLUMNS": "400", "TERM": "xterm", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pep517_multi", "impls", "--impls", str(place / "python")]
    done = subprocess.run(command, env=environ, stdout=them, stderr=subprocess.PIPE, check=False)
    os.close(them)
    shown = os.read(us, 1 << 16).decode()
    os.close(us)
    assert (done.returncode, done.stderr) == (0, b"")
    assert str(place) in shown
