from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pep517_multi.errors import IntegrityError, SourceError
from pep517_multi.sources.evidence import Verdict
from pep517_multi.sources.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYPROJECT = """\
[build-system]
requires = ["flit_core >=3.4"]
build-backend = "flit_core.buildapi"

[project]
name = "sample"
version = "1.0"
description = "A sample"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "sample-1.0"
    path.mkdir()
    (path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (path / "sample.py").touch()
    return path


def test_a_directory_is_described(project: Path, tmp_path: Path) -> None:
    tree = open_source(project, unpack_to=tmp_path / "unpacked", work_directory=None)

    assert (tree.path, tree.given) == (project.resolve(), project)
    assert (tree.name, tree.version) == ("sample", "1.0")
    assert tree.build_system.backend == "flit_core.buildapi"
    assert tree.evidence.verdict is Verdict.INDEPENDENT
    assert not (tmp_path / "unpacked").exists()


def test_an_sdist_has_the_digest_of_its_directory(project: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "sample-1.0"), "gztar", tmp_path, "sample-1.0")

    packed = open_source(tmp_path / archive, unpack_to=tmp_path / "unpacked", work_directory=None)

    assert packed.path == (tmp_path / "unpacked" / "sample-1.0").resolve()
    assert packed.given == tmp_path / archive
    assert packed.digest == open_source(project, unpack_to=tmp_path / "no", work_directory=None).digest


def test_what_multibuild_writes_into_the_source_changes_nothing(project: Path, tmp_path: Path) -> None:
    def digest() -> str:
        work = project / ".multibuild"
        return open_source(project, unpack_to=tmp_path, work_directory=work, outputs=[project / "roots"]).digest

    before = digest()
    for name in (".multibuild", "roots"):
        (project / name).mkdir()
        (project / name / "file").touch()

    assert digest() == before


def test_a_source_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no source at .*nowhere"):
        open_source(tmp_path / "nowhere", unpack_to=tmp_path, work_directory=None)


def test_a_wheel_is_told_from_a_source(tmp_path: Path) -> None:
    (tmp_path / "a-1-py3-none-any.whl").touch()

    with pytest.raises(SourceError, match="install --wheel"):
        open_source(tmp_path / "a-1-py3-none-any.whl", unpack_to=tmp_path, work_directory=None)


def test_an_unsafe_sdist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    archive = shutil.make_archive(str(tmp_path / "flat"), "gztar", tmp_path, "a")

    with pytest.raises(IntegrityError):
        open_source(tmp_path / archive, unpack_to=tmp_path / "unpacked", work_directory=None)


def test_links_that_lead_out_are_told(project: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside")
    (project / "out").symlink_to("../outside")
    (project / "absolute").symlink_to(project / "pyproject.toml")
    (project / "inside").symlink_to("pyproject.toml")

    opened = open_source(project, unpack_to=tmp_path / "unpacked", work_directory=None)

    assert opened.links_out == ("absolute", "out")


def test_a_link_to_more_than_any_source_has_is_refused_before_all_of_it_is_read(project: Path, tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(17 << 30)
    (project / "all").symlink_to("../huge")

    with pytest.raises(SourceError, match="the link 'all' leads out of the source, to more than"):
        open_source(project, unpack_to=tmp_path / "unpacked", work_directory=None)


def test_a_pipe_is_no_source_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sample-1.0.tar.gz")

    with pytest.raises(SourceError, match="neither a directory nor a file"):
        open_source(tmp_path / "sample-1.0.tar.gz", unpack_to=tmp_path / "unpacked", work_directory=None)


ODD_FILES = [
    pytest.param(os.mkfifo, id="pipe"),
    pytest.param(lambda path: path.symlink_to("/dev/zero"), id="link-to-a-device"),
    pytest.param(lambda path: path.symlink_to("/dev/tty"), id="link-to-a-terminal"),
]


@pytest.mark.parametrize("make", ODD_FILES)
def test_nobody_waits_for_a_pyproject_that_is_no_file(tmp_path: Path, make: Callable[[Path], object]) -> None:
    (tmp_path / "tree").mkdir()
    make(tmp_path / "tree" / "pyproject.toml")

    with pytest.raises(SourceError, match=r"pyproject\.toml: (It is no regular file|No such device)"):
        open_source(tmp_path / "tree", unpack_to=tmp_path / "sdist", work_directory=None)


ODD_PLACES = ["setup.cfg", "setup.py", "PKG-INFO", "meson.build", "CMakeLists.txt", "Cargo.toml", ".git"]


@pytest.mark.parametrize("name", ODD_PLACES)
def test_nobody_waits_for_what_else_is_read_of_a_tree(project: Path, tmp_path: Path, name: str) -> None:
    os.mkfifo(project / name)

    tree = open_source(project, unpack_to=tmp_path / "sdist", work_directory=None)

    assert tree.version == "1.0"


def test_folders_that_are_nested_too_deeply_are_refused(project: Path, tmp_path: Path) -> None:
    project.joinpath(*["d"] * 600).mkdir(parents=True)

    with pytest.raises(SourceError, match="more than 256 deep"):
        open_source(project, unpack_to=tmp_path / "sdist", work_directory=None)


@pytest.mark.parametrize("place", ["/proc", "/sys", "/dev", "/proc/kmsg"])
def test_a_link_to_what_the_kernel_tells_is_told_and_not_followed(project: Path, tmp_path: Path, place: str) -> None:
    (project / "link").symlink_to(place)

    tree = open_source(project, unpack_to=tmp_path / "sdist", work_directory=None)

    assert tree.links_out == ("link",)
