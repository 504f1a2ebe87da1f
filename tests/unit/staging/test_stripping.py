from __future__ import annotations

import csv
import hashlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest
from staging_roots import modules, newest, stage
from wheel_maker import make_wheel

from pep517_multi.errors import StagingError, UsageError
from pep517_multi.staging import Layout
from pep517_multi.staging.licenses import declared, license_name

if TYPE_CHECKING:
    from pathlib import Path

INFO = "sample-1.0.dist-info"
METADATA = "Metadata-Version: 2.1\nName: Sample\nVersion: 1.0\nLicense-File: terms.md\n"
FILES = {
    "sample/__init__.py": "",
    "sample/tests/test_sample.py": "",
    "tests/__init__.py": "",
    "tests/test_sample.py": "",
    "sample-1.0-nspkg.pth": "import sys\n",
    f"{INFO}/licenses/sub/LICENSE": "one",
    f"{INFO}/COPYING.txt": "two",
    f"{INFO}/terms.md": "three",
    f"{INFO}/namespace_packages.txt": "sample\n",
    f"{INFO}/direct_url.json": "{}",
}


def staged(tmp_path: Path, layout: Layout) -> Path:
    return stage(make_wheel(tmp_path, files=FILES, metadata=METADATA), tmp_path / "root", layout=layout).root


def left(root: Path) -> set[str]:
    library = modules(root)
    return {path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file()}


SETS = [
    pytest.param(
        "licenses", {f"{INFO}/licenses/sub/LICENSE", f"{INFO}/COPYING.txt", f"{INFO}/terms.md"}, id="licenses"
    ),
    pytest.param("record", {f"{INFO}/RECORD"}, id="record"),
    pytest.param("direct-url", {f"{INFO}/direct_url.json"}, id="direct-url"),
    pytest.param("nspkg", {"sample-1.0-nspkg.pth", f"{INFO}/namespace_packages.txt"}, id="nspkg"),
    pytest.param("tests", {"tests/__init__.py", "tests/test_sample.py"}, id="tests"),
]


@pytest.mark.parametrize(("name", "gone"), SETS)
def test_a_set_is_left_out_and_nothing_else(tmp_path: Path, name: str, gone: set[str]) -> None:
    everything = left(staged(tmp_path, Layout(levels=())))

    assert everything - left(staged(tmp_path, Layout(levels=(), strip=(name,)))) == gone


def test_what_is_left_out_leaves_no_bytecode_and_no_empty_folder(tmp_path: Path) -> None:
    root = staged(tmp_path, Layout(strip=("tests", "licenses")))

    assert not (modules(root) / "tests").exists()
    assert not (modules(root) / INFO / "licenses").exists()
    assert (modules(root) / "sample/tests/__pycache__").is_dir()


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(Layout(strip=("licenses", "tests", "nspkg", "direct-url")), id="removed"),
        pytest.param(Layout(license_dir="/usr/share/licenses/{name}"), id="moved"),
    ],
)
def test_record_is_true_to_what_is_there(tmp_path: Path, layout: Layout) -> None:
    root = staged(tmp_path, layout)

    library = modules(root)
    rows = list(csv.reader((library / INFO / "RECORD").read_text().splitlines()))
    listed = {(library / path).resolve().relative_to(root.resolve()).as_posix() for path, _, _ in rows}
    assert listed == {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    for path, digest, size in rows:
        if digest:
            data = (library / path).read_bytes()
            assert digest == "sha256=" + urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert size == str(len(data))


def test_licences_go_where_the_host_wants_them(tmp_path: Path) -> None:
    root = staged(tmp_path, Layout(license_dir="/usr/share/licenses/{name}-{impl}"))

    folder = root / f"usr/share/licenses/sample-{newest().name}"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "sub/LICENSE",
        "COPYING.txt",
        "terms.md",
    }
    assert {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")] if path.is_dir()} == {0o755}


def test_two_licences_of_one_name_are_an_error(tmp_path: Path) -> None:
    files = {"sample.py": "", f"{INFO}/LICENSE": "one", f"{INFO}/licenses/LICENSE": "two"}

    with pytest.raises(StagingError, match="LICENSE"):
        stage(make_wheel(tmp_path, files=files), tmp_path / "root", layout=Layout(license_dir="/usr/share/licenses"))

    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("folder", ["licenses", "/usr/../etc", "/usr/{project}"])
def test_a_directory_for_licences_that_makes_no_sense_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UsageError, match="license-dir"):
        staged(tmp_path, Layout(license_dir=folder))


@pytest.mark.parametrize(("installer", "expected"), [("rpm", "rpm\n"), ("", None)], ids=["named", "none"])
def test_the_installer_is_named_or_not(tmp_path: Path, installer: str, expected: str | None) -> None:
    path = modules(staged(tmp_path, Layout(installer=installer))) / INFO / "INSTALLER"

    assert (path.read_text() if path.exists() else None) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("licenses/LICENSE", "LICENSE"),
        ("licenses/vendor/x.txt", "vendor/x.txt"),
        ("license_files/x", "x"),
        ("LICENCE-MIT", "LICENCE-MIT"),
        ("unlicense", "unlicense"),
        ("NOTICE.md", "NOTICE.md"),
        ("terms.md", "terms.md"),
        ("METADATA", None),
        ("entry_points.txt", None),
        ("licensed.txt", None),
    ],
)
def test_a_licence_is_known_by_its_place_its_declaration_or_its_name(path: str, name: str | None) -> None:
    assert license_name(path, declared(METADATA.encode())) == name
