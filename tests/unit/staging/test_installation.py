from __future__ import annotations

import csv
import hashlib
import os
import resource
import subprocess
import sys
import tracemalloc
import zipfile
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest
import raw_zip
import recorded_probes
from staging_roots import snapshot
from wheel_maker import TIMESTAMP, make_wheel

from pep517_multi.errors import IntegrityError
from pep517_multi.files import FileError
from pep517_multi.staging import Layout
from pep517_multi.staging.installation import Installed, install_wheel
from pep517_multi.wheels.validation import validate

SITE = "usr/lib/python3.12/site-packages"


def install(
    wheel: Path, root: Path, *, name: str = "python3.12", layout: Layout | None = None, moment: int | None = None
) -> Installed:
    validate(wheel)
    root.mkdir(parents=True, exist_ok=True)
    return install_wheel(wheel, root, interpreter=recorded_probes.load(name), layout=layout or Layout(), moment=moment)


def test_each_kind_of_file_goes_where_the_scheme_has_it(tmp_path: Path) -> None:
    kinds = {
        "sample.py": "",
        "sample-1.0.data/purelib/pure.py": "",
        "sample-1.0.data/platlib/plat.py": "",
        "sample-1.0.data/scripts/tool": "",
        "sample-1.0.data/headers/sample.h": "",
        "sample-1.0.data/data/etc/sample.conf": "",
    }
    install(make_wheel(tmp_path, files=kinds), tmp_path / "root")

    installed = {path for path, (mode, _, _) in snapshot(tmp_path / "root").items() if mode[0] == "-"}

    assert {path for path in installed if ".dist-info/" not in path} == {
        f"{SITE}/sample.py",
        f"{SITE}/pure.py",
        f"{SITE}/plat.py",
        "usr/bin/tool",
        "usr/include/python3.12/sample/sample.h",
        "usr/etc/sample.conf",
    }


def test_pure_and_platform_files_are_told_apart_where_the_target_does(tmp_path: Path) -> None:
    files = {"sample.py": "", "sample-1.0.data/purelib/pure.py": ""}
    plain = recorded_probes.load("python3.12")
    paths = {**plain.schemes["posix_prefix"], "platlib": "/@prefix@/lib64/python3.12/site-packages"}
    fedora = replace(plain, schemes={"rpm_prefix": paths})
    root = tmp_path / "root"
    root.mkdir()

    install_wheel(
        make_wheel(tmp_path, files=files, purelib=False), root, interpreter=fedora, layout=Layout(), moment=None
    )

    assert (root / "usr/lib64/python3.12/site-packages/sample.py").is_file()
    assert (root / SITE / "pure.py").is_file()


def test_record_lists_every_file_with_its_hash_and_size(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        files={"sample.py": "x = 1\n", "sample-1.0.data/scripts/tool": "#!python\nprint()\n", "a, b.txt": "c"},
        entry_points={"sample": "sample:main"},
    )
    root = tmp_path / "root"
    install(wheel, root)
    site = root / SITE

    with (site / "sample-1.0.dist-info/RECORD").open(newline="") as stream:
        rows = {path: (digest, size) for path, digest, size in csv.reader(stream)}

    assert rows.pop("sample-1.0.dist-info/RECORD") == ("", "")
    assert {os.path.normpath(site / path) for path in rows} == {
        str(path) for path in root.rglob("*") if path.is_file() and path.name != "RECORD"
    }
    for path, (digest, size) in rows.items():
        content = (site / path).read_bytes()
        assert size == str(len(content))
        assert digest == "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def test_the_installer_is_named_in_place_of_one_that_the_wheel_names(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": "", "sample-1.0.dist-info/INSTALLER": "elsewhere\n"})
    install(wheel, tmp_path / "root")

    assert (tmp_path / "root" / SITE / "sample-1.0.dist-info/INSTALLER").read_text() == "multibuild\n"


def test_no_installer_is_named_where_none_is_wanted(tmp_path: Path) -> None:
    install(make_wheel(tmp_path), tmp_path / "root", layout=Layout(installer=""))

    assert not (tmp_path / "root" / SITE / "sample-1.0.dist-info/INSTALLER").exists()


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        pytest.param("#!python\n", "#!/usr/bin/python3.12\n", id="python"),
        pytest.param("#!pythonw\n", "#!/usr/bin/python3.12\n", id="pythonw"),
        pytest.param("#!python -E\n", "#!/usr/bin/python3.12\n", id="arguments"),
        pytest.param("#!/bin/sh\n", "#!/bin/sh\n", id="shell"),
        pytest.param("#!/usr/bin/python\n", "#!/usr/bin/python\n", id="path"),
        pytest.param("\x7fELF", "\x7fELF", id="binary"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_interpreter_of_scripts_is_put_in_place(tmp_path: Path, first: str, expected: str) -> None:
    install(
        make_wheel(tmp_path, files={"sample-1.0.data/scripts/tool": f"{first}rest\n" if first else ""}),
        tmp_path / "root",
    )

    assert (tmp_path / "root/usr/bin/tool").read_text() == (f"{expected}rest\n" if first else "")


def test_a_script_is_executable_even_if_the_archive_does_not_say_so(tmp_path: Path) -> None:
    install(make_wheel(tmp_path, files={"sample-1.0.data/scripts/tool": ""}), tmp_path / "root")

    assert (tmp_path / "root/usr/bin/tool").stat().st_mode & 0o777 == 0o755


def test_an_interpreter_that_the_kernel_would_not_find_is_reached_through_the_shell(tmp_path: Path) -> None:
    layout = Layout(shebang="/opt/a stack/bin/{impl}")
    wheel = make_wheel(
        tmp_path,
        files={"sample.py": "", "sample-1.0.data/scripts/tool": "#!python\n"},
        entry_points={"generated": "sample:main"},
    )
    install(wheel, tmp_path / "root", layout=layout)

    begin = """#!/bin/sh\n'''exec' '/opt/a stack/bin/python3.12' "$0" "$@"\n' '''\n"""
    assert (tmp_path / "root/usr/bin/tool").read_text() == begin
    assert (tmp_path / "root/usr/bin/generated").read_text().startswith(begin)


@pytest.mark.parametrize(
    ("template", "begin"),
    [
        pytest.param("{prefix}/bin/{impl} -s", "#!/usr/bin/python3.12 -s\n", id="one"),
        pytest.param("/bin/{impl} -s -E", "#!/bin/sh\n'''exec' /bin/python3.12 -s -E", id="several"),
        pytest.param("/a stack/{impl} -s", "#!/bin/sh\n'''exec' '/a stack/python3.12' -s", id="blank"),
        pytest.param("/{impl}" + "x" * 120 + " -s", "#!/bin/sh\n'''exec' /python3.12xxx", id="long"),
    ],
)
def test_options_of_the_interpreter_are_no_part_of_its_path(tmp_path: Path, template: str, begin: str) -> None:
    files = {"sample.py": "", "sample-1.0.data/scripts/tool": "#!python\n"}
    wheel = make_wheel(tmp_path, files=files, entry_points={"generated": "sample:main"})
    install(wheel, tmp_path / "root", layout=Layout(shebang=template))

    for script in ("tool", "generated"):
        assert (tmp_path / "root/usr/bin" / script).read_text().startswith(begin)
    assert "import main" in (tmp_path / "root/usr/bin/generated").read_text()


@pytest.mark.parametrize("options", ["-s", "-s -E"])
def test_a_script_with_options_after_its_interpreter_runs(tmp_path: Path, options: str) -> None:
    files = {"sample.py": "", "sample-1.0.data/scripts/tool": "#!python\nimport sys; print(sys.flags.no_user_site)\n"}
    layout = Layout(shebang=f"{sys.executable} {options}")
    install(make_wheel(tmp_path, files=files), tmp_path / "root", layout=layout)

    done = subprocess.run([tmp_path / "root/usr/bin/tool"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_bytecode_in_a_wheel_is_left_out_and_told(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": "", "__pycache__/sample.cpython-312.pyc": b"evil"})

    installed = install(wheel, tmp_path / "root")

    assert installed.left_out == ("__pycache__/sample.cpython-312.pyc",)
    assert not list((tmp_path / "root").rglob("*.pyc"))


def test_times_are_those_of_the_wheel(tmp_path: Path) -> None:
    old = zipfile.ZipInfo("old.txt", (1999, 1, 1, 0, 0, 0))
    wheel = make_wheel(tmp_path, extra=[(old, b"")], entry_points={"tool": "sample:main"})

    installed = install(wheel, tmp_path / "root")

    assert (tmp_path / "root" / SITE / "old.txt").stat().st_mtime == 915148800
    assert (tmp_path / "root" / SITE / "sample.py").stat().st_mtime == TIMESTAMP
    assert (tmp_path / "root/usr/bin/tool").stat().st_mtime == TIMESTAMP
    assert installed.moment == TIMESTAMP


def test_a_time_that_is_none_counts_as_the_oldest_possible(tmp_path: Path) -> None:
    odd = zipfile.ZipInfo("odd.txt")
    odd.date_time = (1980, 0, 0, 0, 0, 0)

    install(make_wheel(tmp_path, extra=[(odd, b"")]), tmp_path / "root")

    assert (tmp_path / "root" / SITE / "odd.txt").stat().st_mtime == 315532800


def test_one_time_for_all_is_used_where_it_is_given(tmp_path: Path) -> None:
    install(make_wheel(tmp_path, entry_points={"tool": "sample:main"}), tmp_path / "root", moment=1000)

    assert {path.stat().st_mtime for path in (tmp_path / "root").rglob("*") if path.is_file()} == {1000}


def test_two_files_for_one_place_are_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": "", "sample-1.0.data/purelib/sample.py": ""})

    with pytest.raises(IntegrityError, match=r"'site/sample\.py' occurs 2 times"):
        install(wheel, tmp_path / "root")


def test_a_script_and_an_entry_point_of_one_name_are_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample-1.0.data/scripts/tool": ""}, entry_points={"tool": "sample:main"})

    with pytest.raises(IntegrityError, match="'scripts/tool' occurs 2 times"):
        install(wheel, tmp_path / "root")


def test_a_script_that_setuptools_once_made_for_an_entry_point_gives_way_to_a_new_one(tmp_path: Path) -> None:
    old = "#!python\n# EASY-INSTALL-ENTRY-SCRIPT: 'sample==1.0','console_scripts','tool'\nimport pkg_resources\n"
    wheel = make_wheel(tmp_path, files={"sample-1.0.data/scripts/tool": old}, entry_points={"tool": "sample:main"})

    install(wheel, tmp_path / "root")

    assert "from sample import main" in (tmp_path / "root/usr/bin/tool").read_text()
    assert (tmp_path / "root" / SITE / "sample-1.0.dist-info/RECORD").read_text().count("bin/tool") == 1


def test_a_hash_that_is_padded_or_without_a_size_is_told_as_it_has_to_be(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, record=lambda rows: [(path, digest and f"{digest}=", "") for path, digest, _ in rows])

    install(wheel, tmp_path / "root")

    record = (tmp_path / "root" / SITE / "sample-1.0.dist-info/RECORD").read_text()
    assert all(row.split(",")[2] for row in record.splitlines() if "/RECORD" not in row)
    assert "=," not in record


def test_a_purelib_that_is_written_in_capitals_is_one(tmp_path: Path) -> None:
    wheel = tmp_path / "sample-1.0-py3-none-any.whl"
    parts = raw_zip.wheel_parts()[:-1]
    parts = raw_zip.changed(
        parts, "sample-1.0.dist-info/WHEEL", content=b"Wheel-Version: 1.0\nRoot-Is-Purelib: True\nTag: py3-none-any\n"
    )
    raw_zip.write(wheel, raw_zip.archive(raw_zip.with_record(parts)))
    plain = recorded_probes.load("python3.12")
    paths = {**plain.schemes["posix_prefix"], "platlib": "/@prefix@/lib64/python3.12/site-packages"}
    fedora = replace(plain, schemes={"rpm_prefix": paths})
    (tmp_path / "root").mkdir()

    validate(wheel)
    install_wheel(wheel, tmp_path / "root", interpreter=fedora, layout=Layout(), moment=None)

    assert (tmp_path / "root" / SITE / "sample.py").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("data/lib/python3.12/site-packages/sample-1.0.dist-info/x", "its own metadata", id="dist-info"),
        pytest.param(
            "data/lib/python3.12/site-packages/pip-9.dist-info/METADATA", "another project", id="other-dist-info"
        ),
        pytest.param("data/lib/python3.12/site-packages/sample.py", "two files for one place", id="module"),
        pytest.param("data/bin/tool", "two files for one place", id="script"),
    ],
)
def test_what_only_the_layout_of_the_target_brings_together_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, message: str
) -> None:
    files = {"sample.py": "", "sample-1.0.data/scripts/tool": "", f"sample-1.0.data/{name}": ""}

    with pytest.raises(IntegrityError, match=message):
        install(make_wheel(tmp_path, files=files), tmp_path / "root")

    assert not list((tmp_path / "root").iterdir())


def test_a_file_where_another_needs_a_folder_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample": "", "sample-1.0.data/purelib/sample/inner.py": ""})

    with pytest.raises(IntegrityError, match="is a file and a folder"):
        install(wheel, tmp_path / "root")


@pytest.mark.parametrize("planted", ["usr", "usr/lib", f"{SITE}/sample"])
def test_a_link_in_the_root_is_not_followed(tmp_path: Path, planted: str) -> None:
    outside, link = tmp_path / "outside", tmp_path / "root" / planted
    outside.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)

    with pytest.raises(IntegrityError, match="through a file or a link"):
        install(make_wheel(tmp_path, files={"sample/__init__.py": ""}), tmp_path / "root")

    assert not list(outside.iterdir())


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    outside, link = tmp_path / "outside.py", tmp_path / "root" / SITE / "sample.py"
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)

    with pytest.raises(IntegrityError, match="over another file"):
        install(make_wheel(tmp_path), tmp_path / "root")

    assert not outside.exists()


def test_a_wheel_that_changes_after_it_was_checked_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.py": "x = 1\n"})
    validate(wheel)
    make_wheel(tmp_path, files={"sample.py": "x = 12345\n"}, record=lambda rows: [(*row[:2], "6") for row in rows])
    (tmp_path / "root").mkdir()

    with pytest.raises(IntegrityError, match=r"'sample\.py' has changed"):
        install_wheel(
            wheel, tmp_path / "root", interpreter=recorded_probes.load("python3.12"), layout=Layout(), moment=None
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("../outside.py", r"'/usr/lib/.*/\.\./outside\.py' is no path below the root", id="parent"),
        pytest.param("sample-1.0.data/nowhere/x", "not contained in a valid .data subdirectory", id="nowhere"),
    ],
)
def test_nothing_leaves_the_root_even_if_the_wheel_was_not_checked(tmp_path: Path, name: str, message: str) -> None:
    wheel = make_wheel(tmp_path, files={name: ""})
    (tmp_path / "root").mkdir()

    with pytest.raises(IntegrityError, match=message):
        install_wheel(
            wheel, tmp_path / "root", interpreter=recorded_probes.load("python3.12"), layout=Layout(), moment=None
        )

    assert not list(tmp_path.rglob("outside.py"))


def test_a_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    size = 64 << 20
    wheel = make_wheel(tmp_path, files={"sample.bin": bytes(size), "sample-1.0.data/scripts/big": bytes(size)})

    tracemalloc.start()
    try:
        install(wheel, tmp_path / "root")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (tmp_path / "root" / SITE / "sample.bin").stat().st_size == size
    assert peak < size / 4


def test_a_full_file_system_is_one_sentence(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files={"sample.bin": bytes(1 << 20)})
    validate(wheel)
    (tmp_path / "root").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(FileError, match=r"cannot write /usr/lib/.*/sample\.bin of sample-1\.0-py3-none-any\.whl"):
            install_wheel(
                wheel, tmp_path / "root", interpreter=recorded_probes.load("python3.12"), layout=Layout(), moment=None
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nothing_stays_open(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    wheel = make_wheel(tmp_path, files={"a/b.py": "", "c/d/e.py": "", "f.py": ""})
    install(wheel, tmp_path / "first")
    before = len(list(descriptors.iterdir()))

    install(wheel, tmp_path / "second")

    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize(("written", "told"), [("1.0", None), ("1.9", "1.9")])
def test_a_newer_format_of_the_same_kind_is_installed_and_told(tmp_path: Path, written: str, told: str | None) -> None:
    wheel = tmp_path / "sample-1.0-py3-none-any.whl"
    content = f"Wheel-Version: {written}\nRoot-Is-Purelib: true\nTag: py3-none-any\n".encode()
    parts = raw_zip.changed(raw_zip.wheel_parts()[:-1], "sample-1.0.dist-info/WHEEL", content=content)
    raw_zip.write(wheel, raw_zip.archive(raw_zip.with_record(parts)))
    (tmp_path / "root").mkdir()

    installed = install_wheel(
        wheel, tmp_path / "root", interpreter=recorded_probes.load("python3.12"), layout=Layout(), moment=None
    )

    assert installed.newer_format == told
    assert (tmp_path / "root" / SITE / "sample.py").is_file()
