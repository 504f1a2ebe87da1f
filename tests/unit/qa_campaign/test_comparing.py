from __future__ import annotations

from typing import TYPE_CHECKING

from comparing import compared
from wheel_maker import make_wheel

from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

ABI3 = {"tags": "cp310-abi3-linux_x86_64", "purelib": False}


def both(folder: Path, one: dict[str, str], other: dict[str, str], **keywords: object) -> tuple[str, ...]:
    paths = [
        make_wheel(folder / place, files=files, **keywords)  # type: ignore[arg-type] # whatever a test varies
        for place, files in (("one", one), ("other", other))
    ]
    return compared(*map(read_wheel, paths))


def test_the_same_files_are_no_difference(tmp_path: Path) -> None:
    assert both(tmp_path, {"a.py": "1"}, {"a.py": "1"}) == ()


def test_a_difference_is_named_once(tmp_path: Path) -> None:
    found = both(tmp_path, {"a.py": "1", "b.py": ""}, {"a.py": "2"})

    assert sorted(found) == ["a.py differs", "b.py is in one of them only"]


def test_what_the_rules_take_for_noise_is_named_nevertheless(tmp_path: Path) -> None:
    cached = "sample/__pycache__/module.cpython-311.pyc"

    found = both(tmp_path, {cached: "one"}, {cached: "other"})

    assert found == (f"{cached} differs",)


def test_modules_for_the_stable_abi_are_not_compared_by_bytes(tmp_path: Path) -> None:
    assert both(tmp_path, {"speed.abi3.so": "1"}, {"speed.abi3.so": "2"}, **ABI3) == ()
