"""Real backends, asked for the stable ABI by the project and for the ordinary one by the user."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends

from pep517_multi.backends import BuildCall, IsolatedEnvironments, build_wheel
from pep517_multi.backends.ordinary_abi import ordinary_abi
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.sources.tree import BuildSystem
from pep517_multi.wheels.names import WheelName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conftest import PackageCopy

MODULE = """
    #include <Python.h>
    static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "sample", NULL, -1, NULL};
    PyMODINIT_FUNC PyInit_sample(void) { return PyModule_Create(&module); }
"""
PROJECT = """
    [project]
    name = "sample"
    version = "1.0"
"""
MESON = {
    "pyproject.toml": f"{PROJECT}\n    [tool.meson-python]\n    limited-api = true\n",
    "meson.build": """
        project('sample', 'c', version: '1.0')
        python = import('python').find_installation(pure: false)
        python.extension_module('sample', 'sample.c', install: true, limited_api: '3.8')
    """,
    "sample.c": MODULE,
}
SCIKIT = {
    "pyproject.toml": f'{PROJECT}\n    [tool.scikit-build]\n    wheel.py-api = "cp38"\n',
    "CMakeLists.txt": """
        cmake_minimum_required(VERSION 3.26)
        project(sample LANGUAGES C)
        find_package(Python COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT} REQUIRED)
        if(SKBUILD_SABI_VERSION)
          set(SABI USE_SABI ${SKBUILD_SABI_VERSION})
        endif()
        python_add_library(sample MODULE sample.c WITH_SOABI ${SABI})
        install(TARGETS sample DESTINATION .)
    """,
    "sample.c": MODULE,
}


def write(tree: Path, files: Mapping[str, str]) -> Path:
    tree.mkdir()
    for name, text in files.items():
        (tree / name).write_text(textwrap.dedent(text))
    return tree


TREES = {"mesonpy": MESON, "scikit_build_core.build": SCIKIT}


@pytest.mark.network
@pytest.mark.compiler
@pytest.mark.parametrize(
    ("backend", "requires"),
    [
        ("setuptools.build_meta", "setuptools"),
        ("mesonpy", "meson-python"),
        ("scikit_build_core.build", "scikit-build-core"),
    ],
)
def test_the_wheel_is_for_its_builder_alone(package: PackageCopy, tmp_path: Path, backend: str, requires: str) -> None:
    tree = write(tmp_path / "tree", TREES[backend]) if backend in TREES else package("extension-abi3")
    interpreter = toy_backends.target(*list(machine.cpythons().items())[-1])
    system = BuildSystem(backend, (requires,))
    runner = LocalRunner()

    def tag(name: str, config_settings: Mapping[str, str | list[str]], environ: Mapping[str, str]) -> str:
        call = BuildCall(interpreter, system, tree, tmp_path / name, config_settings, tmp_path / "log")
        environments = IsolatedEnvironments(tmp_path / f"envs-{name}", runner, environ)
        return WheelName.parse(build_wheel(call, environments, runner=runner).path.name).tag_text

    environ = inherited_environment()
    switch = ordinary_abi(tree, system, config_settings={}, environ=environ, folder=tmp_path)
    version = f"cp{interpreter.python[0]}{interpreter.python[1]}"

    assert "-abi3-" in tag("stable", {}, environ)
    assert tag("ordinary", switch.config_settings, {**environ, **switch.environ}).startswith(f"{version}-{version}-")
