"""Bounded runs of the fuzzers; ``qa/fuzzing.py`` runs them for as long as one likes."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import fuzz_targets
import malformed_sdists
import pytest
import raw_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = raw_zip.archive(raw_zip.wheel_parts())
RECORD = raw_zip.wheel_parts()[-1].content
SDIST = malformed_sdists.tar()
CODE = (
    *("from setuptools import *\n", "import sys, os\n", "setup(", "name=", "'x'", "ext_modules=", ")", "\n", "f("),
    *("[Extension('a', ['a.c'])]", "if sys.version_info > (3, 8):\n    ", "def f(*a, **k):\n    return a\n"),
    *("**", "*", ",", "{", "}", "[", "]", "(", ".read()", "x = ", "x", "for x in y:\n    ", "open('x')", "lambda: "),
    *("pass\n", "class A(B):\n    ", "global x\n", "async def g(): await x\n", "f'{x}'", "x[y]", "x.y", ":= "),
    *("try:\n    ", "except E:\n    ", "@f\n"),
)

bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
changes = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.integers(0, 12), st.binary(max_size=12)), min_size=1, max_size=6
)
values = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), st.sampled_from(fuzz_targets.KEYS), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(fuzz_targets.KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


def changed(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for number, removed, inserted in edits:
        place = number % (len(content) + 1)
        content = content[:place] + inserted + content[place + removed :]
    return content


@bounded
@given(changes)
def test_a_wheel_with_other_bytes_is_refused_or_read_alike(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    fuzz_targets.wheel(changed(WHEEL, edits), tmp_path)


@bounded
@given(changes)
def test_an_sdist_with_other_bytes_is_refused_or_unpacked(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    fuzz_targets.sdist(gzip.compress(changed(SDIST, edits), 1), tmp_path)


@bounded
@given(changes)
def test_a_record_with_other_bytes_is_refused_or_right(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    fuzz_targets.recorded(changed(RECORD, edits), tmp_path)


@bounded
@given(st.dictionaries(st.sampled_from(fuzz_targets.KEYS), values, max_size=4))
def test_a_pyproject_with_values_of_any_type_is_an_error_of_ours_or_none(
    tmp_path: Path, tables: dict[str, object]
) -> None:
    fuzz_targets.pyproject(fuzz_targets.document(tables), tmp_path)


@bounded
@given(st.dictionaries(st.sampled_from(("project", "build-system", "tool")), values, min_size=1))
def test_the_tables_of_a_pyproject_may_be_anything(tmp_path: Path, tables: dict[str, object]) -> None:
    fuzz_targets.pyproject(fuzz_targets.document(tables), tmp_path)


@bounded
@given(st.lists(st.sampled_from(CODE), max_size=25))
def test_any_setup_py_can_be_judged(tmp_path: Path, code: list[str]) -> None:
    fuzz_targets.setup_py("".join(code).encode(), tmp_path)


@bounded
@given(st.text(max_size=60))
def test_any_setup_cfg_can_be_judged(tmp_path: Path, text: str) -> None:
    fuzz_targets.setup_cfg(text.encode("utf-8", "surrogatepass"), tmp_path)


@bounded
@given(st.one_of(st.binary(max_size=30), st.from_regex(r"(cp|pp|py|python|pypy)?[0-9._]{0,8}[td]*").map(str.encode)))
def test_any_name_of_an_implementation_is_taken_or_refused(tmp_path: Path, text: bytes) -> None:
    fuzz_targets.spec(text, tmp_path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("pyproject", b"x = " + b"[" * 100_000, id="toml-nested-deeply"),
        pytest.param("setup_py", b"x = " + b"(" * 10_000, id="code-nested-deeply"),
        pytest.param("setup_py", b"x = " + b"-" * 100_000 + b"1", id="signs"),
        pytest.param("setup_py", b"\0", id="nul"),
        pytest.param("setup_py", b"# coding: no-such-encoding\n", id="unknown-encoding"),
        pytest.param("record", b"x" * 200_000 + b",,\n", id="record-with-a-long-field"),
        pytest.param("spec", b"~\x1c\0\0", id="spec-with-a-nul"),
        pytest.param("wheel", raw_zip.archive([]), id="wheel-without-members"),
    ],
)
def test_what_was_found_once_stays_mended(tmp_path: Path, name: str, data: bytes) -> None:
    fuzz_targets.TARGETS[name](data, tmp_path)
