"""Which of several ready wheels goes into a root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import recorded_probes
from wheel_maker import make_wheel

from pep517_multi.errors import StagingError
from pep517_multi.pipeline.installing import fitting_wheels
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

TAGS = ("py3-none-any", "cp312-cp312-linux_x86_64", "cp38-abi3-linux_x86_64", "pp39-pypy39_pp73-linux_x86_64")


@pytest.mark.parametrize(
    ("impl", "expected"),
    [
        pytest.param("python3.12", "cp312-cp312-linux_x86_64", id="its-own"),
        pytest.param("python3.11", "cp38-abi3-linux_x86_64", id="stable-abi"),
        pytest.param("pypy3.9", "pp39-pypy39_pp73-linux_x86_64", id="pypy"),
        pytest.param("python3.13t", "py3-none-any", id="free-threaded"),
    ],
)
def test_the_best_fitting_wheel_is_chosen_whatever_the_order(tmp_path: Path, impl: str, expected: str) -> None:
    wheels = [read_wheel(make_wheel(tmp_path, tags=tags)) for tags in TAGS]
    interpreter = recorded_probes.load(impl)
    for order in (wheels, wheels[::-1]):
        assert [wheel.name.tag_text for wheel in fitting_wheels(interpreter, order)] == [expected]


def test_of_several_projects_each_is_installed(tmp_path: Path) -> None:
    wheels = [read_wheel(make_wheel(tmp_path, name)) for name in ("zebra", "ant")]
    chosen = fitting_wheels(recorded_probes.load("python3.12"), wheels)
    assert [wheel.name.name for wheel in chosen] == ["ant", "zebra"]


def test_where_none_fits_each_reason_is_told(tmp_path: Path) -> None:
    extension = {"sample/_speed.cpython-312-x86_64-linux-gnu.so": b""}
    wheels = [
        read_wheel(make_wheel(tmp_path, tags="cp312-cp312-linux_x86_64")),
        read_wheel(make_wheel(tmp_path, files=extension)),
        read_wheel(make_wheel(tmp_path, tags="py3-none-linux_x86_64", requires_python=">=3.12")),
    ]
    with pytest.raises(StagingError, match=r"^no wheel of sample fits python3\.11: ") as raised:
        fitting_wheels(recorded_probes.load("python3.11"), wheels)
    for reason in ("does not take the tag", "cannot import sample/_speed", "it requires Python >=3.12"):
        assert reason in str(raised.value)
