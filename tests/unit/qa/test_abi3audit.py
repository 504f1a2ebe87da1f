from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from pyproject_hooks import BuildBackendHookCaller, quiet_subprocess_runner

from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.qa.abi3audit import Abi3auditError, Violation, audit, find_abi3audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import PackageCopy

ELF = Path(sys.executable).resolve().read_bytes()[:64]


def audited(wheel: Path) -> tuple[Violation, ...] | None:
    return audit(wheel, runner=LocalRunner(), environ=inherited_environment())


@pytest.fixture
def built(package: PackageCopy, tmp_path: Path) -> Callable[[str], Path]:
    """Build a sample tree with an ordinary CPython of this machine."""

    def build(name: str) -> Path:
        python = tmp_path / "env" / "bin" / "python"
        base = list(machine.cpythons().values())[-1]
        make = [sys.executable, "-m", "virtualenv", "--quiet", "--python", str(base), str(tmp_path / "env")]
        subprocess.run(make, check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "setuptools"], check=True)
        tree = package(name)
        hooks = BuildBackendHookCaller(
            str(tree), "setuptools.build_meta", python_executable=str(python), runner=quiet_subprocess_runner
        )
        return tmp_path / hooks.build_wheel(str(tmp_path))

    return build


@pytest.mark.network
@pytest.mark.compiler
def test_an_extension_within_the_limited_api_is_clean(built: Callable[[str], Path]) -> None:
    assert audited(built("extension-abi3")) == ()


@pytest.mark.network
@pytest.mark.compiler
def test_a_function_outside_the_stable_abi_is_found(built: Callable[[str], Path]) -> None:
    found = audited(built("extension-abi3-leak"))
    assert found is not None
    (violation,) = found
    assert (violation.symbol, violation.promised, violation.added) == ("PyMethod_New", "3.8", None)
    assert str(violation) == f"{violation.module} uses PyMethod_New, which is no part of the stable ABI"


@pytest.mark.network
@pytest.mark.compiler
def test_a_function_that_is_newer_than_the_promise_is_found(built: Callable[[str], Path]) -> None:
    wheel = built("extension-abi3")
    older = wheel.rename(wheel.with_name(wheel.name.replace("cp38", "cp34")))
    found = audited(older)
    assert found is not None
    (violation,) = found
    assert str(violation).endswith(
        "uses PyModuleDef_Init, which is part of the stable ABI from 3.5 on, but the wheel promises 3.4"
    )


@pytest.mark.parametrize("tag", ["py3-none-any", "cp313-cp313-linux_x86_64", "cp315-abi3t-linux_x86_64"])
def test_a_wheel_that_promises_no_stable_abi_is_not_even_read(tmp_path: Path, tag: str) -> None:
    assert audited(tmp_path / f"sample-1.0-{tag}.whl") == ()


def test_a_wheel_that_is_none_is_an_error_with_what_the_tool_said(tmp_path: Path) -> None:
    wheel = tmp_path / "sample-1.0-cp38-abi3-linux_x86_64.whl"
    wheel.write_bytes(b"no archive")
    with pytest.raises(Abi3auditError, match=r"abi3audit did not get through .*sample-1.0.* \(exit status 1\): .*zip"):
        audited(wheel)


def test_a_module_that_cannot_be_read_is_an_error_and_not_clean(tmp_path: Path) -> None:
    wheel = tmp_path / "sample-1.0-cp38-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sample.abi3.so", ELF)
    with pytest.raises(Abi3auditError, match="did not get through"):
        audited(wheel)


def test_a_tool_that_says_nothing_is_an_error(tmp_path: Path, silent: Path) -> None:
    with pytest.raises(Abi3auditError, match="nothing was said"):
        audit(tmp_path / "a-1-cp38-abi3-any.whl", runner=LocalRunner(), environ={"PATH": str(silent)})


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an ``abi3audit`` that says nothing, and nobody beside multibuild."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "empty" / "python"))
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "abi3audit"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return folder


@pytest.mark.usefixtures("silent")
def test_without_the_tool_there_is_no_answer(tmp_path: Path) -> None:
    assert audit(tmp_path / "a-1-cp38-abi3-any.whl", runner=LocalRunner(), environ={"PATH": "/nowhere"}) is None


def test_the_tool_on_the_path_serves_where_there_is_none_beside_multibuild(silent: Path) -> None:
    assert find_abi3audit({"PATH": str(silent)}) == silent / "abi3audit"
