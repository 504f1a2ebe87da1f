from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from packaging.tags import parse_tag
from wheel_maker import make_wheel

from pep517_multi.errors import IntegrityError
from pep517_multi.wheels.names import WheelName
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_name_is_taken_apart() -> None:
    name = WheelName.parse("Some.Thing-1.0+local.1-2abc-cp315-abi3.abi3t-linux_x86_64.whl")
    assert (name.name, str(name.version), name.build) == ("some-thing", "1.0+local.1", (2, "abc"))
    assert name.tags == parse_tag("cp315-abi3-linux_x86_64") | parse_tag("cp315-abi3t-linux_x86_64")
    assert name.tag_text == "cp315-abi3.abi3t-linux_x86_64"


@pytest.mark.parametrize(
    "filename", ["sample-1.0.tar.gz", "sample.whl", "sample-1.0-x-py3-none-any.whl", "a-b.whl", ""]
)
def test_what_is_no_wheel_name_is_refused(filename: str) -> None:
    with pytest.raises(IntegrityError, match="is not the file name of a wheel"):
        WheelName.parse(filename)


def test_a_wheel_tells_its_tags_python_and_extension_modules(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path,
        tags="cp311-abi3-linux_x86_64",
        requires_python=">=3.11",
        files={
            "sample/__init__.py": "",
            "sample/a.abi3.so": b"\x7fELF",
            "sample/b.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
            "sample/plain.so": b"\x7fELF....\0PyInit_plain\0",
            "sample/later.so": b"\x7fELF....\0PyModExport_later\0",
            "sample/libctypes.so": b"\x7fELF....\0some_function\0",
            "sample/libz.so.1": b"\x7fELF PyInit_nothing",
        },
    )
    wheel = read_wheel(path)
    assert wheel.name.tags == parse_tag("cp311-abi3-linux_x86_64")
    assert str(wheel.requires_python) == ">=3.11"
    assert [member.removeprefix("sample/") for member in wheel.extensions] == [
        "a.abi3.so",
        "b.cpython-311-x86_64-linux-gnu.so",
        "later.so",
        "plain.so",
    ]


def test_the_symbol_of_a_module_is_found_across_chunks(tmp_path: Path) -> None:
    content = b"\x7fELF" + b"." * ((1 << 20) - 10) + b"PyInit_plain\0"
    wheel = read_wheel(make_wheel(tmp_path, files={"plain.so": content}))
    assert wheel.extensions == ("plain.so",)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        pytest.param({"dist_info": "other-1.0.dist-info"}, "metadata of another project", id="another name"),
        pytest.param({"dist_info": "sample-2.0.dist-info"}, "metadata of another project", id="another version"),
        pytest.param({"metadata": "Name: other\nVersion: 1.0\n"}, "METADATA is of 'other 1.0", id="another METADATA"),
        pytest.param({"metadata": "Name: sample\nVersion: one\n"}, "cannot be used", id="no version"),
        pytest.param(
            {"metadata": "Name: sample\nVersion: 1.0\nRequires-Python: three\n"}, "cannot be used", id="no specifier"
        ),
        pytest.param(
            {"files": {"old-1.0.dist-info/METADATA": ""}}, "holds 2 .dist-info folders", id="two dist-info folders"
        ),
        pytest.param(
            {"wheel_tags": ["cp311-cp311-linux_x86_64"]},
            "says py3-none-any, but its WHEEL file says cp311-cp311-linux_x86_64",
            id="another tag",
        ),
        pytest.param(
            {"wheel_tags": ["py3-none-any", "py2-none-any"]}, "says py3-none-any, py2-none-any", id="one more tag"
        ),
        pytest.param({"wheel_tags": []}, "WHEEL file says none", id="no tag"),
        pytest.param({"wheel_tags": ["nonsense"]}, "Tag line that is no tag", id="a tag that is none"),
    ],
)
def test_a_wheel_that_contradicts_itself_is_refused(tmp_path: Path, faults: dict[str, object], message: str) -> None:
    path = make_wheel(tmp_path, **faults)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match=message):
        read_wheel(path)


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sample-1.0-py3-none-any.whl"
    path.write_bytes(b"PK\x05\x06 no")
    with pytest.raises(IntegrityError, match="no end of a zip archive"):
        read_wheel(path)


def test_a_wheel_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sample-1.0.dist-info/WHEEL", "Tag: py3-none-any\n")
    with pytest.raises(IntegrityError, match=r"holds no sample-1\.0\.dist-info/METADATA"):
        read_wheel(path)


def test_a_wheel_whose_compressed_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    plain = tmp_path / "damaged" / path.name
    plain.parent.mkdir()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as damaged:
        for info in archive.infolist():
            damaged.writestr(info.filename, archive.read(info) + b"\n" * 1000)
        start = damaged.getinfo("sample-1.0.dist-info/WHEEL").header_offset + 30 + len("sample-1.0.dist-info/WHEEL")
    content = bytearray(plain.read_bytes())
    content[start : start + 8] = b"\xff" * 8
    plain.write_bytes(content)
    with pytest.raises(IntegrityError, match="WHEEL' is damaged"):
        read_wheel(plain)
