"""What a sysroot makes of an interpreter, without any of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import recorded_probes

from pep517_multi.errors import InterpreterError
from pep517_multi.interpreters.machines import is_foreign, machine_in, machine_of
from pep517_multi.interpreters.sysroots import NAME_VARIABLE, PLATFORM_VARIABLE, in_sysroot

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

NONE: dict[str, str] = {}


def write_data(folder: Path, name: str = "_sysconfigdata__linux_aarch64-linux-gnu.py", **variables: object) -> Path:
    told = {
        "VERSION": "3.11",
        "SOABI": "cpython-311-aarch64-linux-gnu",
        "EXT_SUFFIX": ".cpython-311-aarch64-linux-gnu.so",
        "MULTIARCH": "aarch64-linux-gnu",
        "SIZEOF_VOID_P": 8,
        "PLATLIBDIR": "lib",
        **variables,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"# generated\nbuild_time_vars = {told!r}\n")
    return path


def target(sysroot: Path, name: str = "python3.11", **environ: str) -> Interpreter:
    return in_sysroot(recorded_probes.load(name), sysroot, prefix="/usr", environ=environ)


def test_tags_suffixes_and_platform_are_those_of_the_target(tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib/python3.11")
    found = target(tmp_path)
    assert found.platform == "linux-aarch64"
    assert found.extension_suffixes == (".cpython-311-aarch64-linux-gnu.so", ".abi3.so", ".so")
    assert str(found.tags[0]) == "cp311-cp311-linux_aarch64"
    assert {tag.platform for tag in found.tags} == {"linux_aarch64", "any"}
    assert found.executable == recorded_probes.load("python3.11").executable


def test_triplets_in_further_suffixes_are_the_targets(tmp_path: Path) -> None:
    suffix = ".cpython-315-aarch64-linux-gnu.so"
    write_data(tmp_path / "usr/lib/python3.15", VERSION="3.15", EXT_SUFFIX=suffix)
    here = recorded_probes.load("python3.15").extension_suffixes
    assert any("abi3-x86_64-linux-gnu" in each for each in here)
    there = target(tmp_path, "python3.15").extension_suffixes
    assert there == tuple(each.replace("x86_64", "aarch64") for each in here)


def test_the_c_library_of_the_sysroot_decides_on_manylinux(tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib/python3.11")
    library = tmp_path / "lib/aarch64-linux-gnu/libc.so.6"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"\x7fELF...GNU C Library (Debian GLIBC 2.28-10) stable release version 2.28.\n...")
    platforms = {tag.platform for tag in target(tmp_path).tags}
    assert {"manylinux_2_28_aarch64", "manylinux2014_aarch64"} <= platforms
    assert "manylinux_2_29_aarch64" not in platforms


def test_the_folder_of_platform_libraries_is_the_targets(tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib64/python3.11", PLATLIBDIR="lib64")
    scheme = target(tmp_path).schemes["posix_prefix"]
    assert scheme["platlib"] == "/@prefix@/lib64/python3.11/site-packages"
    assert scheme["purelib"] == "/@prefix@/lib/python3.11/site-packages"


def test_of_several_pythons_the_one_of_the_prefix_counts(tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib/python3.11")
    own = write_data(tmp_path / "opt/python/lib/python3.11")
    found = in_sysroot(recorded_probes.load("python3.11"), tmp_path, prefix="/opt/python", environ=NONE)
    assert found.sysroot is not None
    assert found.sysroot.data == own


def test_a_free_threaded_python_has_data_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/python3.13t"
    threaded = {"VERSION": "3.13", "EXT_SUFFIX": ".cpython-313t-aarch64-linux-gnu.so"}
    write_data(folder, VERSION="3.13", EXT_SUFFIX=".cpython-313-aarch64-linux-gnu.so")
    own = write_data(folder, "_sysconfigdata_t_linux_aarch64-linux-gnu.py", **threaded)
    found = target(tmp_path, "python3.13t")
    assert found.sysroot is not None
    assert found.sysroot.data == own
    assert str(found.tags[0]) == "cp313-cp313t-linux_aarch64"


def test_two_names_of_the_same_data_are_one_and_of_two_data_one_must_be_named(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/python3.11"
    first = write_data(folder)
    (folder / "_sysconfigdata__aarch64-linux-gnu.py").symlink_to(first.name)
    assert target(tmp_path).platform == "linux-aarch64"
    other = {"EXT_SUFFIX": ".cpython-311-arm-linux-gnueabihf.so", "MULTIARCH": "arm-linux-gnueabihf"}
    write_data(folder, "_sysconfigdata__arm-linux-gnueabihf.py", SIZEOF_VOID_P=4, **other)
    with pytest.raises(InterpreterError, match=f"name the one that is meant in {NAME_VARIABLE}"):
        target(tmp_path)
    assert target(tmp_path, **{NAME_VARIABLE: "_sysconfigdata__arm-linux-gnueabihf"}).platform == "linux-armv7l"


def test_the_platform_that_the_user_names_is_believed(tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib/python3.11", MULTIARCH="mips64el-linux-gnuabi64")
    with pytest.raises(InterpreterError, match=f"say it in {PLATFORM_VARIABLE}"):
        target(tmp_path)
    assert target(tmp_path, **{PLATFORM_VARIABLE: "linux-mips64"}).platform == "linux-mips64"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("import os\nbuild_time_vars = {'CC': os.environ['CC']}\n", "cannot be read", id="code"),
        pytest.param("other = {}\n", "sets no build_time_vars", id="nothing"),
        pytest.param("build_time_vars = {", "cannot be read", id="syntax"),
    ],
)
def test_data_are_read_and_never_run(text: str, sentence: str, tmp_path: Path) -> None:
    write_data(tmp_path / "usr/lib/python3.11").write_text(text)
    with pytest.raises(InterpreterError, match=sentence):
        target(tmp_path)


@pytest.mark.parametrize(
    ("triplet", "machine"),
    [
        ("aarch64-unknown-linux-gnu", "aarch64"),
        ("i386-linux-gnu", "i686"),
        ("armv7a-unknown-linux-gnueabihf", "armv7l"),
        ("arm-linux-gnueabihf", "armv7l"),
        ("arm-linux-gnueabi", None),
        ("powerpc64le-linux-gnu", "ppc64le"),
        ("riscv64-linux-musl", "riscv64"),
        ("vax-dec-linux", None),
    ],
)
def test_the_kernel_names_of_machines_are_told_from_triplets(triplet: str, machine: str | None) -> None:
    assert machine_of(triplet) == machine


def test_object_files_tell_their_machine() -> None:
    aarch64 = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xb7\x00"
    s390x = b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x03\x00\x16"
    assert (machine_in(aarch64), machine_in(s390x)) == ("aarch64", "s390x")
    assert is_foreign(s390x, "linux-aarch64")
    assert not is_foreign(aarch64, "linux-aarch64")
    assert not is_foreign(b"#!/bin/sh\n", "linux-aarch64")
    assert not is_foreign(s390x, "linux-mips64")
