from __future__ import annotations

from pathlib import Path

import fake_interpreters
import pytest
import recorded_probes
from footprints import Difference
from pins import Package, Varies, read_corpus
from reproducibility import Matrix, Outcome, details
from surroundings import VARIATIONS
from workbench import CampaignError

from pep517_multi.errors import UsageError

MODULE = Difference("wheel a-1-cp312-cp312-linux_x86_64.whl", "a/_speed.so", "content")
OTHER = Difference("wheel a-1-cp312-cp312-linux_x86_64.whl", "a/b.py", "content")


def excused(found: tuple[Difference, ...], by: set[str]) -> str:
    varies = (Varies(("a/_*.so",), ("path", "time"), "the compiler does it"),)
    package = Package("a", "pure", "a-1.tar.gz", "0", "backend", "independent", varies=varies)
    matrix = Matrix(Path("multibuild"), package, Path("a-1.tar.gz"), Path("work"), VARIATIONS)
    outcome = Outcome(found=found, causes=dict.fromkeys(by, found))
    outcome.excused = matrix.excused(outcome)
    return outcome.word


def test_only_known_files_that_differ_for_known_causes_are_the_backends_doing() -> None:
    assert excused((), set()) == "same"
    assert excused((MODULE,), {"path"}) == "backend"
    assert excused((MODULE,), {"path", "umask"}) == "DIFFERS"
    assert excused((MODULE, OTHER), {"path"}) == "DIFFERS"


def test_the_corpus_speaks_of_known_variations_only() -> None:
    known = {variation.name for variation in VARIATIONS} | {"nothing"}
    assert {name for package in read_corpus() for varies in package.varies for name in varies.by} <= known


def test_a_build_that_failed_in_one_of_two_runs_is_told_with_its_log() -> None:
    outcome = Outcome(found=(MODULE,), failed={"python3.13": "it failed\nno space left"})

    assert outcome.word == "DIFFERS"
    assert details(outcome)[1:] == ["python3.13 failed in one of the runs only:", "    it failed", "    no space left"]


FAILS = """
while [ "$1" != --workdir ]; do shift; done
mkdir -p "$2"
echo '{"impls": [{"impl": "python3.12", "action": "failed", "wheel": null, "error": "it failed"}]}' > "$2/report.json"
"""


def test_what_nobody_can_build_is_not_the_same_twice_but_an_error(tmp_path: Path) -> None:
    command = fake_interpreters.write_script(tmp_path / "multibuild", FAILS)
    (tmp_path / "a-1.tar.gz").touch()
    package = Package("a", "pure", "a-1.tar.gz", "0", "backend", "independent")
    matrix = Matrix(command, package, tmp_path / "a-1.tar.gz", tmp_path / "work", ())

    with pytest.raises(CampaignError, match="it failed"):
        matrix.judge([recorded_probes.load("python3.12")])


def test_an_exception_without_a_reason_is_refused(tmp_path: Path) -> None:
    entry = 'file = "a-1.tar.gz"\nsha256 = "0"\nbackend = "b"\nevidence = "independent"\n'
    (tmp_path / "pure.toml").write_text(f'[a]\n{entry}[[a.varies]]\nfiles = ["x"]\nby = ["path"]\n', encoding="utf-8")
    with pytest.raises(UsageError, match="a is not complete"):
        read_corpus(tmp_path)
