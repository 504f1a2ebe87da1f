from __future__ import annotations

from typing import TYPE_CHECKING

from check_roots import METADATA, Staged

if TYPE_CHECKING:
    from pathlib import Path

ONLY_REQUIREMENTS = ("imports", "bytecode", "strays")


def requirements(folder: Path, *required: str) -> list[str]:
    metadata = METADATA + "".join(f"Requires-Dist: {each}\n" for each in required)
    return Staged(folder, {"sample.py": ""}, metadata=metadata).told(check_off=ONLY_REQUIREMENTS, deps=True)


def test_what_is_not_installed_is_told(tmp_path: Path) -> None:
    (told,) = requirements(tmp_path, "not-there-at-all >=2")
    assert told == "requirement: unmet requirement: not-there-at-all>=2 (not installed; sample needs it)"


def test_markers_are_those_of_the_target(tmp_path: Path) -> None:
    assert requirements(tmp_path, "absent; python_version < '3'", "absent; extra == 'more'") == []


def test_what_is_staged_beside_counts_in_its_version(tmp_path: Path) -> None:
    (told,) = requirements(tmp_path, "sample >=1", "Sample >1")
    assert told == "requirement: unmet requirement: Sample>1 (1.0 is installed; sample needs it)"


def test_a_requirement_that_is_none_is_told(tmp_path: Path) -> None:
    (told,) = requirements(tmp_path, "what is this")
    assert told.startswith("requirement-invalid: sample requires 'what is this', which is not valid: ")


def test_nothing_is_asked_without_the_option(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample.py": ""}, metadata=f"{METADATA}Requires-Dist: not-there-at-all\n")
    assert staged.told(check_off=ONLY_REQUIREMENTS) == []
