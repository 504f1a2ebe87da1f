from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import pep517_multi.interpreters

FOLDER = Path(pep517_multi.interpreters.__file__).parent
SCRIPTS = sorted(FOLDER.glob("target_*.py"))
PROBE = FOLDER / "target_probe.py"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_target_script_compiles_on_the_oldest_target(script: Path) -> None:
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_target_script_imports_nothing_of_ours(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    allowed = (
        {*sys.stdlib_module_names, "packaging"} if script.name == "target_platforms.py" else sys.stdlib_module_names
    )
    assert {name.split(".")[0] for name in imported} <= set(allowed)


def test_the_probe_has_no_syntax_that_python_2_does_not_have() -> None:
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal, ast.Starred, ast.arg)
    tree = ast.parse(PROBE.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, newer)]
    assert [node for node in found if not isinstance(node, ast.arg) or node.annotation] == []


def test_nothing_but_sys_is_imported_before_the_version_gate() -> None:
    tree = ast.parse(PROBE.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    gate = tree.body[-1]
    assert imports == ["import sys"]
    assert isinstance(gate, ast.If)
    assert "sys.version_info" in ast.unparse(gate.test)


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 7, 16)])
def test_a_python_that_is_too_old_says_its_version(version: tuple[int, ...]) -> None:
    pretend = f"import sys; sys.version_info = {version}; exec(open({str(PROBE)!r}).read())"
    said = subprocess.run([sys.executable, "-I", "-c", pretend], capture_output=True, text=True, check=True).stdout
    assert json.loads(said.strip("\x1e\n"))["unsupported"] == list(version[:2])
