from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pep517_multi.qa import elf
from pep517_multi.qa.rulebook import QA
from pep517_multi.wheels.differences import compare
from pep517_multi.wheels.trees import Blob, Contents, File

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.wheels.trees import Nature

SOURCE = 'const char *said(void) { return "a text in it"; }\n'


def compiled(folder: Path, *options: str, source: str = SOURCE) -> bytes:
    folder.mkdir()
    (folder / "m.c").write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "m.so", *options, "m.c"], cwd=folder, check=True)
    return (folder / "m.so").read_bytes()


def rules(one: bytes, other: bytes, nature: Nature = "file") -> list[str | None]:
    trees = [Contents((File("m.so", Blob.of(data), nature),)) for data in (one, other)]
    return [difference.rule for difference in compare(trees[0], trees[1], QA)]


@pytest.mark.compiler
def test_a_shared_object_is_described_by_what_is_loaded_of_it(tmp_path: Path) -> None:
    lines = elf.describe(compiled(tmp_path / "a", "-Wl,-rpath,/opt/x", "-lm", "-Wl,--no-as-needed"))
    assert lines is not None
    assert {"exports said", "text 'a text in it'"} <= set(lines)
    assert any(line.startswith("section .text ") for line in lines)
    assert any("path" in line and "/opt/x" in line for line in lines)


@pytest.mark.compiler
def test_debug_information_is_hidden_and_another_text_is_not(tmp_path: Path) -> None:
    plain, debug = compiled(tmp_path / "plain"), compiled(tmp_path / "debug", "-g")
    other = compiled(tmp_path / "other", source=SOURCE.replace("a text", "another text"))
    assert rules(plain, debug) == ["debug-information"]
    assert rules(plain, other) == [None]


@pytest.mark.compiler
def test_of_a_module_for_the_stable_abi_instructions_may_differ_and_symbols_may_not(tmp_path: Path) -> None:
    plain = compiled(tmp_path / "plain", "-O0")
    calling = compiled(tmp_path / "calling", source=SOURCE.replace("{ ", "{ extern void Py_Any(void); Py_Any(); "))
    wider = compiled(tmp_path / "wider", source=SOURCE + "int more(void) { return 1; }\n")
    assert rules(plain, calling, "stable-abi-extension") == ["stable-abi-headers"]
    assert rules(plain, calling) == [None]
    assert rules(plain, wider, "stable-abi-extension") == [None]


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x7fELF", b"\x7fELF\2\1\1" + bytes(60)], ids=["empty", "text", "short", "no sections"]
)
def test_what_cannot_be_read_has_no_description(data: bytes) -> None:
    assert elf.describe(data) is None
