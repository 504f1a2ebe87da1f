from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from footprints import compare, footprint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD = "a-1.dist-info/RECORD"
MOMENT = (2026, 1, 2, 3, 4, 6)


def left(
    workdir: Path,
    *,
    files: Mapping[str, str] | None = None,
    moment: tuple[int, int, int, int, int, int] = MOMENT,
    **staged: str,
) -> Path:
    """Make what a run leaves: a wheel, and a root with its files and those of ``staged``."""
    members = files or {"a.py": "", RECORD: "a.py,,"}
    (workdir / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(workdir / "wheels" / "a-1-py3-none-any.whl", "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, moment), text)
    root = workdir / "roots" / "python3.12"
    for name, text in {**members, **{f"{name}.txt": text for name, text in staged.items()}}.items():
        path = root / "usr" / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (root, *root.rglob("*")):
        os.utime(path, (1, 1))
    entry = {
        "impl": "python3.12",
        "action": "built",
        "wheel": "a-1-py3-none-any.whl",
        "built_by": "python3.12",
        "root": str(root),
        "seconds": {"build": os.getpid()},
        "wheel_sha256": str(workdir),
    }
    (workdir / "report.json").write_text(json.dumps({"impls": [entry]}), encoding="utf-8")
    return workdir


def differences(one: Path, other: Path, *, times: bool = True) -> list[str]:
    taken = [footprint(path, source="/nowhere", times=times) for path in (one, other)]
    return [str(difference) for difference in compare(*taken)]


def test_two_equal_runs_in_two_folders_differ_in_nothing(tmp_path: Path) -> None:
    assert differences(left(tmp_path / "one"), left(tmp_path / "two" / "further")) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        pytest.param(
            {"files": {"a.py": "x = 1", RECORD: "a.py,other,"}},
            "wheel a-1-py3-none-any.whl: a.py (content)",
            id="member",
        ),
        pytest.param(
            {"files": {RECORD: "a.py,,", "a.py": ""}},
            "wheel a-1-py3-none-any.whl: * (how the archive is packed)",
            id="order-of-members",
        ),
        pytest.param({"extra": "staged"}, "root of python3.12: usr/lib/extra.txt (only in one)", id="staged-file"),
    ],
)
def test_only_the_difference_itself_is_named_and_not_what_follows_from_it(
    tmp_path: Path, other: dict[str, str], named: str
) -> None:
    assert differences(left(tmp_path / "one"), left(tmp_path / "two", **other)) == [named]  # type: ignore[arg-type]


def test_times_count_unless_they_shall_not(tmp_path: Path) -> None:
    one, other = left(tmp_path / "one"), left(tmp_path / "two", moment=(2027, 1, 1, 0, 0, 0))
    os.utime(other / "roots" / "python3.12" / "usr", (7, 7))

    assert differences(one, other) == [
        "wheel a-1-py3-none-any.whl: a.py (time)",
        "root of python3.12: usr (time)",
    ]
    assert differences(one, other, times=False) == []


def test_who_failed_is_taken_down_with_the_end_of_its_log(tmp_path: Path) -> None:
    workdir = left(tmp_path / "one")
    report = json.loads((workdir / "report.json").read_text())
    report["impls"].append({"impl": "python3.13", "action": "failed", "wheel": None, "error": "it failed"})
    (workdir / "report.json").write_text(json.dumps(report))
    (workdir / "logs").mkdir()
    (workdir / "logs" / "python3.13-build.log").write_text("".join(f"{number}\n" for number in range(100)))

    failed = footprint(workdir, source="/nowhere").failed

    assert list(failed) == ["python3.13"]
    assert failed["python3.13"].splitlines() == ["it failed", *map(str, range(70, 100))]


def test_a_mode_and_a_line_of_the_report_are_differences(tmp_path: Path) -> None:
    one, other = left(tmp_path / "one"), left(tmp_path / "two")
    (other / "roots" / "python3.12" / "usr" / "lib" / "a.py").chmod(0o600)
    report = json.loads((other / "report.json").read_text())
    report["impls"][0]["built_by"] = "python3.13"
    (other / "report.json").write_text(json.dumps(report))

    assert differences(one, other) == [
        "root of python3.12: usr/lib/a.py (mode 644 or 600)",
        "report: /impls/0/built_by ('python3.12' or 'python3.13')",
    ]
