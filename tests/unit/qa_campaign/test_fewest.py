from __future__ import annotations

import pytest
from judging import fewest

ALL = ("python3.10", "python3.11", "python3.12", "pypy3.9")


def serving(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [*((impl, impl) for impl in ALL), *pairs]


@pytest.mark.parametrize(
    ("serves", "expected"),
    [
        pytest.param(serving(), 4, id="each-for-itself"),
        pytest.param([(one, other) for one in ALL for other in ALL], 1, id="one-for-all"),
        pytest.param(serving(("python3.10", "python3.11"), ("python3.10", "python3.12")), 2, id="stable-abi-and-pypy"),
        pytest.param(serving(("python3.10", "python3.11"), ("python3.12", "pypy3.9")), 2, id="two-pairs"),
        pytest.param(
            serving(("python3.11", "python3.10"), ("python3.11", "python3.12"), ("python3.10", "pypy3.9")),
            2,
            id="the-best-builder-is-not-the-first",
        ),
    ],
)
def test_the_fewest_builders_that_serve_everyone_are_counted(serves: list[tuple[str, str]], expected: int) -> None:
    assert fewest(ALL, serves) == expected


def test_without_implementations_nobody_needs_to_build() -> None:
    assert fewest((), []) == 0


def test_an_implementation_that_even_its_own_build_does_not_serve_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="served by nobody"):
        fewest(ALL, [("python3.10", "python3.10")])
