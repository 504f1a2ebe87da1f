from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "terminal_picture.py"


def draw(svg: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, svg, "sh", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_picture_shows_what_the_command_wrote_to_a_terminal_of_100_columns(tmp_path: Path) -> None:
    done = draw(tmp_path / "picture.svg", 'test -t 1 && stty size && printf "\\033[31mred\\033[0m\\n"')
    picture = (tmp_path / "picture.svg").read_text()
    assert done.returncode == 0
    assert "50&#160;100" in picture
    assert ">red<" in picture
    assert "\x1b" not in picture


def test_the_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    assert draw(tmp_path / "picture.svg", "exit 3").returncode == 3


def test_the_same_output_gives_the_same_picture(tmp_path: Path) -> None:
    draw(tmp_path / "one.svg", "echo hello")
    draw(tmp_path / "two.svg", "echo hello")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_the_picture_is_complete_in_itself(tmp_path: Path) -> None:
    draw(tmp_path / "picture.svg", "echo hello")
    picture = (tmp_path / "picture.svg").read_text()
    assert "url(" not in picture.replace("url(#terminal", "")
    assert picture.count("font-family") == 2
