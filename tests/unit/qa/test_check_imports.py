from __future__ import annotations

from typing import TYPE_CHECKING

import machine
import pytest
from check_roots import METADATA, Staged
from staging_roots import installed, snapshot

from pep517_multi.settings import AllowedImport

if TYPE_CHECKING:
    from pathlib import Path

NOT_IMPORTS = ("strays", "bytecode")
EVERYONE = list(machine.interpreters())


def imports(staged: Staged, **settings: object) -> list[str]:
    return staged.told(check_off=NOT_IMPORTS, **settings)


@pytest.mark.parametrize("impl", EVERYONE)
def test_what_can_be_imported_gives_no_finding(tmp_path: Path, impl: str) -> None:
    files = {"sample/__init__.py": "from sample import inner", "sample/inner.py": "", "other.py": "import sample.inner"}
    staged = Staged(tmp_path, files, interpreter=installed(impl))
    report = staged.check()
    assert [entry.problems for entry in report.impls] == [()]
    assert [entry.modules for entry in report.impls] == [2]
    assert report.exit == 0


@pytest.mark.parametrize("impl", EVERYONE)
def test_whatever_modules_do_the_others_are_imported_all_the_same(tmp_path: Path, impl: str) -> None:
    files = {
        "aborts.py": "import os; os.abort()",
        "exits.py": "import sys; print('on my way'); sys.exit(3)",
        "hangs.py": "while True: pass",
        "prints.py": "print('\\x1e{}\\x1e', flush=True); import os; os.write(2, b'garbage')",
        "quits.py": "import os; os._exit(0)",
        "raises.py": "raise OSError('no such thing')",
        "zone.py": "",
    }
    staged = Staged(tmp_path, files, interpreter=installed(impl))
    assert imports(staged, check_timeout=1.5) == [
        "import-dies: importing aborts, the process was ended by SIGABRT (it aborted)",
        "import-fails: importing exits calls sys.exit(3)",
        "import-hangs: importing hangs takes more than 1.5 seconds",
        "import-dies: importing quits, the process ended by itself with status 0",
        "import-fails: importing raises raises OSError: no such thing (raises.py, line 1)",
    ]


@pytest.mark.parametrize("impl", [name for name in EVERYONE if name.startswith("python")])
@pytest.mark.parametrize("prints", ["", "print('x' * 100_000, flush=True)\n"], ids=["silent", "after much output"])
def test_a_segmentation_fault_is_told_as_one_with_where_it_happened(tmp_path: Path, impl: str, prints: str) -> None:
    source = f"{prints}import ctypes\n\nctypes.string_at(1)\n"
    staged = Staged(tmp_path, {"broken.py": source}, interpreter=installed(impl))
    (problem,) = staged.problems(check_off=NOT_IMPORTS)
    assert problem.check.name == "import-dies"
    assert "SIGSEGV (a segmentation fault)" in problem.finding.message
    line = source.count("\n")
    assert any(f'broken.py", line {line} in <module>' in told for told in problem.finding.lines)


def test_what_a_failing_module_prints_is_kept(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"broken.py": "print('a hint'); 1 / 0"})
    (problem,) = staged.problems(check_off=NOT_IMPORTS)
    assert problem.finding.lines == ("a hint",)


def test_a_module_that_kills_the_process_above_it_is_blamed_and_no_other(tmp_path: Path) -> None:
    killer = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    files = {"a.py": "", "b.py": killer, "c/__init__.py": "", "c/d.py": killer, "c/e.py": "", "f.py": ""}
    (first, second) = imports(Staged(tmp_path, files), all_modules=True)
    assert "importing b, the process was ended by SIGKILL" in first
    assert "importing c.d, the process was ended by SIGKILL" in second


def test_a_missing_dependency_is_neither_a_pass_nor_an_error(tmp_path: Path) -> None:
    files = {
        "needs_it.py": "import not_there_at_all.sub",
        "wraps_it.py": "try:\n    import not_there_at_all\nexcept ImportError:\n    raise ImportError('install it')",
        "own.py": "import own.lacking",
    }
    staged = Staged(tmp_path, files, metadata=f"{METADATA}Requires-Dist: not-there-at-all\n")
    assert imports(staged) == [
        "import-dependency: importing needs_it needs not_there_at_all, which is required but not installed",
        (
            "import-fails: importing own raises ModuleNotFoundError: No module named 'own.lacking'; 'own' is not"
            " a package (own.py, line 1)"
        ),
        "import-dependency: importing wraps_it needs not_there_at_all, which is required but not installed",
    ]
    assert staged.check(check_off=("import-fails", "strays")).exit == 0


def test_a_dependency_that_no_metadata_name_is_told_as_that(tmp_path: Path) -> None:
    (told,) = imports(Staged(tmp_path, {"needs_it.py": "import not_there_at_all"}))
    assert told.endswith("needs not_there_at_all, which is neither in the wheel nor installed")


def test_what_the_standard_library_no_longer_has_is_no_missing_dependency(tmp_path: Path) -> None:
    files = {"old.py": "import urllib2", "windows.py": "import winreg"}
    assert imports(Staged(tmp_path, files)) == [
        "import-fails: importing old needs urllib2, which is a module of Python 2",
        "import-dependency: importing windows needs winreg, which only Windows has",
    ]


def test_top_level_modules_are_imported_and_all_of_them_only_on_request(tmp_path: Path) -> None:
    files = {
        "sample/__init__.py": "",
        "sample/broken.py": "1 / 0",
        "sample/deep/__init__.py": "raise RuntimeError('deep')",
        "sample/deep/below.py": "",
        "sample/__main__.py": "raise SystemExit(2)",
        "space/part/__init__.py": "",
        "space/part/broken.py": "1 / 0",
    }
    staged = Staged(tmp_path, files)
    assert imports(staged) == []
    assert imports(staged, all_modules=True) == [
        "import-fails: importing sample.broken raises ZeroDivisionError: division by zero (sample/broken.py, line 1)",
        (
            "import-fails: importing sample.deep raises RuntimeError: deep (sample/deep/__init__.py, line 1); what lies"
            " below it was not tried (modules: 1)"
        ),
        (
            "import-fails: importing space.part.broken raises ZeroDivisionError: division by zero"
            " (space/part/broken.py, line 1)"
        ),
    ]


def test_the_top_of_a_namespace_package_is_what_lies_in_it(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"space/part/__init__.py": "import space.other", "space/other.py": ""})
    (entry,) = staged.check().impls
    assert entry.modules == 2
    assert entry.problems == ()


def test_a_package_with_threads_is_not_forked_again(tmp_path: Path) -> None:
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    files = {"sample/__init__.py": threads, "sample/inner.py": "import sample\nassert sample.threading\n"}
    assert imports(Staged(tmp_path, files), all_modules=True) == []


def test_a_module_that_replaces_what_it_finds_in_os_is_no_trouble(tmp_path: Path) -> None:
    patching = "import os, time\nos.fork = os.write = os.waitpid = os._exit = time.monotonic = None\n"
    assert imports(Staged(tmp_path, {"sample/__init__.py": patching, "sample/inner.py": ""}), all_modules=True) == []


def test_modules_see_no_home_no_screen_and_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", "/dev/null")
    code = (
        "import os, sys, tempfile\n"
        "assert sys.stdin.read() == ''\n"
        "assert 'DISPLAY' not in os.environ and 'PYTHONPATH' not in os.environ, 'display'\n"
        "assert os.listdir('.') == [], 'cwd'\n"
        "assert os.listdir(os.path.expanduser('~')) == [], 'home'\n"
        f"assert os.path.expanduser('~') != {str(tmp_path)!r}\n"
        "open(os.path.expanduser('~/.config'), 'w').close()\n"
        "tempfile.mkdtemp()\n"
    )
    assert imports(Staged(tmp_path, {"looks.py": code})) == []


def test_nothing_is_left_behind_and_the_root_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    code = "import os, sample\nos.mkdir(os.path.expanduser('~/locked'), 0o500)\n"
    staged = Staged(tmp_path, {"uses.py": code, "sample/__init__.py": ""}, layout=None)
    for path in staged.modules.glob("__pycache__/*"):
        path.unlink()
    before = snapshot(staged.root)
    assert imports(staged) == []
    assert snapshot(staged.root) == before
    assert list(scratch.iterdir()) == []


def test_an_import_that_writes_into_the_package_is_told(tmp_path: Path) -> None:
    code = "import os\nfolder = os.path.dirname(__file__)\nopen(folder + '/made.txt', 'w').close()\n"
    code += "os.remove(folder + '/victim.txt')\n"
    found = Staged(tmp_path, {"writes.py": code, "victim.txt": ""}).found(check_off=NOT_IMPORTS)
    assert found == {"import-writes": ["made.txt", "victim.txt"]}


def test_a_module_that_is_found_elsewhere_is_told(tmp_path: Path) -> None:
    code = "import sys, json\nsys.modules['sample'] = json\n"
    (told,) = imports(Staged(tmp_path, {"sample.py": code}))
    assert told.startswith("import-elsewhere: sample imports ")


def test_a_startup_file_runs_before_the_imports(tmp_path: Path) -> None:
    files = {
        "added.pth": "more\nimport sys; sys.added = True\n",
        "more/inner.py": "",
        "uses.py": "import inner, sys; sys.added",
    }
    assert imports(Staged(tmp_path, files)) == []


def test_a_startup_file_that_fails_is_told(tmp_path: Path) -> None:
    (told,) = imports(Staged(tmp_path, {"bad.pth": "import not_there_at_all\n", "fine.py": ""}))
    assert told == "startup-file: a .pth file fails: ModuleNotFoundError: No module named 'not_there_at_all'"


def test_a_startup_file_that_ends_the_interpreter_is_told_once(tmp_path: Path) -> None:
    (told,) = imports(Staged(tmp_path, {"bad.pth": "import os; os._exit(7)\n", "fine.py": "", "good.py": ""}))
    assert told == "startup-file: a .pth file fails: the interpreter ended with status 7"


def test_allowed_failures_are_accepted_with_their_reason(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample/__init__.py": "", "sample/gui.py": "1 / 0", "sample/web.py": "1 / 0"})
    allowed = AllowedImport("sample.g*", "ZeroDivision", "needs a screen")
    report = staged.check(all_modules=True, check_allow=(allowed,), check_off=NOT_IMPORTS)
    accepted = {problem.finding.file: problem.finding.accepted for problem in report.impls[0].problems}
    assert accepted == {"sample/gui.py": "needs a screen", "sample/web.py": None}
    assert report.exit == 1
    assert report.unused == ()


def test_an_allowed_failure_with_another_error_is_not_accepted_and_told_as_unused(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"broken.py": "1 / 0"})
    report = staged.check(check_allow=(AllowedImport("broken", "KeyError", "known"),), check_off=NOT_IMPORTS)
    assert report.exit == 1
    assert report.unused == ("the check.allow of broken (known) was not needed; drop it",)


def test_an_entry_of_the_allow_list_can_be_for_some_implementations_and_projects_only(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"broken.py": "1 / 0"})
    name = staged.interpreter.name
    cases = [("samp*", "python3.*", 0, ()), ("other", "*", 1, ()), ("*", "pypy*", 1, ()), ("sample", name, 0, ())]
    for package, impl, code, unused in cases:
        allowed = AllowedImport("broken", "", "known", package, impl)
        report = staged.check(check_allow=(allowed,), check_off=NOT_IMPORTS)
        assert (package, impl, report.exit, report.unused) == (package, impl, code, unused)


def test_switched_off_imports_are_not_run(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"broken.py": "1 / 0"})
    report = staged.check(check_off=("imports",), check_allow=(AllowedImport("x", "", "y"),))
    assert report.exit == 0
    assert report.unused == ()
    assert report.impls[0].modules == 0


def test_an_extension_module_of_another_implementation_cannot_be_imported(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample/__init__.py": "", "sample/both.py": ""})
    for name in ("only", "both"):
        (staged.modules / f"sample/{name}.cpython-32m-sparc-linux-gnu.so").write_bytes(b"\x7fELF")
    (staged.modules / "sample/libplain.so").write_bytes(b"\x7fELF no module")
    (staged.modules / "sample/empty.so").touch()
    assert staged.found(check_off=NOT_IMPORTS) == {"extension-suffix": ["sample/only.cpython-32m-sparc-linux-gnu.so"]}


def test_an_extension_module_is_imported_below_its_package(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"sample/__init__.py": ""})
    suffix = staged.interpreter.extension_suffixes[0]
    (staged.modules / f"sample/_fast{suffix}").write_bytes(b"no shared object")
    (told,) = imports(staged)
    assert told.startswith("import-fails: importing sample._fast raises ImportError")
