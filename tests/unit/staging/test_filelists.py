from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from member_trees import SCRIPT, content, member

from pep517_multi.staging.filelist_formats import FORMATS
from pep517_multi.staging.filelists import Listed, describe
from pep517_multi.staging.merging import merge

if TYPE_CHECKING:
    from pathlib import Path

INFO = "{lib}/Foo_Bar-1.dist-info"
FILES = {
    f"{INFO}/METADATA": "License-File: terms\n",
    f"{INFO}/terms": "",
    f"{INFO}/licenses/LICENSE": "",
    "{lib}/__pycache__/single.cpython-312.pyc": "",
    "{lib}/single.py": "",
    "{lib}/foo/__init__.py": "",
    "{lib}/foo/__pycache__/__init__.cpython-312.pyc": "",
    "{lib}/foo/locale/pt_BR/LC_MESSAGES/foo.mo": "",
    "/usr/share/foo-bar/deep/data": "",
    "/usr/share/man/man1/foo.1": "",
    "/usr/share/man/de/man1/foo.1": "",
    "/usr/share/icons/hicolor/foo.svg": "",
    "/usr/share/licenses/python-foo/LICENSE": "",
    "/usr/bin/foo": SCRIPT,
}
LIBRARY = "/usr/lib/python3.12/site-packages"


@pytest.fixture
def listed(tmp_path: Path) -> dict[str, Listed]:
    alone = member(tmp_path, 12, FILES)
    entries = merge([alone], policy="plain").entries
    metadata = {entry.path: content(entry) for entry in entries if entry.path.endswith("METADATA")}
    return {one.path: one for one in describe(entries, [alone], metadata)}


def test_directories_of_the_package_are_owned_and_those_of_the_system_are_not(listed: dict[str, Listed]) -> None:
    owned = {path.replace(LIBRARY, "") for path, one in listed.items() if one.kind == "directory" and one.owned}

    assert owned == {
        "/Foo_Bar-1.dist-info",
        "/Foo_Bar-1.dist-info/licenses",
        "/foo",
        "/foo/__pycache__",
        "/foo/locale",
        "/foo/locale/pt_BR",
        "/foo/locale/pt_BR/LC_MESSAGES",
        "/usr/share/foo-bar",
        "/usr/share/foo-bar/deep",
    }


def test_licences_manuals_languages_and_bytecode_are_known(listed: dict[str, Listed]) -> None:
    assert sorted(path for path, one in listed.items() if one.license) == [
        f"{LIBRARY}/Foo_Bar-1.dist-info/licenses/LICENSE",
        f"{LIBRARY}/Foo_Bar-1.dist-info/terms",
        "/usr/share/licenses/python-foo/LICENSE",
    ]
    assert {path: one.lang for path, one in listed.items() if one.lang} == {
        f"{LIBRARY}/foo/locale/pt_BR/LC_MESSAGES/foo.mo": "pt_BR",
        "/usr/share/man/de/man1/foo.1": "de",
    }
    assert [path for path, one in listed.items() if one.man] == [
        "/usr/share/man/de/man1/foo.1",
        "/usr/share/man/man1/foo.1",
    ]
    assert listed[f"{LIBRARY}/__pycache__/single.cpython-312.pyc"].bytecode == f"{LIBRARY}/single.py"


def test_the_rpm_list_has_a_mark_where_one_is_due(listed: dict[str, Listed]) -> None:
    lines = FORMATS["rpm"](["python3.12"], listed.values()).splitlines()

    assert {
        f"%dir {LIBRARY}/foo",
        f"{LIBRARY}/foo/__init__.py",
        f"{LIBRARY}/foo/__pycache__/__init__.cpython-312*.pyc",
        f"%license {LIBRARY}/Foo_Bar-1.dist-info/terms",
        f"%lang(pt_BR) {LIBRARY}/foo/locale/pt_BR/LC_MESSAGES/foo.mo",
        "%lang(de) /usr/share/man/de/man1/foo.1*",
        "/usr/bin/foo",
    } <= set(lines)
    assert not [line for line in lines if line.startswith("%dir /usr/share/man") or line == f"%dir {LIBRARY}"]
    assert f"%dir {LIBRARY}/__pycache__" not in lines


@pytest.mark.parametrize("lang", ["de", "pt_BR", "zh_Hans", "zh_Hant_TW", "es_419", "sr@latin", "ca@valencia"])
def test_a_translation_has_its_language(tmp_path: Path, lang: str) -> None:
    alone = member(tmp_path, 12, {f"{{lib}}/foo/locale/{lang}/LC_MESSAGES/foo.mo": ""})
    (translation,) = [one for one in describe(merge([alone], policy="plain").entries, [alone], {}) if one.lang]
    assert translation.lang == lang


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/a b", "/a?b"),
        ("/100%.txt", "/100?.txt"),
        ("/[x]{y,z}*?", "/?x??y,z???"),
        ('/"q"\'', "/?q??"),
        ("/größe.py", "/größe.py"),
        ("/#x;$y&(z)~", "/#x;$y&(z)~"),
    ],
)
def test_what_rpm_would_take_for_syntax_is_matched_by_a_question_mark(path: str, line: str) -> None:
    assert FORMATS["rpm"]([], [Listed(path, "file")]) == f"{line}\n"


def test_the_levels_of_bytecode_are_one_line_for_rpm() -> None:
    both = [Listed(f"/x/__pycache__/a.cpython-312{level}.pyc", "file", bytecode="/x/a.py") for level in ("", ".opt-1")]

    assert FORMATS["rpm"]([], both) == "/x/__pycache__/a.cpython-312*.pyc\n"


def test_the_plain_list_has_files_and_owned_directories(listed: dict[str, Listed]) -> None:
    lines = FORMATS["plain"](["python3.12"], listed.values()).splitlines()

    assert f"{LIBRARY}/foo/" in lines
    assert "/usr/bin/foo" in lines
    assert "/usr/bin/" not in lines


def test_the_json_list_has_all(listed: dict[str, Listed]) -> None:
    document = json.loads(FORMATS["json"](["python3.12"], listed.values()))

    assert (document["schema"], document["impls"]) == (1, ["python3.12"])
    assert [one["path"] for one in document["files"]] == sorted(listed)
    (directory,) = [one for one in document["files"] if one["path"] == "/usr/bin"]
    assert directory["owned"] is False
