from __future__ import annotations

from dataclasses import replace

import pytest
import recorded_probes

from pep517_multi.plan import expect, next_builders
from pep517_multi.report import Expected
from pep517_multi.wheels.decision import Dependence, Policy, ReuseMode

ALL = ["python3.10", "python3.12", "python3.13", "python3.13t", "pypy3.9", "pypy3.11"]


def builders(
    policy: Policy,
    waiting: list[str] = ALL,
    *,
    tried: tuple[str, ...] = (),
    stable_abi: bool = False,
    failed: tuple[str, ...] = (),
) -> list[str]:
    interpreters = [recorded_probes.load(name) for name in waiting]
    everyone = [recorded_probes.load(name) for name in ALL if name not in failed]
    chosen = next_builders(interpreters, policy=policy, everyone=everyone, tried=tried, stable_abi_expected=stable_abi)
    return [interpreter.name for interpreter in chosen]


def test_a_wheel_for_all_is_built_by_the_oldest_alone() -> None:
    assert builders(Policy(dependence=Dependence.INDEPENDENT)) == ["python3.10"]


def test_whoever_is_not_served_by_it_builds_once_for_each_family() -> None:
    left = ["python3.13t", "pypy3.9", "pypy3.11"]
    policy = Policy(dependence=Dependence.INDEPENDENT)
    assert builders(policy, left, tried=("cpython",)) == ["python3.13t", "pypy3.9"]
    assert builders(policy, ["pypy3.11"], tried=("cpython", "pypy")) == ["pypy3.11"]


def test_version_specific_extensions_are_built_by_all_at_once() -> None:
    assert builders(Policy(dependence=Dependence.EXTENSION)) == ALL


def test_where_a_stable_abi_is_likely_the_oldest_cpython_goes_first_and_the_others_beside_it() -> None:
    policy = Policy(dependence=Dependence.EXTENSION)
    assert builders(policy, stable_abi=True) == ["python3.10", "python3.13t", "pypy3.9", "pypy3.11"]


DOUBTED = Policy(dependence=Dependence.EXTENSION, because=("ext_modules",), doubts=("setup.py:3: sys.version_info",))


def test_where_a_stable_abi_is_likely_and_the_rest_in_doubt_both_ends_of_cpython_go_first() -> None:
    assert builders(DOUBTED, stable_abi=True) == ["python3.10", "python3.13", "python3.13t", "pypy3.9", "pypy3.11"]
    assert builders(DOUBTED, ["python3.12"], tried=("cpython",), stable_abi=True) == ["python3.12"]


def test_doubts_change_nothing_where_no_stable_abi_is_shared() -> None:
    assert builders(DOUBTED) == ALL
    assert builders(replace(DOUBTED, share_stable_abi=False), stable_abi=True) == ALL
    trusting = replace(DOUBTED, mode=ReuseMode.TAGS)
    assert builders(trusting, stable_abi=True) == ["python3.10", "python3.13t", "pypy3.9", "pypy3.11"]


def test_the_plan_says_that_a_stable_abi_wheel_waits_for_both_ends_where_there_are_doubts() -> None:
    everyone = [recorded_probes.load(name) for name in ("python3.10", "python3.12", "python3.13")]
    ends = [everyone[0], everyone[-1]]

    expected, by, because = expect(everyone[1], builders=ends, everyone=everyone, policy=DOUBTED)

    assert (expected, by) == (Expected.PROOF, "python3.10")
    assert "if python3.10 and python3.13 build the same" in because[0]
    assert set(DOUBTED.doubts) < set(because)


TAG_DOUBTED = Policy(
    dependence=Dependence.EXTENSION,
    because=("ext_modules",),
    tag_doubts=("setup.py:3: sys.version_info",),
    turning_points=lambda: frozenset({12}),
)


def test_where_not_every_version_may_use_the_stable_abi_the_oldest_of_each_stretch_builds() -> None:
    others = ["python3.13t", "pypy3.9", "pypy3.11"]
    assert builders(TAG_DOUBTED, stable_abi=True) == ["python3.10", "python3.12", *others]
    assert builders(TAG_DOUBTED, ["python3.13"], tried=("cpython",), stable_abi=True) == ["python3.13"]
    assert builders(replace(TAG_DOUBTED, turning_points=frozenset), stable_abi=True) == ["python3.10", *others]


def test_the_plan_says_which_builder_of_a_stable_abi_is_waited_for() -> None:
    everyone = [recorded_probes.load(name) for name in ALL]
    waiting = recorded_probes.load("python3.13")
    expected, by, _ = expect(waiting, builders=everyone[:2], everyone=everyone, policy=TAG_DOUBTED)
    assert (expected, by) == (Expected.STABLE_ABI, "python3.12")


def test_a_stable_abi_that_did_not_come_is_not_waited_for_again() -> None:
    policy = Policy(dependence=Dependence.EXTENSION)
    assert builders(policy, ["python3.12", "python3.13"], tried=("cpython",), stable_abi=True) == [
        "python3.12",
        "python3.13",
    ]


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(Policy(mode=ReuseMode.NEVER, dependence=Dependence.INDEPENDENT), id="never"),
        pytest.param(Policy(dependence=Dependence.EXTENSION, share_stable_abi=False), id="no-abi3"),
    ],
)
def test_what_is_not_shared_is_built_by_all_at_once(policy: Policy) -> None:
    assert builders(policy, stable_abi=True) == ALL


def test_what_is_not_known_is_built_at_the_ends_of_each_family_first() -> None:
    policy = Policy(dependence=Dependence.UNKNOWN)
    assert builders(policy) == ["python3.10", "python3.13", "python3.13t", "pypy3.9", "pypy3.11"]


def test_whoever_is_on_its_own_side_of_a_version_that_the_build_speaks_of_builds_with_the_ends() -> None:
    after = Policy(dependence=Dependence.UNKNOWN, turning_points=lambda: frozenset({13}))
    at = Policy(dependence=Dependence.UNKNOWN, turning_points=lambda: frozenset({12, 13}))
    assert "python3.12" not in builders(after)
    assert builders(at)[:3] == ["python3.10", "python3.12", "python3.13"]


def test_where_the_build_stops_for_old_pythons_the_oldest_of_all_builds_beside_the_first() -> None:
    assert builders(Policy(dependence=Dependence.INDEPENDENT, stops_below=12)) == ["python3.10", "pypy3.9"]
    assert builders(Policy(dependence=Dependence.INDEPENDENT, stops_below=9)) == ["python3.10"]


def test_whoever_the_ends_could_not_serve_builds_too() -> None:
    assert builders(Policy(dependence=Dependence.UNKNOWN), ["python3.12"], tried=("cpython", "pypy")) == ["python3.12"]


def test_an_end_that_failed_is_replaced_by_its_neighbour() -> None:
    policy = Policy(dependence=Dependence.UNKNOWN)
    assert builders(policy, ["python3.12"], failed=("python3.10",)) == ["python3.12"]
