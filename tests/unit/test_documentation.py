from __future__ import annotations

import ast
import itertools
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import sample_table

from pep517_multi import errors
from pep517_multi.cli.commands import run

TOP = Path(__file__).parents[2]
PACKAGES = TOP / "tests" / "packages"
PAGES = sorted([TOP / "README.md", PACKAGES / "README.md", *(TOP / "docs").rglob("*.md")])
CI_SCRIPTS = [TOP / ".ci" / "run", TOP / ".ci" / "interpreters"]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)")
DOCUMENT = re.compile(r"^```\{toctree\}.*?\n\n(.*?)^```", re.MULTILINE | re.DOTALL)


def relative(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def readme_command(name: str) -> str:
    blocks = re.findall(rf"<!-- command: {name} -->\n```\w*\n(.*?)```", (TOP / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.mark.parametrize("name", ["demo", "test"])
def test_continuous_integration_runs_the_command_of_the_readme_to_the_letter(name: str) -> None:
    script = (TOP / ".ci" / "run").read_text()
    function = re.search(r"^readme_command\(\) \{.*?^\}", script, re.MULTILINE | re.DOTALL)
    assert function
    answer = subprocess.run(
        ["bash", "-c", f'{function[0]}\nreadme_command "$0"', name],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == readme_command(name)
    assert f"run_readme_command {name}" in script


@pytest.mark.parametrize("name", ["demo", "test"])
def test_a_command_of_the_readme_is_one_line_that_a_shell_understands(name: str) -> None:
    command = readme_command(name)
    assert command.count("\n") == 1
    subprocess.run(["bash", "-n", "-c", command], check=True)


def test_the_readme_shows_its_first_command_on_a_sample_that_exists() -> None:
    sample = readme_command("demo").split()[-1]
    assert (TOP / sample / "pyproject.toml").is_file()


@pytest.mark.parametrize("script", CI_SCRIPTS, ids=relative)
def test_a_script_of_continuous_integration_is_executable_and_parses(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not [target for target in LINK.findall(text) if not (page.parent / target).exists()]


SHELL = re.compile(r"^```(sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NIX_PHASE = re.compile(r"Phase = \'\'\n(.*?)\'\';", re.DOTALL)


BLOCK = re.compile(r"^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:\$ |\s*)(?:\w+=\S+ )*multibuild (?P<arguments>.*)", re.MULTILINE)


def without_nix(phase: str) -> str:
    """Put a word in the place of each expression of Nix, innermost first."""
    while phase != (phase := re.sub(r"\$\{[^{}]*\}", "x", phase)):
        pass
    return phase


def calls(page: Path) -> list[list[str]]:
    """Return the arguments of every call of multibuild in the code of a page; shells and specs replace some of them."""
    code = "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return [arguments_in(without_nix(match["arguments"])) for match in CALL.finditer(code)]


def arguments_in(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(itertools.takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))


@pytest.mark.parametrize("page", [page for page in PAGES if calls(page)], ids=relative)
def test_commands_and_options_that_a_page_shows_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in calls(page):
        own = arguments[: arguments.index("--")] if "--" in arguments else arguments
        assert (run([*own, "--help"]), capsys.readouterr().err) == (0, ""), arguments


@pytest.mark.parametrize("page", [page for page in PAGES if SHELL.search(page.read_text())], ids=relative)
def test_what_a_page_gives_a_shell_parses(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    phases = [("bash", without_nix(phase)) for phase in NIX_PHASE.findall(text)]
    for shell, script in [*SHELL.findall(text), *phases]:
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_every_error_ends_with_an_exit_code_of_the_reference() -> None:
    text = (TOP / "docs" / "reference" / "exit-codes.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d) \|", text, re.MULTILINE)}
    known = {value.exit_code for value in vars(errors).values() if isinstance(value, type(errors.MultibuildError))}
    assert known | {0} == listed


def test_a_changelog_fragment_is_one_entry_without_a_bullet() -> None:
    fragments = [path for path in (TOP / "docs" / "changelog.d").glob("*.md") if path.name != "README.md"]
    assert fragments
    assert not [path.name for path in fragments if not path.read_text().strip() or path.read_text()[0] in "-*#"]


def test_the_table_of_sample_trees_lists_exactly_the_folders_that_exist() -> None:
    folders = {path.name for path in PACKAGES.iterdir() if path.is_dir()}
    assert {sample.name for sample in sample_table.samples()} == folders


def test_no_sample_tree_is_listed_twice() -> None:
    names = [sample.name for sample in sample_table.samples()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sample", sample_table.samples(), ids=lambda sample: sample.name)
def test_a_sample_tree_says_in_its_first_line_what_it_is_for(sample: sample_table.Sample) -> None:
    first = PACKAGES / sample.name / "pyproject.toml"
    if not first.exists():
        first = PACKAGES / sample.name / "setup.py"
    assert first.read_text(encoding="utf-8").startswith(("# Stands for: ", "# A liar: "))


def test_backends_inside_sample_trees_share_one_wheel_writer() -> None:
    copies = list(PACKAGES.glob("*/backend/wheel_writer.py"))
    assert len(copies) > 1
    assert len({copy.read_bytes() for copy in copies}) == 1


@pytest.mark.parametrize("path", sorted(PACKAGES.glob("*/backend/*.py")), ids=relative)
def test_a_backend_inside_a_sample_tree_is_written_for_python_3_8(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
