from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from check_roots import METADATA, Staged

from pep517_multi.errors import UsageError
from pep517_multi.qa.check_build_paths import pattern_of
from pep517_multi.qa.check_table import CHECKS, switched_off
from pep517_multi.staging import Layout

if TYPE_CHECKING:
    from pathlib import Path

ONLY_STRAYS = ("imports", "bytecode")


def strays(staged: Staged, **settings: object) -> dict[str, list[str]]:
    return staged.found(check_off=ONLY_STRAYS, **settings)


def test_an_ordinary_package_has_no_strays(tmp_path: Path) -> None:
    files = {
        "sample/__init__.py": "",
        "sample/tests/__init__.py": "",
        "sample.libs/note.txt": "",
        "sample-1.0.data/scripts/sample": "#!python\n",
        "sample-1.0.data/data/share/man/man1/sample.1": "",
        "sample-1.0.data/headers/sample.h": "",
        "sample.pth": "",
    }
    assert strays(Staged(tmp_path, files)) == {}


def test_top_level_names_that_any_project_could_claim_are_told(tmp_path: Path) -> None:
    files = {
        "tests/test_it.py": "",
        "Docs/index.html": "",
        "setup.py": "",
        ".hidden/x": "",
        "README.md": "",
        "sample.py": "",
    }
    assert strays(Staged(tmp_path, files)) == {
        "top-level-name": ["Docs", "setup.py", "tests"],
        "top-level-file": [".hidden", "README.md"],
    }


def test_a_namespace_package_made_by_a_startup_file_is_told(tmp_path: Path) -> None:
    assert strays(Staged(tmp_path, {"sample-nspkg.pth": ""})) == {"nspkg-pth": ["sample-nspkg.pth"]}


def test_files_where_the_scheme_has_no_place_are_told(tmp_path: Path) -> None:
    staged = Staged(
        tmp_path,
        {
            "sample.py": "",
            "sample-1.0.data/data/etc/sample.conf": "",
            "sample-1.0.data/data/LICENSE": "",
            "sample-1.0.data/data/lib/python2.7/site-packages/other.py": "",
        },
    )
    inside = staged.library.rpartition("/")[0]
    (staged.root / inside[1:] / "os.py").touch()
    (staged.root / "opt").mkdir()
    (staged.root / "opt/tool").touch()
    found = staged.problems(check_off=ONLY_STRAYS)
    assert {(problem.check.name, problem.finding.file) for problem in found} == {
        ("outside-scheme", "/opt/tool"),
        ("outside-scheme", "/usr/lib/python2.7/site-packages/other.py"),
        ("outside-scheme", f"{inside}/os.py"),
        ("prefix-stray", "/usr/LICENSE"),
        ("prefix-stray", "/usr/etc"),
    }


def test_other_prefixes_may_have_configuration_of_their_own(tmp_path: Path) -> None:
    layout = Layout(prefix="/opt/sample")
    staged = Staged(tmp_path, {"sample.py": "", "sample-1.0.data/data/etc/sample.conf": ""}, layout=layout)
    assert strays(staged, prefix="/opt/sample") == {}


def test_odd_modes_are_told(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {f"{name}.py": "" for name in ("everybody", "fine", "nobody", "user")})
    for name, mode in (("everybody", 0o666), ("fine", 0o755), ("nobody", 0o600), ("user", 0o4755)):
        (staged.modules / f"{name}.py").chmod(mode)
    (staged.modules / "__pycache__").chmod(0o777)
    assert strays(staged) == {
        "world-writable": ["__pycache__", "everybody.py"],
        "odd-mode": ["nobody.py"],
        "setuid": ["user.py"],
    }


def test_links_that_lead_nowhere_and_special_files_are_told(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample.py": ""})
    links = {"absolute": "/usr/bin/env", "fine": "sample.py", "lost": "gone.py", "out": "../" * 20 + "etc/passwd"}
    for name, target in links.items():
        (staged.modules / name).symlink_to(target)
    os.mkfifo(staged.modules / "pipe.py")
    found = strays(staged)
    assert found == {
        "absolute-link": ["absolute"],
        "broken-link": ["lost", "out"],
        "special-file": ["pipe.py"],
    }


def test_a_link_to_the_dispatcher_of_gentoo_leads_to_another_package(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample.py": ""})
    scripts = staged.root / "usr/bin"
    scripts.mkdir(exist_ok=True)
    (scripts / "sample").symlink_to("../lib/python-exec/python-exec2")
    (scripts / "other").symlink_to("../lib/python-exec/python-exec3")
    assert strays(staged) == {"broken-link": ["/usr/bin/other"]}


def test_a_licence_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    staged = Staged(
        tmp_path, {"sample.py": ""}, metadata=f"{METADATA}License-File: LICENSE\nLicense-File: doc/NOTICE\n"
    )
    assert staged.told(check_off=ONLY_STRAYS) == [
        "licence: METADATA names the licence doc/NOTICE, which is not installed"
    ]


def test_a_project_without_a_licence_is_told(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample.py": ""})
    (staged.modules / "sample-1.0.dist-info/licenses/LICENSE").unlink()
    assert staged.told(check_off=ONLY_STRAYS) == ["licence: sample brings no licence"]


def test_compiled_code_in_a_wheel_that_says_it_is_pure_is_told(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"sample/__init__.py": "", "sample/libsample.so": b"\x7fELF and so on"}
    staged = Staged(tmp_path / "pure", files)
    assert strays(staged) == {"purelib-extension": ["sample/libsample.so"]}
    (staged.modules / "sample-1.0.dist-info" / "RECORD").unlink()  # as packagers do
    assert strays(staged) == {"purelib-extension": ["sample/libsample.so"]}
    assert strays(Staged(tmp_path / "not", files, purelib=False)) == {}


def test_paths_of_the_build_are_found_in_text_and_in_binaries(tmp_path: Path) -> None:
    place = str(tmp_path / "work" / "builds" / "python3" / "source")
    files: dict[str, str | bytes] = {
        "sample/__init__.py": f"first = 1\nROOT = {place!r}\n",
        "sample/libsample.so": b"\x7fELF\0\0" + place.encode() + b"/x.c\0\xff",
        "sample/data.bin": b"\0" + place.encode(),
        "sample/other.txt": f"{tmp_path}/workshop is another place\n",
        "sample/empty.txt": "",
    }
    staged = Staged(tmp_path, files, purelib=False)
    found = {problem.finding.file: problem for problem in staged.problems(check_off=ONLY_STRAYS)}
    assert {file: problem.check.name for file, problem in found.items()} == {
        "sample/__init__.py": "build-path",
        "sample/data.bin": "build-path",
        "sample/libsample.so": "build-path-in-binary",
    }
    assert found["sample/__init__.py"].finding.lines == (f"line 2: ROOT = {place!r}",)
    assert found["sample/libsample.so"].finding.lines[0].startswith("byte 6: ")


def test_a_build_path_in_bytecode_alone_is_found(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample.py": "x = 1\n"})
    pyc = staged.bytecode("sample")
    pyc.write_bytes(pyc.read_bytes() + str(tmp_path / "work").encode())
    assert strays(staged) == {"build-path": [f"__pycache__/{pyc.name}"]}


def test_a_folder_right_below_the_top_is_no_path_to_look_for(tmp_path: Path) -> None:
    pattern = pattern_of([tmp_path.__class__("/"), tmp_path.__class__("/usr")])
    assert not pattern.search(b"/ /usr /usr/lib /tmp/pip /tmp/pip-build-environment")


@pytest.mark.parametrize("folder", ["t/pip-build-env-x1_y2z3a", "v/t/pip-req-build-abcdefgh", "t/build-env-abcd1234"])
def test_folders_that_installers_make_for_a_build_are_found_wherever_that_was(tmp_path: Path, folder: str) -> None:
    staged = Staged(tmp_path, {"sample.py": f"WHERE = '/{folder}/lib/python3.12'\n"})
    (told,) = staged.told(check_off=("imports",))
    assert told.startswith("build-path: it holds the path /")
    assert folder.rpartition("/")[2] in told


@pytest.mark.parametrize("check", ["top-level-name", "strays"])
def test_a_check_can_be_switched_off_by_its_name_or_its_group(tmp_path: Path, check: str) -> None:
    staged = Staged(tmp_path, {"tests/x.py": ""})
    assert staged.found(check_off=(*ONLY_STRAYS, check)) == {}


def test_a_check_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"no check 'top-level-nam'.*did you mean 'top-level-name'"):
        switched_off(["top-level-nam"])
    with pytest.raises(UsageError, match="groups are imports, bytecode, strays, requirements"):
        switched_off(["zzz"])


def test_warnings_fail_the_check_only_under_fail(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"tests/x.py": ""})
    assert staged.check(check_off=ONLY_STRAYS).exit == 0
    assert staged.check(check_off=ONLY_STRAYS, qa="fail").exit == 4


def test_every_check_says_what_it_means() -> None:
    assert all(check.means and check.severity in {"error", "warning"} for check in CHECKS)
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_licences_may_lie_in_a_folder_of_their_own_or_be_left_out(tmp_path: Path) -> None:
    layout = Layout(license_dir="/usr/share/licenses/{name}")
    metadata = f"{METADATA}License-File: LICENSE\n"
    staged = Staged(tmp_path, {"sample.py": ""}, metadata=metadata, layout=layout)
    assert strays(staged, license_dir="/usr/share/licenses/{name}") == {}
    assert strays(staged) == {"licence": ["sample-1.0.dist-info"]}
    assert strays(staged, strip=("licenses",)) == {}
