"""The sample trees that need no index do what the table says, built by their own backends and nothing of ours."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import machine
import pytest
import sample_table
from pyproject_hooks import BuildBackendHookCaller

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import PackageCopy

ALWAYS_BUILT = [
    sample
    for sample in sample_table.samples()
    if sample.backend == "in-tree" and sample.name not in {"lies-answer", "fails-build"}
]


def hooks(tree: Path, python: Path) -> BuildBackendHookCaller:
    return BuildBackendHookCaller(str(tree), "sample_backend", backend_path=["backend"], python_executable=str(python))


def build(tree: Path, python: Path, output: Path) -> Path:
    output.mkdir()
    return output / hooks(tree, python).build_wheel(str(output))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def ends() -> tuple[Path, Path, Path]:
    cpythons = list(machine.cpythons().values())
    return cpythons[0], cpythons[-1], next(iter(machine.pypys().values()))


@pytest.mark.interpreters
@pytest.mark.parametrize("sample", ALWAYS_BUILT, ids=lambda sample: sample.name)
def test_builds_are_the_same_for_whom_the_table_says(
    package: PackageCopy, tmp_path: Path, sample: sample_table.Sample
) -> None:
    tree = package(sample.name)
    oldest, newest, pypy = (contents(build(tree, python, tmp_path / str(place))) for place, python in enumerate(ends()))
    assert {"all": oldest == newest == pypy, "none": newest not in (oldest, pypy) and oldest != pypy}[sample.same]


@pytest.mark.parametrize("sample", ALWAYS_BUILT, ids=lambda sample: sample.name)
def test_the_wheel_has_the_tag_of_the_table(package: PackageCopy, tmp_path: Path, sample: sample_table.Sample) -> None:
    python = list(machine.cpythons().values())[-1]
    wheel = build(package(sample.name), python, tmp_path / "wheel")
    tag = sample.tag.split(",")[0].replace("*platform*", "")
    assert tag in wheel.name


@pytest.mark.interpreters
def test_a_build_fails_on_pypy_alone_unless_told_otherwise(
    package: PackageCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = package("fails-build")
    oldest, newest, pypy = ends()
    build(tree, oldest, tmp_path / "oldest")
    with pytest.raises(subprocess.CalledProcessError):
        build(tree, pypy, tmp_path / "pypy")
    monkeypatch.setenv("SAMPLE_FAILS_BUILD_ON", "cpython")
    with pytest.raises(subprocess.CalledProcessError):
        build(tree, newest, tmp_path / "newest")
    build(tree, pypy, tmp_path / "pypy-allowed")


def test_an_answer_may_name_a_wheel_that_is_not_there(package: PackageCopy, tmp_path: Path) -> None:
    python = list(machine.interpreters().values())[-1]
    assert not build(package("lies-answer"), python, tmp_path / "wheel").exists()


def test_the_whole_source_can_be_shipped_as_an_sdist(package: PackageCopy, tmp_path: Path) -> None:
    python = list(machine.interpreters().values())[-1]
    assert (tmp_path / hooks(package("intree-backend"), python).build_sdist(str(tmp_path))).is_file()
