from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from pins import FOLDER, choose, read_corpus

from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = 'file = "a-1.tar.gz"\nsha256 = "0"\nbackend = "flit_core.buildapi"\nevidence = "independent"\n'


def test_every_package_of_the_corpus_is_pinned() -> None:
    packages = read_corpus()

    assert len(packages) >= 30
    for package in packages:
        assert re.fullmatch(r"[\w.+-]+-[\w.+!]+\.(tar\.gz|zip)", package.file), package
        assert re.fullmatch(r"[0-9a-f]{64}", package.sha256), package
        assert package.evidence in {"independent", "extension", "unknown"}, package


def test_the_baseline_is_of_the_files_that_are_pinned() -> None:
    known = json.loads(FOLDER.with_name("baseline.json").read_text(encoding="utf-8"))["packages"]

    assert {name: entry["file"] for name, entry in known.items()} == {one.name: one.file for one in read_corpus()}


def test_a_smoke_run_has_few_packages_with_every_verdict() -> None:
    chosen = choose(read_corpus(), smoke=True)

    assert len(chosen) == 5
    assert {package.evidence for package in chosen} == {"independent", "extension", "unknown"}


def test_packages_are_chosen_by_name() -> None:
    assert [package.name for package in choose(read_corpus(), only=["six", "flask"])] == ["flask", "six"]


def test_a_name_that_the_corpus_lacks_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"the corpus has no sixx; it has .*six"):
        choose(read_corpus(), only=["sixx"])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({"a": f"[x]\n{ENTRY}\nodd = 1"}, "a.toml: x has the unknown key odd", id="unknown-key"),
        pytest.param({"a": '[x]\nfile = "a"'}, "a.toml: x is not complete: .*sha256", id="missing-key"),
        pytest.param(
            {"a": f'[x]\n{ENTRY}[[x.qa]]\nimpls = ["*"]\nverdict = "fine"\nreason = "so"'},
            "a.toml: x expects 'fine' of QA, which says identical, benign, ",
            id="verdict",
        ),
        pytest.param(
            {"a": f'[x]\n{ENTRY}[[x.qa]]\nimpls = ["*"]\nverdict = "benign"'},
            "a.toml: x is not complete: 'reason'",
            id="verdict-without-reason",
        ),
        pytest.param({"a": f"[x]\n{ENTRY}", "b": f"[x]\n{ENTRY}"}, "has x twice", id="twice"),
    ],
)
def test_a_mistake_in_the_corpus_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=message):
        read_corpus(tmp_path)
