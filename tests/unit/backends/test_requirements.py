from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import machine
import pytest
import toy_backends

from pep517_multi.backends.requirements import Package, Packages, applicable, unmet
from pep517_multi.errors import PlanError

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter


@pytest.fixture
def interpreter() -> Interpreter:
    real = toy_backends.target(*next(iter(machine.cpythons().items())))
    old = {**real.markers, "python_version": "3.8", "python_full_version": "3.8.18", "sys_platform": "linux"}
    return replace(real, markers=old)


def packages(*given: Package) -> Packages:
    return Packages.of(given)


def test_markers_are_judged_for_the_target_and_not_for_the_running_python(interpreter: Interpreter) -> None:
    requires = ["tomli; python_version < '3.9'", "other; python_version >= '3.9'", "plain>=1"]

    assert list(map(str, applicable(interpreter, requires))) == ["plain>=1", "tomli"]


def test_a_requirement_given_twice_is_one(interpreter: Interpreter) -> None:
    assert len(applicable(interpreter, ["toy >= 1", "toy>=1"])) == 1


def test_a_text_that_is_no_requirement_is_named(interpreter: Interpreter) -> None:
    with pytest.raises(PlanError, match="'toy=>1' is not valid"):
        applicable(interpreter, ["toy=>1"])


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        pytest.param("toy>=1", (), id="met"),
        pytest.param("Toy", (), id="names-are-normalised"),
        pytest.param("toy>=2", ("toy>=2 (1.5rc1 is installed)",), id="too-old"),
        pytest.param("absent>=3.4", ("absent>=3.4 (not installed)",), id="absent"),
        pytest.param("absent; python_version >= '3.9'", (), id="marker-does-not-apply"),
        pytest.param("toy>=1.4", (), id="a-pre-release-that-is-installed-counts"),
    ],
)
def test_what_is_missing_is_said_with_what_is_there(
    interpreter: Interpreter, requirement: str, expected: tuple[str, ...]
) -> None:
    assert unmet(interpreter, [requirement], packages(Package("toy", "1.5rc1"))) == expected


def test_what_a_requirement_requires_is_checked_too(interpreter: Interpreter) -> None:
    here = packages(Package("toy", "1", ("deep>=2", "tomli; python_version < '3.9'")), Package("deep", "1"))

    assert unmet(interpreter, ["toy"], here) == (
        "deep>=2 (1 is installed; toy needs it)",
        "tomli (not installed; toy needs it)",
    )


def test_extras_count_only_where_they_are_asked_for(interpreter: Interpreter) -> None:
    here = packages(Package("toy", "1", ('toml-thing; extra == "toml"', 'other; extra == "dev"')))

    assert unmet(interpreter, ["toy"], here) == ()
    assert unmet(interpreter, ["toy[toml]"], here) == ("toml-thing (not installed; toy needs it)",)


def test_requirements_that_go_in_circles_are_walked_once(interpreter: Interpreter) -> None:
    here = packages(Package("one", "1", ("two",)), Package("two", "1", ("one", "absent")))

    assert unmet(interpreter, ["one", "two"], here) == ("absent (not installed; two needs it)",)


def test_metadata_that_are_no_requirement_are_passed_over(interpreter: Interpreter) -> None:
    assert unmet(interpreter, ["toy"], packages(Package("toy", "1", ("not a (requirement",)))) == ()


def test_of_two_packages_of_one_name_the_first_on_the_path_counts(interpreter: Interpreter) -> None:
    here = packages(Package("toy", "2"), Package("toy", "1"))

    assert unmet(interpreter, ["toy>=2"], here) == ()
    assert here.versions(applicable(interpreter, ["toy", "absent"])) == {"toy": "2"}
