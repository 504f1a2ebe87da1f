from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import machine
import pytest
from staging_roots import installed, newest

from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.qa.code_objects import CodeObjects
from pep517_multi.qa.rulebook import ACROSS, QA, chosen
from pep517_multi.wheels.trees import Blob, Contents, File

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter
    from pep517_multi.wheels.differences import Difference

CACHED = "p/__pycache__/a.cpython-312.pyc"
ALONE = "p/a.pyc"
COMPILE = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], sys.argv[3], doraise=True)"


def compiled(folder: Path, source: str, *, impl: str, place: str = "/usr/lib/p/a.py", moment: int = 1) -> bytes:
    """Compile ``source`` with an implementation."""

    path = folder / "a.py"
    path.write_text(source)
    os.utime(path, (moment, moment))
    target = folder / "a.pyc"
    python = installed(impl).executable
    subprocess.run([python, "-I", "-c", COMPILE, path, target, place], check=True)
    return target.read_bytes()


def found(
    one: bytes, other: bytes, *names: str, path: str = ALONE, interpreters: Sequence[Interpreter] | None = None
) -> list[Difference]:
    asked: list[str] = []

    def all_of_them() -> Sequence[Interpreter]:
        asked.append("asked")
        return (newest(),) if interpreters is None else interpreters

    runner = LocalRunner()
    code = CodeObjects(all_of_them, runner, inherited_environment())
    sides = [Contents((File(path, Blob.of(data)),)) for data in (one, other)]
    try:
        return list(code.compare(sides[0], sides[1], chosen(ACROSS, names)))
    finally:
        runner.close()
        assert len(asked) <= 1


@pytest.mark.parametrize("impl", list(machine.interpreters()))
def test_the_same_code_from_another_place_and_time_is_the_same(tmp_path: Path, impl: str) -> None:
    source = "X = {1, 2, 'a'}\ndef f(a, *, b=(1.5, None)):\n    return a in {3, 4, b'5'}\n"
    one = compiled(tmp_path, source, impl=impl)
    other = compiled(tmp_path, source, impl=impl, place="/build/p/a.py", moment=99)
    assert one != other
    (difference,) = found(one, other, interpreters=[installed(impl)])
    assert difference.rule == "code-objects"


@pytest.mark.parametrize("impl", list(machine.interpreters()))
@pytest.mark.parametrize(
    "changed",
    [
        pytest.param("def f(a):\n    return a + 2\n", id="a constant"),
        pytest.param("def f(b):\n    return b + 1\n", id="a name"),
        pytest.param("def f(a):\n    return a - 1\n", id="an instruction"),
        pytest.param("\ndef f(a):\n    return a + 1\n", id="a line"),
        pytest.param("def f(a=None):\n    return a + 1\n", id="a default"),
    ],
)
def test_other_code_differs_and_is_told_as_what_it_does(tmp_path: Path, impl: str, changed: str) -> None:
    one = compiled(tmp_path, "def f(a):\n    return a + 1\n", impl=impl)
    (difference,) = found(one, compiled(tmp_path, changed, impl=impl), interpreters=[installed(impl)])
    assert difference.rule is None
    lines = [set(side) for side in difference.meant if isinstance(side, tuple)]
    assert len(lines) == 2
    assert all(line.startswith("module") for line in lines[0] ^ lines[1])


def test_the_interpreter_that_can_read_it_is_found_among_several(tmp_path: Path) -> None:
    oldest, *_, last = [installed(name) for name in machine.cpythons()]
    one = compiled(tmp_path, "x = 1\n", impl=oldest.name)
    other = compiled(tmp_path, "x = 1\n", impl=oldest.name, moment=7)
    assert [difference.rule for difference in found(one, other, interpreters=[last, oldest])] == ["code-objects"]
    assert [difference.rule for difference in found(one, other, interpreters=[last])] == [None]
    assert [difference.rule for difference in found(one, other, interpreters=[])] == [None]


def test_what_is_cached_is_left_to_its_source_and_compared_on_request(tmp_path: Path) -> None:
    name = newest().name
    one = compiled(tmp_path, "x = 1\n", impl=name)
    later, another = compiled(tmp_path, "x = 1\n", impl=name, moment=7), compiled(tmp_path, "x = 2\n", impl=name)
    assert [difference.rule for difference in found(one, another, path=CACHED)] == ["bytecode"]
    assert [difference.rule for difference in found(one, later, "-bytecode", path=CACHED)] == ["code-objects"]
    assert [difference.rule for difference in found(one, another, "-bytecode", path=CACHED)] == [None]
    assert [difference.rule for difference in found(one, later, "-bytecode", "-code-objects", path=CACHED)] == [None]


@pytest.mark.parametrize("data", [b"", b"garbage", b"\0" * 40], ids=["empty", "garbage", "zeros"])
def test_what_is_no_bytecode_is_compared_by_its_bytes(tmp_path: Path, data: bytes) -> None:
    good = compiled(tmp_path, "x = 1\n", impl=newest().name)
    assert [difference.rule for difference in found(good, data)] == [None]
    broken = good[:16] + data
    assert [difference.rule for difference in found(good, broken)] == [None]


PATCHED = """#!/bin/sh
for script; do :; done
exec {python} -I -S -B -c '
import marshal, os, runpy, sys
load = marshal.loads
marshal.loads = lambda data: os.abort() if data == b"kill" else load(data)
runpy.run_path(sys.argv[1], run_name="__main__")
' "$script"
"""


def test_bytecode_that_ends_the_process_does_not_keep_others_from_being_read(tmp_path: Path) -> None:
    name = newest().name
    good = [compiled(tmp_path, "x = 1\n", impl=name, moment=moment) for moment in (1, 2)]
    wrapper = tmp_path / "python"
    wrapper.write_text(PATCHED.format(python=newest().executable))
    wrapper.chmod(0o755)
    sides = [
        Contents((File("0.pyc", Blob.of(bad)), File("1.pyc", Blob.of(data))))
        for bad, data in zip((good[0][:16] + b"kill", b""), good, strict=True)
    ]
    runner = LocalRunner()
    code = CodeObjects(lambda: (replace(newest(), executable=wrapper),), runner, inherited_environment())
    assert [difference.rule for difference in code.compare(sides[0], sides[1], QA)] == [None, "code-objects"]
    runner.close()
