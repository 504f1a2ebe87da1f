from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from wheel_maker import make_wheel

from pep517_multi.wheels.contents import contents, differences
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"sample/__init__.py": "x = 1\n", "sample-1.0.data/scripts/tool": "#!python\nprint()\n"}
METADATA = (
    "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\nRequires-Dist: Foo.Bar >=1 ; python_version<'3'\n\nText\n"
)
ENTRIES = "[console_scripts]\ntool = sample:main\n"
USUAL: dict[str, Any] = {"files": FILES, "metadata": METADATA, "entry_points": ENTRIES}


def compared(tmp_path: Path, one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    wheels = [
        read_wheel(make_wheel(tmp_path / str(number), **{**USUAL, **changes}))
        for number, changes in enumerate((one, other))
    ]
    return differences(*map(contents, wheels))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"generator": "another 2.0"}, id="generator"),
        pytest.param({"metadata": METADATA.replace("2.1", "2.4")}, id="version of the metadata format"),
        pytest.param({"metadata": METADATA.replace("\n\n", "\nDynamic: Summary\nLicense-File: L\n\n")}, id="Dynamic"),
        pytest.param(
            {"metadata": METADATA.replace(">=1 ; python_version<'3'", '>=1; python_version < "3"')},
            id="spelling of a requirement",
        ),
        pytest.param({"metadata": METADATA.replace("Foo.Bar", "foo-bar")}, id="normalised name of a requirement"),
        pytest.param({"metadata": METADATA.replace("Text\n", "Text\n\n\n")}, id="blank lines after the description"),
        pytest.param({"entry_points": "[console_scripts]\n\ntool=sample:main"}, id="layout of entry points"),
        pytest.param({"compression": 0}, id="compression"),
        pytest.param(
            {
                "name": "Sample",
                "metadata": METADATA,
                "files": {path.replace("sample-1.0", "Sample-1.0"): text for path, text in FILES.items()},
            },
            id="case of the name",
        ),
        pytest.param({"tags": "py2.py3-none-any"}, id="versions in the tag"),
    ],
)
def test_noise_of_a_build_is_no_difference(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert compared(tmp_path, {}, changes) == ()


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        pytest.param({"files": {**FILES, "sample/new.py": ""}}, "sample/new.py is in one of them only", id="file"),
        pytest.param({"files": {**FILES, "sample/__init__.py": "x = 2\n"}}, "sample/__init__.py differs", id="bytes"),
        pytest.param({"executable": ["sample/__init__.py"]}, "the mode of sample/__init__.py differs", id="mode"),
        pytest.param(
            {"metadata": METADATA.replace(">=1", ">=2")},
            'METADATA: Requires-Dist: foo-bar>=2; python_version < "3" is in one of them only',
            id="requirement",
        ),
        pytest.param(
            {"metadata": METADATA.replace("Text", "Other")},
            "METADATA: Description: Other is in one of them only",
            id="description",
        ),
        pytest.param(
            {"entry_points": ENTRIES + "more = sample:more\n"},
            "entry point console_scripts: more = sample:more is in one of them only",
            id="entry point",
        ),
        pytest.param({"purelib": False}, "WHEEL: Root-Is-Purelib: true is in one of them only", id="platlib"),
        pytest.param(
            {"tags": "py3-none-linux_x86_64"},
            "WHEEL: Tag: none linux_x86_64 is in one of them only",
            id="platform",
        ),
        pytest.param(
            {"files": {**FILES, "sample-1.0.data/scripts/tool": "#!/bin/sh\nprint()\n"}},
            "sample-1.0.data/scripts/tool differs",
            id="another language",
        ),
        pytest.param(
            {"files": {**FILES, "sample-1.0.data/scripts/tool": "#!/tmp/env/bin/python3.11\nprint()\n"}},
            "sample-1.0.data/scripts/tool differs",
            id="interpreter of a script, which no installer will replace",
        ),
    ],
)
def test_what_would_be_installed_is_a_difference(tmp_path: Path, changes: dict[str, Any], difference: str) -> None:
    assert difference in compared(tmp_path, {}, changes)


def test_modules_for_the_stable_abi_count_by_name(tmp_path: Path) -> None:
    def wheel(tags: str, content: bytes, suffix: str) -> dict[str, Any]:
        return {"tags": tags, "files": {f"sample/_speed{suffix}": content}}

    old = wheel("cp310-abi3-linux_x86_64", b"compiled by one", ".abi3.so")
    new = wheel("cp313-abi3-linux_x86_64", b"compiled by another", ".abi3-x86_64-linux-gnu.so")
    other = {"tags": "cp313-abi3-linux_x86_64", "files": {"sample/_slow.abi3.so": b""}}
    assert compared(tmp_path / "same", old, new) == ()
    assert "sample/_slow.{stable-abi} is in one of them only" in compared(tmp_path / "other", old, other)
