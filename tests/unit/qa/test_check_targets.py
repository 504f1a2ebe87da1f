"""The scripts that run inside targets keep to the rules for such scripts."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pep517_multi.qa
from pep517_multi.qa.check_table import CHECKS

SCRIPTS = sorted(Path(pep517_multi.qa.__file__).parent.glob("target_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_target_script_compiles_on_the_oldest_target(script: Path) -> None:
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_target_script_imports_the_standard_library_only(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_the_documentation_lists_every_check_with_its_severity() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "check.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{check.name}` | {check.group} | {check.severity} | {check.means} |" for check in CHECKS]


def test_what_a_child_says_right_before_its_end_is_heard() -> None:
    script = next(script for script in SCRIPTS if script.name == "target_import.py")
    code = f"""
import os, runpy
script = runpy.run_path({str(script)!r})
listening = script["Importer"](1, "", 60)
listening.listen.__globals__["LOOK"] = 0  # so that nearly each child ends between a look at the pipe and one at it
for _ in range(300):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"said\\n")
        os._exit(0)
    os.close(writing)
    said, status = listening.listen(child, reading)
    assert said == b"said\\n", (said, status)
    os.close(reading)
    if status is None:
        os.waitpid(child, 0)
"""
    subprocess.run([sys.executable, "-I", "-B", "-c", code], check=True)
