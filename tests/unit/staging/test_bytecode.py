from __future__ import annotations

import errno
import re
import struct
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from staging_roots import dying, environment, installed, newest

from pep517_multi.errors import StagingError
from pep517_multi.process import Command, CommandStartError, Completed, LocalRunner
from pep517_multi.staging import Layout
from pep517_multi.staging.bytecode import SCRIPT, Compiler, Module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.interpreters.interpreter import Interpreter

ALL_LEVELS = Layout(levels=(0, 1, 2))


class WatchingRunner:
    """Runs commands on this machine and knows how many were alive at once."""

    def __init__(self) -> None:
        self.local = LocalRunner()
        self.commands: list[Command] = []
        self.alive: list[subprocess.Popen[bytes]] = []
        self.most = 0
        self.started = threading.Event()
        self.lock = threading.Lock()

    def run(self, command: Command) -> Completed:
        raise NotImplementedError(command)

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        with self.lock:  # a process that has ended is no longer counted before the next one is
            self.commands.append(command)
            self.alive = [process for process in self.alive if process.poll() is None]
            self.alive.append(self.local.spawn(command))
            self.most = max(self.most, len(self.alive))
            self.started.set()
            return self.alive[-1]


@pytest.fixture
def runner() -> WatchingRunner:
    return WatchingRunner()


@pytest.fixture
def compiler(runner: WatchingRunner) -> Iterator[Compiler]:
    compiler = Compiler(runner=runner, environ=environment(), jobs=2)
    yield compiler
    compiler.close()


def module(folder: Path, name: str, source: str | bytes) -> Module:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return Module(path, f"/usr/lib/{name}", path.stat().st_size)


def made(folder: Path, *, interpreter: Interpreter, name: str, level: int) -> bytes:
    ending = f".opt-{level}" if level else ""
    return (folder / f"__pycache__/{name}.{interpreter.cache_tag}{ending}.pyc").read_bytes()


def source_hash(interpreter: Interpreter, source: bytes) -> bytes:
    """Ask the target: the hash is another one in every version of Python."""
    ask = f"import importlib.util; print(importlib.util.source_hash({source!r}).hex())"
    return bytes.fromhex(subprocess.check_output([interpreter.executable, "-I", "-c", ask], text=True))


def test_a_file_is_compiled_for_every_level(compiler: Compiler, tmp_path: Path) -> None:
    file = module(tmp_path, "m.py", '"""Documented."""\nassert True\n')

    notes = compiler.compile(newest(), [file], layout=ALL_LEVELS)

    assert notes == ()
    contents = {made(tmp_path, interpreter=newest(), name="m", level=level) for level in (0, 1, 2)}
    assert len(contents) == 3
    assert all(b"/usr/lib/m.py" in content for content in contents)


def test_levels_that_cannot_differ_are_the_same_bytes(compiler: Compiler, tmp_path: Path) -> None:
    compiler.compile(newest(), [module(tmp_path, "m.py", "x = 1\n")], layout=ALL_LEVELS)

    contents = {made(tmp_path, interpreter=newest(), name="m", level=level) for level in (0, 1, 2)}
    assert len(contents) == 1


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        pytest.param("", 1, id="empty"),
        pytest.param("x = ''\n", 1, id="quotes-but-no-docstring"),
        pytest.param("asserted = 1\n", 1, id="assert-in-a-name"),
        pytest.param("def f(x):\n    assert x\n", 2, id="assert"),
        pytest.param("if __debug__:\n    x = 1\n", 2, id="debug"),
        pytest.param("if __\uff44ebug__:\n    x = 1\n", 2, id="debug-spelled-in-wide-letters"),
        pytest.param("# coding: utf-7\nif __deb+AHU-g__:\n    x = 1\n", 2, id="debug-in-an-odd-encoding"),
        pytest.param("def f():\n    'documented'\n", 2, id="docstring-of-a-function"),
        pytest.param("class C: ('documented')\n", 2, id="docstring-in-parentheses"),
        pytest.param("'documented'\nassert 1\n", 3, id="both"),
    ],
)
def test_levels_differ_where_and_only_where_the_compiler_makes_a_difference(
    compiler: Compiler, tmp_path: Path, source: str, kinds: int
) -> None:
    compiler.compile(newest(), [module(tmp_path, "m.py", source)], layout=ALL_LEVELS)

    contents = {made(tmp_path, interpreter=newest(), name="m", level=level) for level in (0, 1, 2)}
    assert len(contents) == kinds


@pytest.mark.parametrize(
    ("mode", "flags"),
    [
        pytest.param("timestamp", 0, id="timestamp"),
        pytest.param("unchecked-hash", 1, id="unchecked-hash"),
        pytest.param("checked-hash", 3, id="checked-hash"),
    ],
)
@pytest.mark.parametrize("epoch", ["", "1000000000"])
def test_the_header_says_what_was_asked_for_whatever_the_environment_says(
    runner: WatchingRunner, tmp_path: Path, mode: str, flags: int, epoch: str
) -> None:
    source = b"x = 1\n"
    file = module(tmp_path, "m.py", source)
    compiler = Compiler(runner=runner, environ=environment(SOURCE_DATE_EPOCH=epoch), jobs=1)
    compiler.compile(newest(), [file], layout=Layout(levels=(0,), invalidation=mode))
    compiler.close()

    header = made(tmp_path, interpreter=newest(), name="m", level=0)[:16]

    stamp = struct.pack("<II", int(file.path.stat().st_mtime), len(source))
    assert struct.unpack("<I", header[4:8]) == (flags,)
    assert header[8:] == (source_hash(newest(), source) if flags else stamp)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(b"print 'hello'\n", r"SyntaxError: .*, line 1", id="python-2"),
        pytest.param(b"{{ name }} = 1\n", "Error", id="template"),
        pytest.param(b"x = 1\0\n", "Error", id="null-byte"),
        pytest.param(b"# coding: nothing\n", "SyntaxError: .*nothing", id="unknown-encoding"),
        pytest.param(b"x = '\xff'\n", "Error", id="not-its-encoding"),
        pytest.param(b"x = " + b"(" * 500 + b")" * 500, "Error", id="nested-too-deeply"),
    ],
)
def test_a_file_that_does_not_compile_is_a_note_and_the_others_are_compiled(
    compiler: Compiler, tmp_path: Path, source: bytes, reason: str
) -> None:
    files = [module(tmp_path, "bad.py", source), module(tmp_path, "good.py", "x = 1\n")]

    (note,) = compiler.compile(newest(), files, layout=ALL_LEVELS)

    assert note.startswith("/usr/lib/bad.py: ")
    assert re.search(reason, note)
    assert sorted({path.name.split(".")[0] for path in (tmp_path / "__pycache__").iterdir()}) == ["good"]


def test_notes_are_in_order_of_the_files(compiler: Compiler, tmp_path: Path) -> None:
    files = [module(tmp_path, f"{name}.py", "(" * length) for name, length in (("c", 1), ("a", 2), ("b", 3))]

    notes = compiler.compile(newest(), files, layout=Layout())

    assert [note.partition(":")[0] for note in notes] == ["/usr/lib/a.py", "/usr/lib/b.py", "/usr/lib/c.py"]


def test_warnings_of_the_compiler_are_of_no_interest(compiler: Compiler, tmp_path: Path) -> None:
    assert compiler.compile(newest(), [module(tmp_path, "m.py", "x = '\\d' is 'y'\n")], layout=Layout()) == ()


def test_no_more_processes_than_jobs_are_alive(runner: WatchingRunner, tmp_path: Path) -> None:
    files = [module(tmp_path, f"m{number}.py", f"x = {number}\n") for number in range(40)]
    compiler = Compiler(runner=runner, environ=environment(), jobs=3)
    batches = [
        threading.Thread(target=compiler.compile, args=(installed(name), files), kwargs={"layout": Layout()})
        for name in machine.interpreters()
    ]
    for batch in batches:
        batch.start()
    for batch in batches:
        batch.join()
    compiler.close()

    assert 1 <= runner.most <= 3
    assert len(list((tmp_path / "__pycache__").iterdir())) >= 80


def test_a_process_compiles_many_files(runner: WatchingRunner, tmp_path: Path) -> None:
    compiler = Compiler(runner=runner, environ=environment(), jobs=2)
    compiler.compile(newest(), [module(tmp_path, f"m{n}.py", "x = 1\n") for n in range(30)], layout=Layout())
    compiler.close()

    assert len(runner.commands) <= 2


def test_the_target_is_isolated_from_the_environment(runner: WatchingRunner, tmp_path: Path) -> None:
    environ = environment(PYTHONPATH="/evil", PYTHONSTARTUP="/evil")
    compiler = Compiler(runner=runner, environ=environ, jobs=1)
    compiler.compile(newest(), [module(tmp_path, "m.py", "")], layout=Layout())
    compiler.close()

    (command,) = runner.commands
    assert command.argv[1:4] == ("-I", "-S", "-B")
    assert not [name for name in command.env if name.startswith("PYTHON")]


def test_a_process_that_dies_once_is_replaced(compiler: Compiler, tmp_path: Path) -> None:
    file = module(tmp_path, "m.py", "x = 1\n")

    assert compiler.compile(dying(tmp_path, times=1), [file], layout=Layout()) == ()

    assert made(tmp_path, interpreter=newest(), name="m", level=0)


def test_a_process_that_dies_again_is_an_error_that_names_the_file(compiler: Compiler, tmp_path: Path) -> None:
    file = module(tmp_path, "m.py", "x = 1\n")

    with pytest.raises(StagingError, match=r"ended with status 9 while it compiled /usr/lib/m\.py"):
        compiler.compile(dying(tmp_path, times=100), [file], layout=Layout())


def test_a_target_that_ends_before_it_is_asked_is_an_error(compiler: Compiler, tmp_path: Path) -> None:
    script = tmp_path / "quitter"
    script.write_text("#!/bin/sh\nexit 7\n")
    script.chmod(0o755)

    with pytest.raises(StagingError, match="ended with status 7"):
        compiler.compile(replace(newest(), executable=script), [module(tmp_path, "m.py", "")], layout=Layout())


def test_after_an_error_others_are_still_compiled(compiler: Compiler, tmp_path: Path) -> None:
    file = module(tmp_path, "m.py", "x = 1\n")
    with pytest.raises(StagingError):
        compiler.compile(dying(tmp_path, times=100), [file], layout=Layout())

    assert compiler.compile(newest(), [file], layout=Layout()) == ()


def test_a_target_that_cannot_be_started_is_an_error(compiler: Compiler, tmp_path: Path) -> None:
    gone = replace(newest(), executable=tmp_path / "gone")

    with pytest.raises(CommandStartError, match="gone"):
        compiler.compile(gone, [module(tmp_path, "m.py", "")], layout=Layout())


class Unaccountable(WatchingRunner):
    """Runs commands of which nobody learns how they ended: what a library that was loaded first can do to waiting."""

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        process = super().spawn(command)

        def fail(timeout: float | None = None) -> int:
            subprocess.Popen.wait(process, timeout)
            raise OSError(errno.EINVAL, "Invalid argument")

        process.wait = fail  # type: ignore[method-assign]  # of this process alone
        return process


def test_a_process_that_cannot_be_waited_for_is_an_error_and_no_hang(tmp_path: Path) -> None:
    compiler = Compiler(runner=Unaccountable(), environ=environment(), jobs=1)
    file = module(tmp_path, "m.py", "x = 1\n")
    told: list[BaseException] = []

    def compile_twice() -> None:
        try:
            for _ in range(2):  # before the second process starts, the first one has to be gone
                compiler.compile(newest(), [file], layout=Layout())
        except OSError as error:
            told.append(error)

    thread = threading.Thread(target=compile_twice, daemon=True)
    thread.start()
    thread.join(60)

    assert [getattr(error, "errno", None) for error in told] == [errno.EINVAL]


def test_a_folder_that_cannot_be_written_is_an_error_that_says_where(compiler: Compiler, tmp_path: Path) -> None:
    file = module(tmp_path, "m.py", "")
    (tmp_path / "__pycache__").touch()

    with pytest.raises(StagingError, match=r"cannot write bytecode for .*__pycache__"):
        compiler.compile(newest(), [file], layout=Layout())


def test_nothing_to_compile_takes_no_process(compiler: Compiler, runner: WatchingRunner) -> None:
    assert compiler.compile(newest(), [], layout=Layout()) == ()
    assert runner.commands == []


def test_what_waits_is_told_when_all_is_stopped(runner: WatchingRunner, tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 1000\n")
    endless.chmod(0o755)
    compiler = Compiler(runner=runner, environ=environment(), jobs=1)
    errors: list[StagingError] = []

    def wait() -> None:
        with pytest.raises(StagingError, match="stopped") as caught:
            compiler.compile(replace(newest(), executable=endless), [module(tmp_path, "m.py", "")], layout=Layout())
        errors.append(caught.value)

    waiting = threading.Thread(target=wait)
    waiting.start()
    runner.started.wait()
    compiler.close(abort=True)
    waiting.join()

    assert len(errors) == 1
    assert [process.returncode for process in runner.alive] == [-9]


def test_a_closed_compiler_refuses_work(tmp_path: Path) -> None:
    compiler = Compiler(runner=LocalRunner(), environ=environment(), jobs=1)
    compiler.close()

    with pytest.raises(StagingError, match="stopped"):
        compiler.compile(newest(), [module(tmp_path, "m.py", "")], layout=Layout())


def test_the_script_of_the_target_has_the_syntax_of_the_oldest_target() -> None:
    import ast

    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_files_are_compiled_while_others_are_still_to_come(compiler: Compiler, tmp_path: Path) -> None:
    first, second = (module(tmp_path, name, "x = 1\n") for name in ("a.py", "b.py"))
    expected = tmp_path / f"__pycache__/a.{newest().cache_tag}.pyc"

    with compiler.batch(newest(), layout=Layout(levels=(0,))) as batch:
        batch.add(first)
        while not expected.exists():
            assert batch.error is None
            time.sleep(0.01)
        batch.add(second)

    assert batch.sentences == ()
    assert made(tmp_path, interpreter=newest(), name="b", level=0)


def test_what_has_not_begun_is_left_undone_where_an_error_leaves(compiler: Compiler, tmp_path: Path) -> None:
    files = [module(tmp_path, f"m{number}.py", "x = 1\n") for number in range(500)]

    def interrupted() -> Iterator[Module]:
        yield from files
        raise KeyError

    with pytest.raises(KeyError):
        compiler.compile(newest(), interrupted(), layout=Layout())

    assert len(list((tmp_path / "__pycache__").glob("*.pyc"))) < 2 * len(files)
    assert compiler.compile(newest(), files[:1], layout=Layout()) == ()


def test_a_process_that_was_started_beforehand_does_the_work(
    compiler: Compiler, runner: WatchingRunner, tmp_path: Path
) -> None:
    compiler.expect([newest()])

    compiler.compile(newest(), [module(tmp_path, "m.py", "x = 1\n")], layout=Layout())

    assert len(runner.commands) == 1


def test_a_process_that_was_started_for_nothing_ends_with_the_compiler(runner: WatchingRunner, tmp_path: Path) -> None:
    compiler = Compiler(runner=runner, environ=environment(), jobs=1)
    compiler.expect([newest(), replace(newest(), executable=tmp_path / "gone")])
    compiler.close(abort=True)

    assert [process.returncode is not None for process in runner.alive] == [True]


def test_a_small_root_has_one_process(runner: WatchingRunner, tmp_path: Path) -> None:
    compiler = Compiler(runner=runner, environ=environment(), jobs=4)
    compiler.compile(newest(), [module(tmp_path, f"m{n}.py", "x = 1\n") for n in range(100)], layout=Layout())
    compiler.close()

    assert len(runner.commands) == 1


class ClosingRunner(WatchingRunner):
    """Closes a compiler just when that starts a process."""

    compiler: Compiler

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        self.compiler.close()
        return super().spawn(command)


def test_a_closed_compiler_leaves_no_process_behind_and_starts_none() -> None:
    runner = ClosingRunner()
    runner.compiler = Compiler(runner=runner, environ=environment(), jobs=1)

    runner.compiler.expect([newest(), newest()])

    assert [process.returncode for process in runner.alive] == [0]


def test_a_process_waits_for_files_that_are_still_to_come(
    compiler: Compiler, runner: WatchingRunner, tmp_path: Path
) -> None:
    with compiler.batch(newest(), layout=Layout(levels=(0,))) as batch:
        for number in range(10):
            batch.add(module(tmp_path, f"m{number}.py", "x = 1\n"))
            while not (tmp_path / f"__pycache__/m{number}.{newest().cache_tag}.pyc").exists():
                assert batch.error is None
                time.sleep(0.01)
    compiler.close()

    assert len(runner.commands) <= 2
    assert [process.poll() for process in runner.alive] == [0] * len(runner.alive)


def test_after_an_error_what_is_added_is_not_begun(compiler: Compiler, runner: WatchingRunner, tmp_path: Path) -> None:
    broken = dying(tmp_path, times=100)

    with pytest.raises(StagingError), compiler.batch(broken, layout=Layout()) as batch:  # noqa: PT012 - one batch
        batch.add(module(tmp_path, "m.py", "x = 1\n"))
        while batch.error is None:
            time.sleep(0.01)
        started = len(runner.commands)
        batch.add(module(tmp_path, "n.py", "x = 1\n"))

    assert len(runner.commands) == started


@pytest.mark.parametrize("script", ["sleep 300 & echo $! >&2; wait", "exec sleep 300"], ids=["a-child", "itself"])
def test_a_target_that_never_answers_is_ended_with_its_children_and_told(tmp_path: Path, script: str) -> None:
    hanging = tmp_path / "python"
    hanging.write_text(f"#!/bin/sh\n{script.replace('>&2', f'>{tmp_path}/pid')}\n")
    hanging.chmod(0o755)
    runner = WatchingRunner()
    compiler = Compiler(runner=runner, environ=environment(), jobs=2, seconds=0.5)
    with pytest.raises(StagingError, match=r"was still busy after 0 seconds while it compiled /usr/lib/m\.py; try it"):
        compiler.compile(replace(newest(), executable=hanging), [module(tmp_path, "m.py", "")], layout=Layout())
    compiler.close()
    assert [process.returncode for process in runner.alive] == [-9]
    pids = (tmp_path / "pid").read_text().split() if (tmp_path / "pid").exists() else []
    for pid in pids:
        deadline = time.monotonic() + 60
        while runs(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def runs(pid: str) -> bool:
    """Whether a process is there; one that has ended and that nobody has waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_file_that_takes_too_much_memory_is_one_that_does_not_compile(tmp_path: Path) -> None:
    bounded = tmp_path / "python"
    bounded.write_text(f'#!/bin/sh\nulimit -d 60000\nexec {newest().executable} "$@"\n')
    bounded.chmod(0o755)
    compiler = Compiler(runner=LocalRunner(), environ=environment(), jobs=1)
    files = [module(tmp_path, "m.py", f"x = [{'1,' * 300_000}]\n"), module(tmp_path, "n.py", "x = 1\n")]
    told = compiler.compile(replace(newest(), executable=bounded), files, layout=Layout())
    assert told == ("/usr/lib/m.py: MemoryError: to compile it takes more memory than a process may have",)
    compiler.close()


def test_a_long_file_has_more_time(tmp_path: Path) -> None:
    source = "".join(f"x{number} = {number}\n" for number in range(2000))
    slow = tmp_path / "python"
    slow.write_text(f'#!/bin/sh\nsleep 1\nexec {newest().executable} "$@"\n')
    slow.chmod(0o755)
    compiler = Compiler(runner=LocalRunner(), environ=environment(), jobs=1, seconds=-2)
    files = [module(tmp_path, "m.py", source * 4)]
    assert compiler.compile(replace(newest(), executable=slow), files, layout=Layout()) == ()
    compiler.close()
