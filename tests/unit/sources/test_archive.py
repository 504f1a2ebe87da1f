from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from pep517_multi.archives.limits import Limits
from pep517_multi.archives.unpacking import open_bzip2, open_xz
from pep517_multi.errors import IntegrityError, SourceError
from pep517_multi.sources.archive import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


def member(name: str, content: bytes = b"", **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o644
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def folder(name: str, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def tar(path: Path, members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> Path:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    path.write_bytes(COMPRESS[path.suffix](plain.getvalue()))
    return path


GOOD = [folder("pkg-1.0"), member("pkg-1.0/setup.py", b"setup()"), member("pkg-1.0/run.sh", b"true", mode=0o755)]


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_an_sdist_is_unpacked_and_its_one_folder_returned(tmp_path: Path, suffix: str) -> None:
    archive = tar(tmp_path / f"pkg-1.0.tar.{suffix}", GOOD)

    tree = unpack(archive, tmp_path / "out")

    assert tree == tmp_path / "out" / "pkg-1.0"
    assert (tree / "setup.py").read_bytes() == b"setup()"


def test_a_zip_archive_is_unpacked_with_its_modes(tmp_path: Path) -> None:
    archive = tmp_path / "pkg-1.0.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("pkg-1.0/setup.py", "setup()")
        script = zipfile.ZipInfo("pkg-1.0/run.sh")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        opened.writestr(script, "true")
        symlink = zipfile.ZipInfo("pkg-1.0/again")
        symlink.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(symlink, "setup.py")

    tree = unpack(archive, tmp_path / "out")

    assert stat.S_IMODE((tree / "run.sh").stat().st_mode) == 0o755
    assert (tree / "again").is_symlink()
    assert (tree / "again").read_text() == "setup()"


def test_modes_are_made_sane(tmp_path: Path) -> None:
    members = [
        folder("pkg", 0o777),
        member("pkg/setuid", mode=0o6755),
        member("pkg/secret", mode=0o000),
        member("pkg/open", mode=0o666),
    ]

    tree = unpack(tar(tmp_path / "pkg.tar.gz", members), tmp_path / "out")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tree, *tree.iterdir())}
    assert modes == {"pkg": 0o755, "setuid": 0o755, "secret": 0o644, "open": 0o644}


def test_times_of_the_archive_are_kept_and_impossible_ones_are_not_an_error(tmp_path: Path) -> None:
    members = [member("pkg/a", mtime=1_000_000_000), member("pkg/b", mtime=1e30)]

    tree = unpack(tar(tmp_path / "pkg.tar.gz", members), tmp_path / "out")

    assert (tree / "a").stat().st_mtime == 1_000_000_000
    assert (tree / "b").exists()


def test_links_inside_of_the_tree_are_made(tmp_path: Path) -> None:
    members = [
        member("./pkg/data/file", b"content"),
        link("./pkg/relative", "data/../data/file"),
        link("./pkg/data/up", ".."),
        link("./pkg/hard", "./pkg/data/file", tarfile.LNKTYPE),
        link("./pkg/dangling", "not-there"),
    ]

    tree = unpack(tar(tmp_path / "pkg.tar.gz", members), tmp_path / "out")

    assert (tree / "relative").read_bytes() == b"content"
    assert (tree / "hard").read_bytes() == b"content"
    assert (tree / "data" / "up" / "hard").is_file()
    assert (tree / "dangling").is_symlink()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        pytest.param([member("/etc/passwd")], "/etc/passwd", id="absolute"),
        pytest.param([member("pkg/../../evil")], r"pkg/\.\./\.\./evil", id="parent"),
        pytest.param([member("pkg/a"), member("other/b")], "other/b", id="two-top-folders"),
        pytest.param([member("file")], "no folder", id="file-at-the-top"),
        pytest.param([], "no folder", id="empty"),
        pytest.param([member("pkg/pipe", type=tarfile.FIFOTYPE)], "pkg/pipe", id="pipe"),
        pytest.param([member("pkg/tty", type=tarfile.CHRTYPE)], "pkg/tty", id="device"),
        pytest.param([member("pkg/a", b"1"), member("pkg/a", b"2")], "pkg/a.*twice", id="duplicate"),
        pytest.param([member("pkg/a"), member("pkg/a/b")], "pkg/a/b", id="file-below-a-file"),
        pytest.param([link("pkg/a", "/etc")], "pkg/a", id="absolute-link"),
        pytest.param([link("pkg/a", "../..")], "pkg/a", id="link-to-the-parent"),
        pytest.param([link("pkg/a", "..")], "pkg/a", id="link-above-the-top-folder"),
        pytest.param([link("pkg/a", "b"), link("pkg/b", "a")], "pkg/a", id="links-in-a-circle"),
        pytest.param([folder("pkg/d"), link("pkg/a", "d"), member("pkg/a/b")], "pkg/a/b", id="file-below-a-link"),
        pytest.param([link("pkg/a", "pkg/none", tarfile.LNKTYPE)], "pkg/a.*hard link", id="hard-link-to-nothing"),
        pytest.param([link("pkg/a", "../x", tarfile.LNKTYPE)], "pkg/a", id="hard-link-outside"),
        pytest.param([member("pkg/" + "x" * 300)], "no file can have", id="name-too-long"),
        pytest.param(
            [folder("pkg/d/e"), link("pkg/d/e/up", "../.."), link("pkg/out", "d/e/up/../x")],
            "pkg/out",
            id="link-that-leaves-by-way-of-another",
        ),
    ],
)
def test_what_no_sdist_may_hold_is_refused_and_nothing_is_left(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str
) -> None:
    archive = tar(tmp_path / "bad-1.0.tar.gz", members)

    with pytest.raises(IntegrityError, match=f"bad-1.0.tar.gz.*{message}"):
        unpack(archive, tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["bad-1.0.tar.gz"]


def test_a_device_in_a_zip_archive_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        info = zipfile.ZipInfo("pkg/null")
        info.external_attr = (stat.S_IFCHR | 0o666) << 16
        opened.writestr(info, "")

    with pytest.raises(IntegrityError, match="pkg/null"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("limits", "message"),
    [(Limits(size=10), "more than 10 bytes"), (Limits(members=2), "more than 2 members")],
    ids=["bytes", "members"],
)
def test_limits_hold(tmp_path: Path, limits: Limits, message: str) -> None:
    archive = tar(tmp_path / "pkg-1.0.tar.gz", GOOD)

    with pytest.raises(IntegrityError, match=message):
        unpack(archive, tmp_path / "out", limits=limits)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["pkg.tar.gz", "pkg.tar.xz", "pkg.zip"])
def test_a_file_that_is_no_archive_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not an archive at all" * 100)

    with pytest.raises(IntegrityError, match=name):
        unpack(tmp_path / name, tmp_path / "out")


def test_a_file_with_another_suffix_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "pkg.rpm").write_bytes(b"")

    with pytest.raises(SourceError, match=r"pkg\.rpm.*\.tar\.gz"):
        unpack(tmp_path / "pkg.rpm", tmp_path / "out")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_truncated_archive_is_damaged(tmp_path: Path, suffix: str) -> None:
    noise = b"".join(bytes([(number * 7919 + number // 251) % 256]) for number in range(200_000))
    archive = tar(tmp_path / f"pkg.tar.{suffix}", [folder("pkg"), member("pkg/noise", noise), member("pkg/end")])
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) * 2 // 3])

    with pytest.raises(IntegrityError, match=f"pkg.tar.{suffix}"):
        unpack(archive, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_changed_byte_in_a_zip_archive_is_found(tmp_path: Path) -> None:
    archive = tmp_path / "pkg.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("pkg/a", "content")
    archive.write_bytes(archive.read_bytes().replace(b"content", b"kontent"))

    with pytest.raises(IntegrityError, match=r"pkg\.zip.*pkg/a"):
        unpack(archive, tmp_path / "out")


def test_unpacking_again_replaces_what_was_there(tmp_path: Path) -> None:
    archive = tar(tmp_path / "pkg-1.0.tar.gz", GOOD)
    tree = unpack(archive, tmp_path / "out")
    (tree / "stale").touch()

    unpack(archive, tmp_path / "out")

    assert not (tree / "stale").exists()
    assert (tree / "setup.py").exists()


ODD_PACKINGS = [
    pytest.param(".tar.gz", lambda data: gzip.compress(data[:900]) + gzip.compress(data[900:]), id="two-gz-members"),
    pytest.param(".tar.gz", lambda data: gzip.compress(data) + bytes(512), id="gz-and-zeros"),
    pytest.param(".tar.bz2", lambda data: bz2.compress(data[:900]) + bz2.compress(data[900:]), id="two-bzip2-streams"),
    pytest.param(".tar.xz", lambda data: lzma.compress(data[:900]) + lzma.compress(data[900:]), id="two-xz-streams"),
    pytest.param(".tar.xz", lambda data: lzma.compress(data) + bytes(8), id="xz-and-padding"),
    pytest.param(".tar.xz", lambda data: lzma.compress(data, check=lzma.CHECK_NONE), id="xz-without-a-checksum"),
    pytest.param(".tar.xz", lambda data: lzma.compress(data, preset=9), id="xz-of-64-mib"),
]


@pytest.mark.parametrize(("suffix", "pack"), ODD_PACKINGS)
def test_an_odd_packing_that_is_right_is_unpacked(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    content = os.urandom(300_000)
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for info, data in (member("pkg/pyproject.toml", b"x = 1\n"), member("pkg/data", content), member("pkg/z")):
            tar.addfile(info, io.BytesIO(data))
    sdist = tmp_path / f"pkg-1{suffix}"
    sdist.write_bytes(pack(output.getvalue()))

    tree = unpack(sdist, tmp_path / "out")

    assert (tree / "data").read_bytes() == content
    assert sorted(path.name for path in tree.iterdir()) == ["data", "pyproject.toml", "z"]


@pytest.mark.parametrize(
    ("open_stream", "pack"),
    [pytest.param(open_xz, lzma.compress, id="xz"), pytest.param(open_bzip2, bz2.compress, id="bzip2")],
)
def test_a_stream_can_be_read_from_any_place(
    tmp_path: Path, open_stream: Callable[[Path], io.BufferedReader], pack: Callable[[bytes], bytes]
) -> None:
    content = os.urandom(50_000)
    (tmp_path / "packed").write_bytes(pack(content))

    with open_stream(tmp_path / "packed") as stream:
        for place in (30_000, 10, 49_990, 0, 60_000):
            stream.seek(place)
            assert stream.tell() == min(place, len(content))
            assert stream.read(100) == content[place : place + 100]
