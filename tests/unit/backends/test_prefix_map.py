from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pep517_multi.backends.prefix_map import is_wanted, mapped
from pep517_multi.process import LocalRunner

REPRODUCIBLE = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1700000000"}


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        pytest.param({}, True, id="nobody-maps"),
        pytest.param({"CC": "cc -O2"}, True, id="compiler-with-options"),
        pytest.param({"CFLAGS": "-O2 -ffile-prefix-map=/build=."}, False, id="the-host-maps"),
        pytest.param({"RPM_PACKAGE_NAME": "a"}, False, id="rpm-needs-the-paths"),
        pytest.param({"CC": "false"}, False, id="compiler-that-cannot"),
        pytest.param({"CC": "no-such-compiler"}, False, id="no-compiler"),
        pytest.param({"CC": "'"}, False, id="compiler-that-is-no-command"),
    ],
)
def test_paths_are_mapped_where_that_is_asked_for_and_nobody_else_does_it(
    environ: dict[str, str], *, wanted: bool
) -> None:
    assert is_wanted({**REPRODUCIBLE, **environ}, LocalRunner()) is wanted


def test_without_source_date_epoch_compilers_are_left_alone() -> None:
    assert not is_wanted({"PATH": os.environ["PATH"]}, LocalRunner())


@pytest.mark.compiler
def test_a_compiler_writes_the_same_wherever_it_runs(tmp_path: Path) -> None:
    objects = set()
    for place in ("here", "some/where/else"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "a.c").write_text("const char *where = __FILE__;\n", encoding="utf-8")
        flags = mapped({"CPPFLAGS": "-DX"}, {tmp_path: "outside", folder: "."})["CPPFLAGS"].split()
        subprocess.run(["cc", "-g", *flags, "-c", str(folder / "a.c"), "-o", "a.o"], cwd=folder, check=True)
        objects.add((folder / "a.o").read_bytes())

    assert len(objects) == 1


def test_what_is_there_of_preprocessor_flags_stays() -> None:
    assert mapped({"CPPFLAGS": "-DX"}, {Path("/a"): "."}) == {"CPPFLAGS": "-DX -ffile-prefix-map=/a=."}


def test_a_path_that_is_more_than_one_word_is_left_as_it_is() -> None:
    assert mapped({}, {Path("/a b"): ".", Path("/a=b"): "."}) == {}
