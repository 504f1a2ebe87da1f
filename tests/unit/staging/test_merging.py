from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from member_trees import SCRIPT, content, member, paths, record

from pep517_multi.errors import StagingError
from pep517_multi.staging.merging import merge

if TYPE_CHECKING:
    from pathlib import Path

    from pep517_multi.staging.entries import Member

DIST = "{lib}/foo-1.dist-info"


def two(tmp_path: Path, files: dict[str, str | bytes], *, shared: bool = False) -> list[Member]:
    return [member(tmp_path, minor, files, shared=shared) for minor in (11, 12)]


def test_what_is_the_same_is_there_once_and_belongs_to_both(tmp_path: Path) -> None:
    merged = merge(two(tmp_path, {"/usr/share/foo.txt": "same"}), policy="suffix")

    (file,) = [entry for entry in merged.entries if entry.kind == "file"]
    assert (file.path, file.owners) == ("/usr/share/foo.txt", ("python3.11", "python3.12"))
    assert [entry.path for entry in merged.entries if entry.kind == "directory"] == ["/usr", "/usr/share"]


@pytest.mark.parametrize("policy", ["plain", "suffix", "python-exec", "separate"])
def test_what_differs_outside_of_scripts_is_an_error_naming_both(tmp_path: Path, policy: str) -> None:
    with pytest.raises(StagingError, match=r"/usr/share/foo.txt of python3\.11 and of python3\.12 differ"):
        merge(two(tmp_path, {"/usr/share/foo.txt": "{impl}"}), policy=policy)


def test_a_file_where_another_has_a_directory_is_an_error(tmp_path: Path) -> None:
    members = [member(tmp_path, 11, {"/usr/share/foo": ""}), member(tmp_path, 12, {"/usr/share/foo/x": ""})]

    with pytest.raises(StagingError, match=r"/usr/share/foo is a file for python3\.11 and a directory"):
        merge(members, policy="suffix")


PLACES = [
    pytest.param("plain", {"/usr/bin/foo": "python3.12"}, id="plain"),
    pytest.param(
        "suffix",
        {"/usr/bin/foo": "-> foo-3.12", "/usr/bin/foo-3.11": "python3.11", "/usr/bin/foo-3.12": "python3.12"},
        id="suffix",
    ),
    pytest.param(
        "python-exec",
        {
            "/usr/bin/foo": "-> ../lib/python-exec/python-exec2",
            "/usr/lib/python-exec/python3.11/foo": "python3.11",
            "/usr/lib/python-exec/python3.12/foo": "python3.12",
        },
        id="python-exec",
    ),
    pytest.param(
        "separate",
        {"/usr/lib/python3.11/bin/foo": "python3.11", "/usr/lib/python3.12/bin/foo": "python3.12"},
        id="separate",
    ),
]


@pytest.mark.parametrize(("policy", "expected"), PLACES)
def test_a_policy_says_where_scripts_go(tmp_path: Path, policy: str, expected: dict[str, str]) -> None:
    found = paths(merge(two(tmp_path, {"/usr/bin/foo": SCRIPT}), policy=policy).entries)

    assert found.keys() == expected.keys()
    assert all(said in found[path] for path, said in expected.items())


@pytest.mark.parametrize("policy", ["plain", "suffix", "python-exec"])
def test_a_script_that_no_python_runs_stays_where_it_is(tmp_path: Path, policy: str) -> None:
    assert list(paths(merge(two(tmp_path, {"/usr/bin/foo": "#!/bin/sh\n"}), policy=policy).entries)) == ["/usr/bin/foo"]


def test_programs_that_differ_are_told_apart_though_no_python_runs_them(tmp_path: Path) -> None:
    found = paths(merge(two(tmp_path, {"/usr/bin/foo": "ELF {impl}"}), policy="suffix").entries)

    assert found["/usr/bin/foo-3.11"] == "ELF python3.11"


def test_a_script_that_has_the_version_in_its_name_keeps_it(tmp_path: Path) -> None:
    alone = [member(tmp_path, 12, {"/usr/bin/pip3.12": SCRIPT, "/usr/bin/pip": SCRIPT})]

    assert sorted(paths(merge(alone, policy="suffix").entries)) == [
        "/usr/bin/pip",
        "/usr/bin/pip-3.12",
        "/usr/bin/pip3.12",
    ]


def test_a_link_gives_way_to_a_script_of_that_name(tmp_path: Path) -> None:
    members = [member(tmp_path, minor, {"/usr/bin/pip3.11": SCRIPT}) for minor in (11, 12)]

    found = paths(merge(members, policy="suffix").entries)

    assert "python3.11" in found["/usr/bin/pip3.11"]
    assert "python3.12" in found["/usr/bin/pip3.11-3.12"]


def test_the_one_who_wins_under_plain_is_told(tmp_path: Path) -> None:
    merged = merge(two(tmp_path, {"/usr/bin/foo": SCRIPT}), policy="plain")

    assert merged.notes == ("/usr/bin/foo is that of python3.12; python3.11 would have another one (--scripts plain)",)
    (file,) = [entry for entry in merged.entries if entry.kind == "file"]
    assert file.owners == ("python3.12",)


def test_plain_names_go_to_whom_is_preferred(tmp_path: Path) -> None:
    found = paths(merge(two(tmp_path, {"/usr/bin/foo": SCRIPT}), policy="suffix", preferred="python3.11").entries)

    assert found["/usr/bin/foo"] == "-> foo-3.11"


def test_there_are_no_plain_names_where_nobody_is_preferred(tmp_path: Path) -> None:
    found = paths(merge(two(tmp_path, {"/usr/bin/foo": SCRIPT}), policy="suffix", preferred="").entries)

    assert sorted(found) == ["/usr/bin/foo-3.11", "/usr/bin/foo-3.12"]


def with_record(tmp_path: Path, minor: int, *, shared: bool) -> Member:
    script = SCRIPT.replace("{impl}", f"python3.{minor}")
    up = "../../../bin/foo"
    rows = record({"foo.py": "", up: script, "foo-1.dist-info/WHEEL": f"Tag: cp3{minor}\n"})
    files = {
        "{lib}/foo.py": "",
        "/usr/bin/foo": script,
        f"{DIST}/WHEEL": f"Tag: cp3{minor}\n",
        f"{DIST}/RECORD": rows + "foo-1.dist-info/RECORD,,\n",
    }
    return member(tmp_path, minor, files, shared=shared)


def rows(text: str) -> dict[str, str]:
    return {line.split(",")[0]: ",".join(line.split(",")[1:]) for line in text.splitlines()}


def test_record_follows_scripts(tmp_path: Path) -> None:
    merged = merge([with_record(tmp_path, minor, shared=False) for minor in (11, 12)], policy="suffix")

    found = paths(merged.entries)
    older, newer = (rows(found[f"/usr/lib/python3.{n}/site-packages/foo-1.dist-info/RECORD"]) for n in (11, 12))
    assert sorted(older) == ["../../../bin/foo-3.11", "foo-1.dist-info/RECORD", "foo-1.dist-info/WHEEL", "foo.py"]
    assert newer["../../../bin/foo"] == newer["../../../bin/foo-3.12"]
    assert newer["foo-1.dist-info/RECORD"] == ","


def test_record_has_the_hash_of_the_script_that_won(tmp_path: Path) -> None:
    found = paths(merge([with_record(tmp_path, minor, shared=False) for minor in (11, 12)], policy="plain").entries)

    older, newer = (rows(found[f"/usr/lib/python3.{n}/site-packages/foo-1.dist-info/RECORD"]) for n in (11, 12))
    assert older["../../../bin/foo"] == newer["../../../bin/foo"]


def test_record_says_nothing_of_the_bytes_behind_a_link_to_another_package(tmp_path: Path) -> None:
    found = paths(merge([with_record(tmp_path, 12, shared=False)], policy="python-exec").entries)

    listed = rows(found["/usr/lib/python3.12/site-packages/foo-1.dist-info/RECORD"])
    assert listed["../../../bin/foo"] == ","
    assert "../../python-exec/python3.12/foo" in listed


def test_a_shared_dist_info_lists_the_files_and_tags_of_all(tmp_path: Path) -> None:
    merged = merge([with_record(tmp_path, minor, shared=True) for minor in (11, 12)], policy="suffix")

    found = paths(merged.entries)
    dist_info = "/usr/lib/python3/dist-packages/foo-1.dist-info"
    assert found[f"{dist_info}/WHEEL"] == "Tag: cp311\nTag: cp312\n"
    listed = rows(found[f"{dist_info}/RECORD"])
    assert {"../../../bin/foo-3.11", "../../../bin/foo-3.12", "../../../bin/foo"} <= listed.keys()
    wheel = rows(record({"foo-1.dist-info/WHEEL": found[f"{dist_info}/WHEEL"]}))
    assert listed["foo-1.dist-info/WHEEL"] == wheel["foo-1.dist-info/WHEEL"]


@pytest.mark.parametrize(("other", "both"), [("true", "true"), ("false", "false")], ids=["pure", "mixed"])
def test_a_shared_wheel_file_says_pure_only_if_all_are(tmp_path: Path, other: str, both: str) -> None:
    members = [
        member(tmp_path, minor, {f"{DIST}/WHEEL": f"Root-Is-Purelib: {pure}\nTag: {minor}\n"}, shared=True)
        for minor, pure in ((11, other), (12, "true"))
    ]

    found = paths(merge(members, policy="suffix").entries)

    dist_info = "/usr/lib/python3/dist-packages/foo-1.dist-info"
    assert found[f"{dist_info}/WHEEL"] == f"Root-Is-Purelib: {both}\nTag: 11\nTag: 12\n"


def test_wheel_files_that_differ_in_more_than_tags_are_an_error(tmp_path: Path) -> None:
    members = [
        member(tmp_path, 11, {f"{DIST}/WHEEL": "Wheel-Version: 1.0\nTag: a\n"}, shared=True),
        member(tmp_path, 12, {f"{DIST}/WHEEL": "Wheel-Version: 1.9\nTag: a\n"}, shared=True),
    ]

    with pytest.raises(StagingError, match=r"WHEEL of python3\.11 and of python3\.12 differ"):
        merge(members, policy="suffix")


@pytest.mark.parametrize(("flags", "stamped"), [(0, 2_000), (1, 1_000)], ids=["timestamp", "hash"])
def test_bytecode_of_a_shared_module_stays_valid(tmp_path: Path, flags: int, stamped: int) -> None:
    def shared(minor: int, moment: int) -> Member:
        code = struct.pack("<4sIII", b"abc\n", flags, moment, 0) + b"code"
        path = f"{{lib}}/__pycache__/foo.cpython-3{minor}.pyc"
        return member(tmp_path, minor, {"{lib}/foo.py": "", path: code}, shared=True, moment=moment)

    merged = merge([shared(11, 1_000), shared(12, 2_000)], policy="suffix")

    entries = {entry.path.rpartition("/")[2]: entry for entry in merged.entries}
    assert entries["foo.py"].moment == 2_000_000_000_000
    assert struct.unpack("<I", content(entries["foo.cpython-311.pyc"])[8:12]) == (stamped,)
    assert struct.unpack("<I", content(entries["foo.cpython-312.pyc"])[8:12]) == (2_000,)
