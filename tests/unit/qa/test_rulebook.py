from __future__ import annotations

import re
from pathlib import Path

import pytest

from pep517_multi.errors import UsageError
from pep517_multi.qa.rulebook import ACROSS, QA, chosen, reasons
from pep517_multi.wheels.differences import compare
from pep517_multi.wheels.trees import Blob, Contents, File


def trees(one: str, other: str, data: tuple[str, str] = ("", "")) -> tuple[Contents, Contents]:
    first, second = (
        Contents((File(path, Blob.of(text.encode())),)) for path, text in zip((one, other), data, strict=True)
    )
    return first, second


def test_every_rule_has_a_reason() -> None:
    assert all(reasons().values())


def test_a_rule_is_switched_off_and_another_on_by_name() -> None:
    names = {rule.name for rule in chosen(QA, ["-shebang", "implementation-paths"])}
    assert names == ({rule.name for rule in QA} - {"shebang"}) | {"implementation-paths"}


def test_a_rule_that_is_not_there_is_an_error_with_a_guess() -> None:
    with pytest.raises(UsageError, match=r"no rule 'shebangs' of normalisation; did you mean 'shebang'\?"):
        chosen(QA, ["-shebangs"])
    with pytest.raises(UsageError, match=r"there are .*shebang"):
        chosen(QA, ["?"])


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        pytest.param(
            "usr/lib/python3.12/site-packages/a.py",
            "usr/lib/pypy3.9/site-packages/a.py",
            "implementation-paths",
            id="paths",
        ),
        pytest.param(
            "a.cpython-312-x86_64-linux-gnu.so", "a.pypy39-pp73-x86_64-linux-gnu.so", "extension-suffix", id="suffix"
        ),
        pytest.param("A.b-1.0.dist-info/X", "a_b-1.0.dist-info/X", "distribution-name", id="name"),
        pytest.param("a-1.dist-info/licenses/LICENSE", "a-1.dist-info/LICENSE", "licence-folder", id="licence"),
        pytest.param("m.abi3.so", "m.abi3-x86_64-linux-gnu.so", "stable-abi-suffix", id="stable ABI"),
    ],
)
def test_a_rule_on_names_pairs_files_that_are_the_same(one: str, other: str, rule: str) -> None:
    assert [difference.rule for difference in compare(*trees(one, other), ACROSS)] == [rule]
    without = compare(*trees(one, other), chosen(ACROSS, [f"-{rule}"]))
    assert [difference.rule for difference in without] == [None, None]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("imports PyErr_Format", False),
        ("imports fputs", False),
        ("imports __memcpy_chk", False),
        ("imports __isoc23_sscanf", False),
        ("section .text 3 bytes 00", False),
        ("needed libc.so.6", False),
        ("needed libc.musl-x86_64.so.1", False),
        ("needed libcrypt.so.1", True),
        ("imports putenv", True),
        ("imports fopen", True),
        ("imports strtok_r", True),
        ("exports PyInit_x", True),
        ("needed libz.so.1", True),
        ("text 'printf'", True),
    ],
)
def test_of_a_stable_abi_module_only_what_the_project_decides_counts(line: str, counts: bool) -> None:  # noqa: FBT001 - a case
    (rule,) = [rule for rule in QA if rule.name == "stable-abi-headers"]
    assert rule.normalise is not None
    assert (rule.normalise((line,)) == (line,)) is counts


def test_bytecode_is_left_to_its_source_and_a_module_without_source_is_not() -> None:
    cached = trees("p/__pycache__/a.cpython-312.pyc", "p/__pycache__/a.cpython-313.pyc")
    assert {difference.rule for difference in compare(*cached, ACROSS)} == {"bytecode"}
    alone = trees("p/a.pyc", "p/a.pyc", ("1", "2"))
    assert [difference.rule for difference in compare(*alone, ACROSS)] == [None]


def test_what_a_path_of_metadata_says_is_not_told_twice() -> None:
    path = "a-1.dist-info/METADATA"
    found = compare(*trees(path, path, ("Name: a\nKeywords: x\n", "Name: a\nKeywords: y\n")), ACROSS)
    assert [(difference.rule, difference.aspect.label) for difference in found] == [(None, "Keywords")]
    spelled = compare(*trees(path, path, ("Name: a\nVersion: 1\n", "Version: 1\nName: a\n")), ACROSS)
    assert [difference.rule for difference in spelled] == ["by-meaning"]


def test_the_documentation_lists_exactly_the_rules_there_are() -> None:
    page = Path(__file__).parents[3] / "docs" / "explanation" / "differences.md"
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", page.read_text(), re.MULTILINE))
    assert listed == {rule.name for rule in QA}
