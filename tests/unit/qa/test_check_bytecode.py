from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import machine
import pytest
from check_roots import Staged
from fake_interpreters import write_script
from staging_roots import installed

from pep517_multi.staging import Layout

ONLY_BYTECODE = ("imports", "strays")
EVERYONE = list(machine.interpreters())


def bytecode(staged: Staged, **settings: object) -> list[str]:
    return staged.told(check_off=ONLY_BYTECODE, **settings)


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    return Staged(tmp_path, {"sample.py": "x = 1\n"})


@pytest.mark.parametrize("mode", ["timestamp", "checked-hash", "unchecked-hash"])
@pytest.mark.parametrize("impl", EVERYONE)
def test_what_was_staged_is_right_for_the_levels_and_the_mode_it_was_staged_with(
    tmp_path: Path, impl: str, mode: str
) -> None:
    layout = Layout(levels=(0, 1, 2), invalidation=mode)
    staged = Staged(tmp_path, {"sample.py": "assert 1\n", "é.py": ""}, interpreter=installed(impl), layout=layout)
    assert bytecode(staged, compile=(0, 1, 2), invalidation_mode=mode) == []


@pytest.mark.parametrize("impl", EVERYONE)
def test_each_sort_of_broken_bytecode_is_told_apart(tmp_path: Path, impl: str) -> None:
    names = ("code", "flags", "header", "magic", "missing", "size", "text", "time")
    staged = Staged(tmp_path, {f"{name}.py": f"x = {name!r}\n" for name in names}, interpreter=installed(impl))
    content = {name: staged.bytecode(name).read_bytes() for name in names}
    staged.bytecode("code").write_bytes(content["code"][:20])
    staged.bytecode("flags").write_bytes(content["flags"][:4] + b"\x04" + content["flags"][5:])
    staged.bytecode("header").write_bytes(content["header"][:8])
    staged.bytecode("magic").write_bytes(b"\0\0" + content["magic"][2:])
    staged.bytecode("missing").unlink()
    staged.bytecode("size").write_bytes(content["size"][:12] + b"\xff" + content["size"][13:])
    staged.bytecode("text").write_bytes(content["text"][:16] + b"N")
    staged.bytecode("time").write_bytes(content["time"][:8] + b"\0\0\0\0" + content["time"][12:])
    found = {
        (Path(problem.finding.file).name.partition(".")[0], problem.check.name)
        for problem in staged.problems(check_off=ONLY_BYTECODE)
    }
    stale = {("size", "bytecode-stale"), ("time", "bytecode-stale")}
    invalid = {(name, "bytecode-invalid") for name in ("code", "flags", "header", "magic", "text")}
    assert found == stale | invalid | {("missing", "bytecode-missing")}
    assert staged.check(check_off=ONLY_BYTECODE).exit == 1


def test_bytecode_that_asks_for_all_memory_is_invalid(staged: Staged) -> None:
    members = b"(" + b"\xff\xff\xff\x7f"  # so many that their addresses alone take 16 GiB
    staged.bytecode("sample").write_bytes(staged.bytecode("sample").read_bytes()[:16] + members)
    (problem,) = staged.problems(check_off=ONLY_BYTECODE)
    assert problem.check.name == "bytecode-invalid"


def test_bytecode_that_kills_its_reader_is_invalid_and_the_rest_is_still_checked(staged: Staged) -> None:
    dies_once = f'if [ -e {staged.folder}/died ]; then exec {staged.interpreter.executable} "$@"; fi'
    wrapper = write_script(staged.folder / "python", f"{dies_once}; touch {staged.folder}/died; kill -SEGV $$")
    staged.interpreter = replace(staged.interpreter, executable=wrapper)
    (staged.modules / "zone.py").touch()
    found = staged.found(check_off=ONLY_BYTECODE)
    assert found["bytecode-invalid"] == ["sample.py"]
    assert len(found["bytecode-missing"]) == 2


def test_a_hash_of_another_source_is_stale(tmp_path: Path) -> None:
    for mode in ("checked-hash", "unchecked-hash"):
        staged = Staged(tmp_path / mode, {"sample.py": "x = 1\n"}, layout=Layout(levels=(0,), invalidation=mode))
        (staged.modules / "sample.py").write_text("x = 2\n")
        (told,) = bytecode(staged, compile=(0,), invalidation_mode=mode)
        assert told == "bytecode-stale: it was made from another source (the hash differs)"


def test_another_mode_than_asked_for_is_told(staged: Staged) -> None:
    told = bytecode(staged, invalidation_mode="checked-hash")
    assert told == ["bytecode-mode: it is checked by timestamp, but checked-hash was asked for"] * 2


def test_a_recorded_path_that_holds_the_root_is_told(staged: Staged) -> None:
    source = staged.modules / "sample.py"
    content = staged.bytecode("sample").read_bytes()
    code = f"import marshal, sys; sys.stdout.buffer.write(marshal.dumps(compile('x = 1', {str(source)!r}, 'exec')))"
    compiled = subprocess.run([staged.interpreter.executable, "-I", "-c", code], capture_output=True, check=True).stdout
    staged.bytecode("sample").write_bytes(content[:16] + compiled)
    (problem,) = staged.problems(check_off=ONLY_BYTECODE)
    assert problem.check.name == "bytecode-path"
    assert problem.finding.file == f"__pycache__/{staged.bytecode('sample').name}"


def test_bytecode_that_nobody_asked_for_is_stray(staged: Staged) -> None:
    pyc = staged.bytecode("sample")
    shutil.copy(pyc, staged.bytecode("gone"))
    shutil.copy(pyc, staged.bytecode("sample", ".opt-2"))
    shutil.copy(pyc, pyc.with_name("sample.cpython-27.pyc"))
    shutil.copy(pyc, staged.modules / "sourceless.pyc")
    shutil.copy(pyc, staged.modules / "sample.pyc")
    assert sorted(bytecode(staged)) == [
        "bytecode-stray: bytecode of this level was not asked for (--compile 0,1)",
        "bytecode-stray: it has no source and is imported all the same",
        "bytecode-stray: it is of another implementation (cpython-27)",
        "bytecode-stray: it lies beside its source and is not used",
        "bytecode-stray: its source is not there",
    ]
    assert staged.check(check_off=ONLY_BYTECODE).exit == 0


def test_without_levels_any_bytecode_is_stray(staged: Staged) -> None:
    assert (
        bytecode(staged, compile=())
        == ["bytecode-stray: bytecode of this level was not asked for (--compile none)"] * 2
    )


def test_a_file_that_is_no_python_for_the_target_needs_no_bytecode(tmp_path: Path) -> None:
    (told,) = bytecode(Staged(tmp_path, {"old.py": "print 'hello'\n"}))
    assert told.startswith("source-invalid: SyntaxError: ")
    assert told.endswith(", line 1")


def test_bytecode_is_not_run(staged: Staged, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    source = staged.modules / "sample.py"
    source.write_text(f"open({str(marker)!r}, 'w')\n")
    os.utime(source, (1, 1))
    assert "bytecode-stale" in staged.found(check_off=ONLY_BYTECODE)
    assert not marker.exists()
