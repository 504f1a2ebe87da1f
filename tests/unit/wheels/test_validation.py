from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from wheel_maker import Row, make_wheel

from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError
from pep517_multi.wheels.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def member(name: str, content: bytes = b"x = 1\n", *, mode: int = 0o100644) -> list[tuple[zipfile.ZipInfo, bytes]]:
    info = zipfile.ZipInfo("placeholder", (2020, 2, 2, 2, 2, 2))
    info.filename = info.orig_filename = name  # the constructor would mend it
    info.external_attr = mode << 16
    return [(info, content)]


def without(ending: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for row in rows if not row[0].endswith(ending)]


def changed(ending: str, *, digest: str | None = None, size: str | None = None) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        return [
            (path, digest if digest is not None else old, size if size is not None else length)
            if path.endswith(ending)
            else (path, old, length)
            for path, old, length in rows
        ]

    return change


GOOD_METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"

HOSTILE = [
    pytest.param({"extra": member("/etc/passwd")}, "absolute path", id="absolute"),
    pytest.param({"extra": member("../outside.py")}, "parent folder", id="parent"),
    pytest.param({"extra": member("a/../../outside.py")}, "parent folder", id="parent-inside"),
    pytest.param({"extra": member("a\\b.py")}, "backslash", id="backslash"),
    pytest.param({"extra": member("C:evil.py")}, "drive letter", id="drive"),
    pytest.param({"extra": member("a\nb.py")}, "control character", id="control-character"),
    pytest.param({"extra": member("a//b.py")}, "empty component", id="two-slashes"),
    pytest.param({"extra": member("./a.py")}, "empty component", id="dot"),
    pytest.param({"extra": member("link.py", mode=0o120777)}, "a link or a device", id="symbolic-link"),
    pytest.param({"extra": member("dev.py", mode=0o060600)}, "a link or a device", id="device"),
    pytest.param({"extra": member("sample.py/inner.py")}, "a file and a folder", id="file-and-folder"),
    pytest.param({"extra": member("sample-1.0.data/lib/x.py")}, "no install location", id="unknown-location"),
    pytest.param({"extra": member("sample-1.0.data/scripts")}, "where a folder is wanted", id="location-is-a-file"),
    pytest.param({"extra": member("other-2.0.data/scripts/x")}, "another project", id="data-of-another-project"),
    pytest.param({"dist_info": "other-1.0.dist-info"}, "metadata of another project", id="another-project"),
    pytest.param({"dist_info": "sample-2.0.dist-info"}, "metadata of another project or version", id="another-version"),
    pytest.param({"extra": member("other-1.0.dist-info/METADATA")}, "holds 2 .dist-info folders", id="two-dist-infos"),
    pytest.param({"metadata": GOOD_METADATA.format("other", "1.0")}, "METADATA is of 'other", id="metadata-name"),
    pytest.param({"metadata": GOOD_METADATA.format("sample", "9")}, "METADATA is of 'sample 9", id="metadata-version"),
    pytest.param({"metadata": GOOD_METADATA.format("sample", "soon")}, "METADATA cannot be used", id="no-version"),
    pytest.param({"metadata": b"Name: \xff"}, "is not UTF-8", id="metadata-is-no-text"),
    pytest.param({"record": without("sample.py")}, "'?sample.py'? is not mentioned in RECORD", id="not-in-record"),
    pytest.param({"record": changed("sample.py", digest="sha256=AAAA")}, "didn't match RECORD", id="wrong-hash"),
    pytest.param({"record": changed("sample.py", size="1")}, "didn't match RECORD", id="wrong-size"),
    pytest.param({"record": changed("sample.py", digest="")}, "not included in RECORD", id="no-hash"),
    pytest.param({"record": changed("sample.py", size="many")}, "is no number", id="size-is-no-number"),
    pytest.param({"record": lambda rows: [*rows, rows[0]]}, "lists 'sample.py' 2 times", id="listed-twice"),
    pytest.param({"record": lambda rows: [*rows, ("gone.py", "sha256=a", "1")]}, "not there", id="listed-not-there"),
    pytest.param({"record": lambda _: [("only", "two")]}, "has 2 fields instead of 3", id="record-is-no-table"),
    pytest.param(
        {"record": changed("sample.py", digest="md5=Si1bq2nAP7JTY_S-kRKGRA")},
        r"can be trusted \('md5' is not sha256 or better\)",
        id="hash-nobody-trusts",
    ),
    pytest.param({"entry_points": {"../evil": "sample:main"}}, "no file name", id="script-leads-up"),
    pytest.param({"entry_points": {"a/b": "sample:main"}}, "no file name", id="script-in-a-folder"),
    pytest.param({"entry_points": {"..": "sample:main"}}, "parent folder", id="script-is-dots"),
    pytest.param({"entry_points": {"tool": "not a reference"}}, "cannot be read", id="entry-point-without-function"),
    pytest.param({"entry_points": {"tool": "sample"}}, "cannot be read", id="entry-point-is-a-module"),
    pytest.param({"entry_points": "no section\n"}, "cannot be read", id="entry-points-are-no-table"),
]


@pytest.mark.parametrize(("fault", "message"), HOSTILE)
def test_a_wheel_that_is_not_what_it_says_is_refused(tmp_path: Path, fault: dict[str, Any], message: str) -> None:
    wheel = make_wheel(tmp_path, **fault)

    with pytest.raises(IntegrityError, match=message) as refused:
        validate(wheel)

    assert wheel.name in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    "wheel",
    [
        pytest.param({}, id="module"),
        pytest.param({"files": {"sample/__init__.py": "", "sample/data.txt": "x" * 100_000}}, id="package"),
        pytest.param({"name": "Sample_Project"}, id="name-is-not-normal"),
        pytest.param({"metadata": GOOD_METADATA.format("Sample", "1.0.0")}, id="version-spelled-differently"),
        pytest.param({"entry_points": {"tool": "sample:main", "a.b-c": "sample:obj.attr"}}, id="entry-points"),
        pytest.param({"extra": member("folder/", b"", mode=0o040755)}, id="folder-member"),
        pytest.param({"files": {"sample.py": "", "sample-1.0.data/scripts/tool": "#!python\n"}}, id="data"),
        pytest.param({"files": {"café.py": "", "a b.py": "", "a,b.txt": '"'}}, id="unusual-names"),
        pytest.param({"compression": zipfile.ZIP_STORED}, id="stored"),
    ],
)
def test_a_wheel_that_is_what_it_says_is_accepted(tmp_path: Path, wheel: dict[str, Any]) -> None:
    validate(make_wheel(tmp_path, **wheel))


def test_every_fault_of_a_kind_is_told_up_to_a_few(tmp_path: Path) -> None:
    bad = [each for number in range(5) for each in member(f"../{number}")]

    with pytest.raises(IntegrityError, match=r"'\.\./0' .* and \d more;"):
        validate(make_wheel(tmp_path, extra=bad))


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        wheel = make_wheel(tmp_path, extra=member("sample.py"))

    with pytest.raises(IntegrityError, match=r"'sample\.py' occurs 2 times"):
        validate(wheel)


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sampleX.py": ""})
    wheel.write_bytes(wheel.read_bytes().replace(b"sampleX.py", b"sample\0.py"))

    with pytest.raises(IntegrityError, match="control character"):
        validate(wheel)


@pytest.mark.parametrize("content", [pytest.param(b"", id="empty"), pytest.param(b"no zip at all", id="text")])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    wheel = tmp_path / "sample-1.0-py3-none-any.whl"
    wheel.write_bytes(content)

    with pytest.raises(IntegrityError, match="cut off"):
        validate(wheel)


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    wheel.write_bytes(wheel.read_bytes()[:-30])

    with pytest.raises(IntegrityError, match="cut off"):
        validate(wheel)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": "value = 'original'\n"}, compression=zipfile.ZIP_STORED)
    wheel.write_bytes(wheel.read_bytes().replace(b"'original'", b"'changed!'"))

    with pytest.raises(IntegrityError):
        validate(wheel)


@pytest.mark.parametrize("file", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_its_metadata_is_refused(tmp_path: Path, file: str) -> None:
    whole, wheel = make_wheel(tmp_path / "whole"), tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(wheel, "w") as target:
        for each in source.infolist():
            if not each.filename.endswith(f"/{file}"):
                target.writestr(each, source.read(each))

    with pytest.raises(IntegrityError, match=f"holds no .*/{file}"):
        validate(wheel)


def test_a_format_of_the_future_is_refused(tmp_path: Path) -> None:
    whole, wheel = make_wheel(tmp_path / "whole"), tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(wheel, "w") as target:
        for each in source.infolist():
            target.writestr(each, source.read(each).replace(b"Wheel-Version: 1.0", b"Wheel-Version: 2.0"))

    with pytest.raises(IntegrityError, match=r"format version '2\.0"):
        validate(wheel)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": ""})
    content = bytearray(wheel.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    wheel.write_bytes(bytes(content))

    with pytest.raises(IntegrityError, match="is encrypted"):
        validate(wheel)


def test_a_wheel_that_is_not_there_is_no_question_of_integrity(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot open "):
        validate(tmp_path / "sample-1.0-py3-none-any.whl")


def test_a_file_name_that_is_none_of_a_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="not the file name of a wheel"):
        validate(tmp_path / "sample.whl")
