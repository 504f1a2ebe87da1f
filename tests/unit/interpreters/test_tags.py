from __future__ import annotations

import pytest
import recorded_probes
from packaging.tags import parse_tag

from pep517_multi.interpreters.tags import AbiFacts, derived_platforms, supported_tags

COLUMNS = {
    "cp39": "python3.9",
    "cp310": "python3.10",
    "cp311": "python3.11",
    "cp312": "python3.12",
    "cp313": "python3.13",
    "cp314": "python3.14",
    "cp315": "python3.15",
    "cp313t": "python3.13t",
    "cp314t": "python3.14t",
    "cp315t": "python3.15t",
    "pp39": "pypy3.9",
    "pp310": "pypy3.10",
    "pp311": "pypy3.11-pp73",
    "pp311/80": "pypy3.11",
    "graal": "graalpy3.11",
}

EVERY = " ".join(COLUMNS)
GIL = "cp39 cp310 cp311 cp312 cp313 cp314 cp315"

TAKEN_BY = [
    ("py3-none-any", EVERY),
    ("py2.py3-none-any", EVERY),
    ("py2-none-any", ""),
    ("py39-none-any", EVERY),
    ("py311-none-any", "cp311 cp312 cp313 cp314 cp315 cp313t cp314t cp315t pp311 pp311/80 graal"),
    ("py312-none-any", "cp312 cp313 cp314 cp315 cp313t cp314t cp315t"),
    ("cp311-none-any", "cp311"),
    ("pp39-none-any", ""),
    ("pp3-none-any", "pp39 pp310 pp311 pp311/80"),
    ("cp39-abi3-linux_x86_64", GIL),
    ("cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64", GIL),
    ("cp37-abi3-manylinux1_x86_64", GIL),
    ("cp313-abi3-linux_x86_64", "cp313 cp314 cp315"),
    ("cp315-abi3-linux_x86_64", "cp315"),
    ("cp315-abi3t-linux_x86_64", "cp315t"),
    ("cp315-abi3.abi3t-linux_x86_64", "cp315 cp315t"),
    ("cp39-abi3.abi3t-linux_x86_64", f"{GIL} cp315t"),  # packaging gives it to 3.13t and 3.14t, which cannot load it
    ("cp311-cp311-linux_x86_64", "cp311"),
    ("cp313-cp313-linux_x86_64", "cp313"),
    ("cp313-cp313t-linux_x86_64", "cp313t"),
    ("cp314-cp314t-linux_x86_64", "cp314t"),
    ("cp311-none-linux_x86_64", "cp311"),
    ("pp39-pypy39_pp73-linux_x86_64", "pp39"),
    ("pp311-pypy311_pp73-linux_x86_64", "pp311"),
    ("pp311-pypy311_pp80-linux_x86_64", "pp311/80"),
    ("graalpy311-graalpy242_311_native-linux_x86_64", "graal"),
    ("py3-none-linux_x86_64", EVERY),
    ("py2.py3-none-manylinux_2_17_x86_64", EVERY),
    ("py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64", EVERY),
    ("py3-none-musllinux_1_2_x86_64", ""),
    ("py3-none-win_amd64", ""),
    ("py3-none-macosx_11_0_universal2", ""),
    ("py3-none-linux_aarch64", ""),
    ("cp39.pp39-none-linux_x86_64", "cp39 pp39"),
    ("cp39.cp310.cp311-cp311-linux_x86_64", "cp311"),
    ("cp3-none-any", ""),
    ("py3-abi3-linux_x86_64", ""),
]


@pytest.mark.parametrize(("tag", "takers"), TAKEN_BY, ids=[tag for tag, _ in TAKEN_BY])
def test_a_wheel_is_taken_by_exactly_the_interpreters_that_can_use_it(tag: str, takers: str) -> None:
    taken = [column for column, name in COLUMNS.items() if recorded_probes.load(name).rank(parse_tag(tag)) is not None]
    assert taken == takers.split()


@pytest.mark.parametrize("name", ["python3.13t", "python3.14t"])
def test_no_free_threaded_python_before_3_15_takes_a_stable_abi(name: str) -> None:
    assert {tag.abi for tag in recorded_probes.load(name).tags} == {name.replace("python3.", "cp3"), "none"}


def test_tags_come_best_first() -> None:
    tags = recorded_probes.load("python3.12").tags
    ranks = [tags.index(next(iter(parse_tag(tag)))) for tag in (
        "cp312-cp312-linux_x86_64",
        "cp312-abi3-linux_x86_64",
        "cp311-abi3-linux_x86_64",
        "py312-none-linux_x86_64",
        "py3-none-any",
    )]  # fmt: skip
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(("free_threaded", "flag"), [(False, ""), (True, "t")])
def test_a_debug_build_prefers_debug_wheels_and_takes_ordinary_ones(free_threaded: bool, flag: str) -> None:  # noqa: FBT001 - a pytest parameter
    facts = AbiFacts("cpython", (3, 14), "314", None, free_threaded=free_threaded, debug=True)
    abis = list(dict.fromkeys(tag.abi for tag in supported_tags(facts, ["linux_x86_64"])))
    assert abis[:2] == [f"cp314{flag}d", f"cp314{flag}"]


def test_an_implementation_that_names_no_abi_takes_wheels_without_one() -> None:
    facts = AbiFacts("other", (3, 12), "312", None, free_threaded=False, debug=False)
    assert {tag.abi for tag in supported_tags(facts, ["linux_x86_64"])} == {"none"}


@pytest.mark.parametrize(
    ("platform", "bits", "glibc", "first", "last"),
    [
        pytest.param("linux-x86_64", 64, "2.36", "manylinux_2_36_x86_64", "manylinux1_x86_64", id="x86"),
        pytest.param("linux-x86_64", 32, "2.36", "manylinux_2_36_i686", "manylinux1_i686", id="32-bit"),
        pytest.param("linux-aarch64", 64, "2.17-fork", "manylinux_2_17_aarch64", "manylinux2014_aarch64", id="arm"),
    ],
)
def test_platforms_derived_from_facts_go_from_this_glibc_to_the_oldest(
    platform: str, bits: int, glibc: str, first: str, last: str
) -> None:
    _, *manylinux = derived_platforms(platform, pointer_bits=bits, libc=("glibc", glibc))
    assert (manylinux[0], manylinux[-1]) == (first, last)


@pytest.mark.parametrize(
    ("platform", "libc"),
    [
        pytest.param("linux-x86_64", None, id="musl"),
        pytest.param("linux-x86_64", ("glibc", "3.0"), id="a glibc to come"),
        pytest.param("linux-armv7l", ("glibc", "2.36"), id="float ABI unknown"),
        pytest.param("macosx-11.0-arm64", None, id="no Linux"),
    ],
)
def test_platforms_that_facts_do_not_tell_are_left_to_the_plain_tag(
    platform: str, libc: tuple[str, str] | None
) -> None:
    assert derived_platforms(platform, pointer_bits=64, libc=libc) == (platform.replace("-", "_").replace(".", "_"),)


def test_derived_platforms_are_those_of_packaging() -> None:
    derived = derived_platforms("linux-x86_64", pointer_bits=64, libc=("glibc", "2.36"))
    assert derived == recorded_probes.PLATFORMS
