"""``multibuild check`` on staged sample trees and wheels, run as a packager runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import COMMAND, Ran, check_report, environment, impls, multibuild, targets
from wheel_maker import make_wheel

from pep517_multi.reports import json as json_report

PACKAGES = Path(__file__).parents[1] / "packages"
METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
LICENCE = {"sample-1.0.dist-info/licenses/LICENSE": "Free."}
UNLICENSED = ("--check-off", "licence")


def staged(folder: Path, files: dict[str, str | bytes], *options: str) -> Path:
    """Stage a wheel for everyone, and return the work directory."""
    wheel = make_wheel(folder / "wheels", "sample", {**files, **LICENCE}, metadata=METADATA)
    assert multibuild("install", *impls(), "--wheel", wheel, *options, workdir=folder / "work").returncode == 0
    return folder / "work"


def check(workdir: Path, *options: str | Path) -> Ran:
    return check_for(list(targets()), workdir, *options)


def check_for(names: list[str], workdir: Path, *options: str | Path) -> Ran:
    """Run the check; what it finds is in the report of the work directory, too."""
    command = [*COMMAND, "check", *map(str, options), *impls(*names), "--workdir", str(workdir)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert "Traceback (most recent call last)" not in done.stderr
    assert not {"\x1b", "\r"} & set(done.stdout + done.stderr)
    ran = Ran(done.returncode, done.stdout, done.stderr, workdir)
    if not ran.errors:
        check_report(ran)
        assert ran.report["checks"] is not None
    return ran


def checked(workdir: Path, *options: str | Path) -> dict[str, Any]:
    ran = check(workdir, "--json", *options)
    answer: dict[str, Any] = json.loads(ran.stdout)
    assert answer["exit"] == ran.returncode
    return answer


def test_a_good_wheel_passes_for_everyone(tmp_path: Path) -> None:
    ran = check(staged(tmp_path, {"sample/__init__.py": "from sample import inner", "sample/inner.py": ""}), "--deps")
    assert ran.returncode == 0
    (summary,) = ran.stdout.splitlines()
    count = len(targets())
    assert summary.startswith(f"no findings in {count} root{'s' * (count != 1)} (")


def test_each_finding_is_one_line_and_the_summary_comes_last(tmp_path: Path) -> None:
    ran = check(staged(tmp_path, {"broken.py": "1 / 0", "tests/__init__.py": ""}))
    first, second, last = ran.stdout.splitlines()
    assert ran.returncode == 1
    told = "importing broken raises ZeroDivisionError: division by zero (broken.py, line 1)"
    assert first == f"{', '.join(targets())}: error: broken.py: {told} [import-fails]"
    assert second.endswith("[top-level-name]")
    assert last.startswith(f"{len(targets())} error")


def test_json_holds_the_findings_of_each_implementation(tmp_path: Path) -> None:
    answer = checked(staged(tmp_path, {"sample.py": "import not_there_at_all"}))
    assert [entry["impl"] for entry in answer["impls"]] == list(targets())
    assert {finding["check"] for entry in answer["impls"] for finding in entry["findings"]} == {"import-dependency"}
    assert answer["exit"] == 0


def test_the_report_of_the_run_gets_what_was_found_and_keeps_the_rest(tmp_path: Path) -> None:
    workdir = staged(tmp_path, {"sample.py": "1 / 0", "tests/__init__.py": ""})
    before = json.loads((workdir / "report.json").read_text())
    page, copy = tmp_path / "page.html", tmp_path / "copy.json"
    ran = check(workdir, "--report", copy, "--report-html", page)
    count = len(targets())
    assert {key: ran.report["checks"][key] for key in ("errors", "warnings")} == {"errors": count, "warnings": count}
    for entry, old in zip(ran.report["impls"], before["impls"], strict=True):
        assert {**entry, "checks": None} == old
        assert [one["check"] for one in entry["checks"]["findings"]] == ["import-fails", "top-level-name"]
        assert [one["severity"] for one in entry["checks"]["findings"]] == ["error", "warning"]
    assert json.loads(copy.read_text()) == ran.report
    assert "importing sample raises ZeroDivisionError" in page.read_text()


def test_roots_alone_can_be_checked_and_reported(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "sample", {"sample.py": "", **LICENCE}, metadata=METADATA)
    options = [*impls(), "--roots", str(tmp_path / "roots")]
    for command in (["install", "--wheel", str(wheel)], ["check", "--report", str(tmp_path / "checks.json")]):
        done = subprocess.run([*COMMAND, *command, *options], env=environment(), cwd=tmp_path, check=False)
        assert done.returncode == 0
    report = json.loads((tmp_path / "checks.json").read_text())
    jsonschema.validate(report, json_report.schema())
    assert [entry["impl"] for entry in report["impls"]] == list(targets())
    assert all(entry["checks"]["modules"] == 1 for entry in report["impls"])
    assert not (tmp_path / ".multibuild").exists()


def test_warnings_fail_under_fail_and_checks_can_be_switched_off(tmp_path: Path) -> None:
    workdir = staged(tmp_path, {"tests/__init__.py": "", "README.txt": ""})
    assert check(workdir, "--qa", "fail").returncode == 4
    ran = check(workdir, "--qa", "fail", "--check-off", "top-level-name,top-level-file")
    assert ran.returncode == 0
    assert ran.stdout.startswith("no findings")


def test_failures_that_a_configuration_allows_are_accepted(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(
        '[[check.allow]]\nmodule = "gui"\nerror = "no display"\nreason = "needs a screen"\n'
        '[[check.allow]]\nmodule = "gone"\nreason = "was needed once"\n'
    )
    ran = check(staged(tmp_path, {"gui.py": "raise OSError('no display')"}), "--config", config, "-v")
    assert ran.returncode == 0
    assert "accepted: gui.py: importing gui raises OSError: no display" in ran.stdout
    assert "the check.allow of gone (was needed once) was not needed" in ran.stdout


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('[[check.allow]]\nmodule = "x"', "each has module, reason and perhaps error"),
        ('[[check.allow]]\nmodule = "x"\nreason = 3', "each is a table of texts"),
        ("[check]\nallow = 1", "it takes tables with module, reason and perhaps error"),
        ('check-allow = "{"', "it takes a JSON array"),
    ],
)
def test_an_allow_list_that_makes_no_sense_is_refused(tmp_path: Path, table: str, told: str) -> None:
    (tmp_path / "settings.toml").write_text(table)
    ran = check(tmp_path / "work", "--config", tmp_path / "settings.toml")
    assert ran.returncode == 2
    assert told in ran.errors[0]


def test_other_bytecode_than_was_staged_is_told(tmp_path: Path) -> None:
    workdir = staged(tmp_path, {"sample.py": "x = 1"}, "--compile", "0")
    assert check(workdir, "--compile", "0").returncode == 0
    answer = checked(workdir, "--compile", "1")
    found = {finding["check"] for entry in answer["impls"] for finding in entry["findings"]}
    assert found == {"bytecode-missing", "bytecode-stray"}
    assert answer["exit"] == 1


def test_nothing_staged_is_an_error_that_says_what_to_run(tmp_path: Path) -> None:
    ran = check(tmp_path / "work")
    assert ran.returncode == 3
    assert "run the install phase first, with the same options: multibuild install" in ran.errors[0]


def test_an_image_is_checked_for_each_implementation_in_it(tmp_path: Path) -> None:
    image = str(tmp_path / "image")
    files: dict[str, str | bytes] = {"sample/__init__.py": "", "sample-1.0.data/data/share/doc/sample": ""}
    workdir = staged(tmp_path, files, "--destdir", image)
    (tmp_path / "image" / "etc").mkdir()
    (tmp_path / "image" / "etc" / "not-ours.conf").touch()
    answer = checked(workdir, "--destdir", image)
    assert [(entry["impl"], entry["findings"]) for entry in answer["impls"]] == [(impl, []) for impl in targets()]
    assert all(entry["root"] == image and entry["modules"] == 1 for entry in answer["impls"])


def test_an_image_with_links_for_equal_files_is_checked_alike(tmp_path: Path) -> None:
    options = ("--destdir", str(tmp_path / "image"), "--dedupe", "symlink")
    workdir = staged(tmp_path, {"sample/__init__.py": "VALUE = 'long enough to be told apart'\n"}, *options)
    answer = checked(workdir, *options)
    assert [entry["findings"] for entry in answer["impls"]] == [[]] * len(targets())
    assert all(entry["modules"] == 1 for entry in answer["impls"])


@pytest.mark.compiler
def test_extension_modules_are_imported_under_their_own_implementation(tmp_path: Path) -> None:
    tree = PACKAGES / "extension-c"
    names = [name for name in targets() if name.startswith("python")]
    assert multibuild(tree, *impls(*names), workdir=tmp_path / "work").returncode == 0
    ran = check_for(names, tmp_path / "work", tree, "--json", *UNLICENSED)
    answer = json.loads(ran.stdout)
    assert [entry["modules"] for entry in answer["impls"]] == [2] * len(names)  # the package and its extension
    found = {finding["check"] for entry in answer["impls"] for finding in entry["findings"]}
    assert found <= {"build-path-in-binary"}  # debugging information, where the compiler writes it
    assert ran.returncode == 0
