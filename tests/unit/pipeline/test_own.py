"""What is looked at in a wheel right after its build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import recorded_probes
from wheel_maker import make_wheel

from pep517_multi.errors import BuildError, IntegrityError, MultibuildError
from pep517_multi.pipeline.own import check_own, own_oddities
from pep517_multi.sources.opening import open_source
from pep517_multi.wheels.decision import Dependence, Policy
from pep517_multi.wheels.wheel import Wheel, read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.sources.tree import SourceTree

BUILDER = recorded_probes.load("python3.12")
UNKNOWN = Policy()
EXTENSION = Policy(dependence=Dependence.EXTENSION)
REQUIRED = UNKNOWN.with_ext(ext=True)
MODULE = {"sample/_speed.cpython-312-x86_64-linux-gnu.so": b"a library"}


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    source = tmp_path / "source"
    source.mkdir()
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "b"\n[project]\nname = "Sample"\nversion = "1.0"\n'
    (source / "pyproject.toml").write_text(pyproject)
    return open_source(source, unpack_to=tmp_path / "unpacked", work_directory=None)


def wheel(tmp_path: Path, **made: object) -> Wheel:
    return read_wheel(make_wheel(tmp_path / "made", **made))  # type: ignore[arg-type]  # the knobs of make_wheel


def test_an_ordinary_wheel_passes_without_a_word(tmp_path: Path, tree: SourceTree) -> None:
    made = wheel(tmp_path)
    check_own(BUILDER, made, tree=tree, policy=UNKNOWN)
    assert list(own_oddities(BUILDER, made, policy=UNKNOWN)) == []


@pytest.mark.parametrize(
    ("made", "policy", "error", "sentence"),
    [
        pytest.param({"name": "other"}, UNKNOWN, IntegrityError, "but the source is Sample", id="another-project"),
        pytest.param(
            {"tags": "py2-none-any"}, UNKNOWN, BuildError, "whose tag py2-none-any python3.12 cannot", id="tag"
        ),
        pytest.param({"requires_python": "<3"}, UNKNOWN, BuildError, "leave python3.12 out", id="requires-python"),
        pytest.param({}, REQUIRED, BuildError, "--ext yes asks for", id="no-extension"),
    ],
)
def test_what_cannot_be_what_was_asked_for_is_refused(
    tmp_path: Path,
    tree: SourceTree,
    made: dict[str, object],
    policy: Policy,
    error: type[MultibuildError],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        check_own(BUILDER, wheel(tmp_path, **made), tree=tree, policy=policy)


@pytest.mark.parametrize(
    ("made", "policy", "sentence"),
    [
        pytest.param({}, EXTENSION, "a compiler may have failed", id="no-extension"),
        pytest.param(
            {"files": MODULE, "tags": "cp312-cp312-linux_x86_64"}, UNKNOWN, "did not announce", id="unannounced"
        ),
        pytest.param({"files": MODULE}, EXTENSION, "its tag says that it has no ABI", id="no-abi"),
    ],
)
def test_what_is_odd_is_told(tmp_path: Path, made: dict[str, object], policy: Policy, sentence: str) -> None:
    (told,) = own_oddities(BUILDER, wheel(tmp_path, **made), policy=policy)
    assert re.search(sentence, told)
