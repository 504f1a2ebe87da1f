"""The scripts that run inside targets keep to the rules for such scripts."""

from __future__ import annotations

import ast
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
