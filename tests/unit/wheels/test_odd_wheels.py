"""Wheels that look odd and are right: each of these is known from the index, or from tools that make wheels."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from raw_zip import End, Part, archive, changed, deflated, wheel_parts, with_record, write, zip64_end

from pep517_multi.wheels.validation import validate
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INFO = "sample-1.0.dist-info"
PLAIN = b"NAME = 'sample'\n"
NUMBERS = zlib.crc32(PLAIN), len(deflated(PLAIN)), len(PLAIN)
MARK = b"PK\x07\x08"
UNKNOWN = {"crc": 0, "compressed": 0, "size": 0}


def described(descriptor: bytes, **local: object) -> bytes:
    return archive(changed(wheel_parts(), flags=8, local={**UNKNOWN, **local}, descriptor=descriptor))


def with_members(*extra: Part) -> bytes:
    *parts, _ = wheel_parts()
    return archive(with_record([*parts, *extra]))


def recorded(change: Callable[[bytes], bytes], *unlisted: Part) -> bytes:
    *parts, record = wheel_parts()
    return archive([*parts, *unlisted, Part(record.name, change(record.content))])


def long_end() -> bytes:
    plain = archive(wheel_parts())
    *_, count, size, start, _ = struct.unpack("<4s4H2LH", plain[-22:])
    records = zip64_end(start=start, size=size, count=count, offset=start + size)
    return archive(wheel_parts(), End({"here": 0xFFFF, "count": 0xFFFF, "start": 0xFFFFFFFF}, records=records))


def hash_in_hexadecimal() -> bytes:
    row = f"sample.py,sha256={hashlib.sha256(PLAIN).hexdigest()},16\n".encode()
    return recorded(lambda text: row + b"".join(text.splitlines(keepends=True)[1:]))


def other_hash(name: str) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.new(name, PLAIN).digest()).decode().rstrip("=")
    row = f"sample.py,{name}={digest},16\n".encode()
    return recorded(lambda text: row + b"".join(text.splitlines(keepends=True)[1:]))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: described(MARK + struct.pack("<3L", *NUMBERS)), id="descriptor"),
        pytest.param(lambda: described(struct.pack("<3L", *NUMBERS)), id="descriptor-without-its-mark"),
        pytest.param(lambda: described(MARK + struct.pack("<L2Q", *NUMBERS)), id="descriptor-of-zip64"),
        pytest.param(
            lambda: described(MARK + struct.pack("<3L", *NUMBERS), size=len(PLAIN)), id="descriptor-and-the-size"
        ),
        pytest.param(
            lambda: described(
                MARK + struct.pack("<L2Q", *NUMBERS),
                size=0xFFFFFFFF,
                compressed=0xFFFFFFFF,
                extra=struct.pack("<HHQQ", 1, 16, 0, 0),
            ),
            id="descriptor-and-zip64-field",
        ),
        pytest.param(
            lambda: archive(
                changed(
                    wheel_parts(),
                    local={
                        "size": 0xFFFFFFFF,
                        "compressed": 0xFFFFFFFF,
                        "extra": struct.pack("<HHQQ", 1, 16, NUMBERS[2], NUMBERS[1]),
                    },
                )
            ),
            id="zip64-field-in-the-header-alone",
        ),
        pytest.param(long_end, id="zip64-end"),
        pytest.param(lambda: archive(wheel_parts(), End(comment=b"signed by nobody")), id="comment"),
        pytest.param(lambda: archive(changed(wheel_parts(), central={"comment": b"hello"})), id="comment-of-a-member"),
        pytest.param(lambda: archive(wheel_parts(), order=[3, 1, 0, 2]), id="directory-in-another-order"),
        pytest.param(lambda: archive(changed(wheel_parts(), extra=b"UT\5\0\1abcd")), id="extra-field-of-times"),
        pytest.param(lambda: archive(changed(wheel_parts(), flags=2)), id="hint-on-compression"),
        pytest.param(lambda: archive(changed(wheel_parts(), method=0)), id="stored"),
        pytest.param(lambda: archive(changed(wheel_parts(), attributes=0o106755 << 16)), id="setuid"),
        pytest.param(lambda: archive(changed(wheel_parts(), attributes=0)), id="no-mode"),
        pytest.param(lambda: archive(changed(wheel_parts(), attributes=0x20)), id="attribute-of-dos"),
        pytest.param(lambda: with_members(Part(b"sample/", attributes=0o40755 << 16 | 0x10)), id="folder"),
        pytest.param(lambda: with_members(Part(b"sample/", method=0, attributes=0)), id="folder-without-mode"),
        pytest.param(lambda: with_members(Part("café.py".encode(), PLAIN, flags=0x800)), id="name-in-utf-8"),
        pytest.param(lambda: with_members(Part(b"a/" * 100 + b"x.py", PLAIN)), id="deep"),
        pytest.param(lambda: with_members(Part(b"zeros", bytes(5 << 20))), id="compressed-a-thousand-times"),
        pytest.param(lambda: with_members(Part(b"empty.py")), id="deflated-nothing"),
        pytest.param(lambda: recorded(lambda text: text, Part(f"{INFO}/RECORD.jws".encode(), b"{}")), id="signed"),
        pytest.param(lambda: recorded(lambda text: text, Part(f"{INFO}/RECORD.p7s".encode(), b"0")), id="signed-p7s"),
        pytest.param(lambda: recorded(lambda text: text.replace(b"\n", b"\r\n")), id="record-of-windows"),
        pytest.param(lambda: recorded(lambda text: text.replace(b"info/", b"info\\")), id="record-with-backslashes"),
        pytest.param(lambda: recorded(lambda text: text.replace(b",16", b",")), id="record-without-a-size"),
        pytest.param(lambda: recorded(lambda text: text.replace(b",16", b"=,16")), id="record-with-padding"),
        pytest.param(hash_in_hexadecimal, id="record-of-flit-0.5"),
        pytest.param(lambda: recorded(lambda text: text.rstrip(b"\n")), id="record-without-a-last-newline"),
        pytest.param(
            lambda: recorded(lambda text: text.replace(f"{INFO}/RECORD,,\n".encode(), b"")), id="record-lacks-itself"
        ),
        *(pytest.param(lambda name=name: other_hash(name), id=name) for name in ("sha384", "sha512", "blake2b")),
    ],
)
def test_an_odd_wheel_that_is_right_is_accepted(tmp_path: Path, content: Callable[[], bytes]) -> None:
    validate(write(tmp_path / "sample-1.0-py3-none-any.whl", content()))


SAMPLE = b"Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def with_file(file: str, content: bytes, *, name: str = "sample-1.0-py3-none-any.whl") -> tuple[str, bytes]:
    kept = [part for part in wheel_parts()[:-1] if part.name != f"{INFO}/{file}".encode()]
    return name, archive(with_record([*kept, Part(f"{INFO}/{file}".encode(), content)]))


@pytest.mark.parametrize(
    "wheel",
    [
        pytest.param(with_file("WHEEL", WHEEL.replace(b"1.0", b"1.9")), id="format-1.9"),
        pytest.param(with_file("WHEEL", WHEEL.replace(b"\n", b"\r\n")), id="wheel-of-windows"),
        pytest.param(with_file("WHEEL", WHEEL.replace(b": ", b":")), id="wheel-without-blanks"),
        pytest.param(with_file("WHEEL", WHEEL + b"X-Unknown: 1\nTag: py3-none-any\n\n\n"), id="wheel-says-more"),
        pytest.param(with_file("WHEEL", WHEEL.replace(b"Root-Is-Purelib: true\n", b"")), id="wheel-says-less"),
        pytest.param(
            with_file("WHEEL", WHEEL.replace(b"py3", b"py2.py3"), name="sample-1.0-py3.py2-none-any.whl"),
            id="tags-in-another-order",
        ),
        pytest.param(
            with_file("WHEEL", WHEEL + b"Build: 1a\n", name="sample-1.0-1a-py3-none-any.whl"), id="build-number"
        ),
        pytest.param(with_file("METADATA", SAMPLE.replace(b"\n", b"\r\n")), id="metadata-of-windows"),
        pytest.param(with_file("METADATA", SAMPLE + b"\nName: other\nVersion: 2\n"), id="metadata-with-a-body"),
        pytest.param(with_file("METADATA", SAMPLE.replace(b"2.1", b"2.99")), id="metadata-of-tomorrow"),
        pytest.param(with_file("METADATA", SAMPLE + b"Requires-Dist: what is this?\nOdd: x\n"), id="metadata-odd-rest"),
        pytest.param(with_file("entry_points.txt", b"[a]\r\nx = no ! reference\r\n"), id="entry-points-of-others"),
        pytest.param(with_file("entry_points.txt", b""), id="entry-points-empty"),
        pytest.param(with_file("sboms/x.json", b"{}"), id="bill-of-materials"),
        pytest.param(("Sample-1.0.0-py3-none-any.whl", archive(wheel_parts())), id="file-name-spelled-differently"),
    ],
)
def test_odd_words_of_a_wheel_that_are_right_are_accepted(tmp_path: Path, wheel: tuple[str, bytes]) -> None:
    name, content = wheel
    validate(write(tmp_path / name, content))


@pytest.mark.parametrize(
    ("written", "admitted"),
    [
        pytest.param("3", "3.11", id="major-alone"),
        pytest.param("3.8", "3.8.5", id="minor-alone"),
        pytest.param(">=3.6.*", "3.11", id="star-in-order"),
        pytest.param(">=2.7, !=3.0.*, <4.*", "3.11", id="star-among-others"),
        pytest.param("== 3.*,", "3.11", id="comma-at-the-end"),
    ],
)
def test_requires_python_of_old_backends_means_what_it_meant(tmp_path: Path, written: str, admitted: str) -> None:
    name, content = with_file("METADATA", SAMPLE + f"Requires-Python: {written}\n".encode())

    required = read_wheel(write(tmp_path / name, content)).requires_python

    assert required is not None
    assert required.contains(admitted)
    assert not required.contains("2.6")


@pytest.mark.parametrize("names", [("x.h", "X.h"), ("aux.h", "y"), ("x.", "y")])
def test_names_that_only_others_take_for_something_else_may_be_in_a_wheel_for_linux(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    *parts, _ = wheel_parts()
    parts = changed(
        parts, f"{INFO}/WHEEL", content=b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n"
    )
    parts += [Part(f"include/{name}".encode(), PLAIN) for name in names]

    validate(write(tmp_path / "sample-1.0-py3-none-linux_x86_64.whl", archive(with_record(parts))))
