"""Bytecode that is made ahead of the wheel: used where it is the very same, and nothing but time depends on it."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from staging_roots import dying, environment, installed, newest, snapshot
from wheel_maker import make_wheel

from pep517_multi.errors import StagingError
from pep517_multi.process import Command, LocalRunner
from pep517_multi.staging import Layout, Stager, StageRequest
from pep517_multi.staging.bytecode import Compiler, Module
from pep517_multi.staging.drafts import Drafts

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator

    from pep517_multi.interpreters.interpreter import Interpreter

FILES = {
    "sample/__init__.py": '"""A sample."""\nassert True\n\ndef main():\n    """Greet."""\n    print("hello")\n',
    "sample/kinds.py": "def f(x):\n    return x in {None, 'a', 'b', 1, 2.5}\n",
    "sample/empty.py": "",
    "sample/inner/program.py": "#!/usr/bin/python3\nif __debug__:\n    print('\N{SNOWMAN}')\n",
    "sample/inner/template.py": "{{ name }} = 1\n",
    "sample/inner/plain.py": "x = 1\n",
}
LEVELS = Layout(levels=(0, 1, 2))
MARK = b"made ahead"


@dataclass(frozen=True)
class Place:
    """A folder with a source tree, one for drafts, and one that stands for a root."""

    path: Path

    @property
    def drafts(self) -> Path:
        return self.path / "drafts"

    def write(self, folder: str, files: dict[str, str]) -> list[tuple[str, str]]:
        """Write ``files``; return for each where it lies, and where it will be below site-packages."""
        for name, text in files.items():
            path = self.path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [(str(self.path / folder / name), name) for name in files]

    def module(self, name: str, text: str, interpreter: Interpreter) -> Module:
        """Write what a wheel brought."""
        ((path, _),) = self.write("root", {name: text})
        library = LEVELS.paths(interpreter, distribution="")["purelib"]
        return Module(Path(path), f"{library}/{name}", len(text))

    def expected(
        self,
        modules: Iterable[tuple[str, str]],
        *,
        folder: Path | None = None,
    ) -> Drafts:
        return Drafts(folder or self.drafts, lambda _: modules, lambda _: "purelib", at_once=1)

    def mark(self) -> int:
        """Add something to the bytecode of all drafts, by which it is known again; return how many there are."""
        made = list(self.path.glob("drafts/*/__pycache__/*.pyc"))
        for path in made:
            path.write_bytes(path.read_bytes() + MARK)
        return len(made)

    def marked(self) -> dict[str, bool]:
        """Return which bytecode of the root has the mark."""
        made = sorted((self.path / "root").rglob("*.pyc"))
        return {path.name.partition(".")[0]: path.read_bytes().endswith(MARK) for path in made}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def compiler() -> Iterator[Compiler]:
    compiler = Compiler(runner=LocalRunner(), environ=environment(), jobs=2)
    yield compiler
    compiler.close(abort=True)


class Turns:
    """Gives turns, or none, and tells when so many are over."""

    def __init__(self, *, free: bool = True, until: int = 1) -> None:
        self.free = free
        self.over = threading.Event()
        self._left = until

    @contextlib.contextmanager
    def __call__(self) -> Iterator[bool]:
        yield self.free
        self._left -= 1
        if self._left <= 0:
            self.over.set()


def ends() -> list[str]:
    """Return the oldest and the newest CPython, and a PyPy."""
    names = list(machine.cpythons())
    return list(dict.fromkeys([names[0], names[-1], *list(machine.pypys())[:1]]))


@pytest.mark.parametrize("invalidation", ["timestamp", "checked-hash", "unchecked-hash"])
@pytest.mark.parametrize("name", ends())
def test_a_root_is_the_same_with_drafts_and_without(place: Place, name: str, invalidation: str) -> None:
    interpreter, layout = installed(name), replace(LEVELS, invalidation=invalidation)
    wheel = make_wheel(place.path / "dist", files=FILES, executable=["sample/inner/program.py"])
    modules = place.write("source", FILES)
    roots = {}
    for drafted in (False, True):
        request = StageRequest(interpreter, (wheel,), place.path / f"root-{drafted}", layout)
        with Stager(runner=LocalRunner(), environ=environment(), jobs=2) as stager:
            if drafted:
                turns = Turns(until=3)  # the first one is to start a process; then four files each time
                stager.expect([interpreter], layout, drafts=place.expected(modules), turn=turns)
                assert turns.over.wait(60)
            roots[drafted] = stager.submit(request).result()

    assert snapshot(roots[True].root) == snapshot(roots[False].root)
    assert roots[True].not_compiled == roots[False].not_compiled != ()
    left = {path.read_text(encoding="utf-8") for path in place.drafts.rglob("*.py")}
    assert left == {FILES["sample/inner/template.py"]}  # the others were used


def test_the_bytecode_of_a_draft_is_taken_and_nothing_of_it_is_left(place: Place, compiler: Compiler) -> None:
    compiler.expect([newest()])
    compiler.draft(newest(), place.expected(place.write("source", {"m.py": "x = 1\n"})), layout=LEVELS)
    assert place.mark() == 3

    assert compiler.compile(newest(), [place.module("m.py", "x = 1\n", newest())], layout=LEVELS) == ()

    assert place.marked() == {"m": True}
    assert [path for path in place.drafts.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("source", "place_in_source", "layout"),
    [
        pytest.param("x = 2\n", "m.py", LEVELS, id="other-content"),
        pytest.param("x = 1\n", "n.py", LEVELS, id="another-path"),
        pytest.param("x = 1\n", "m.py", Layout(levels=(0, 1)), id="other-levels"),
        pytest.param("x = 1\n", "m.py", Layout(levels=(0, 1, 2), invalidation="checked-hash"), id="another-header"),
    ],
)
def test_a_draft_of_anything_else_is_not_used(
    place: Place, compiler: Compiler, source: str, place_in_source: str, layout: Layout
) -> None:
    compiler.expect([newest()])
    compiler.draft(newest(), place.expected(place.write("source", {place_in_source: source})), layout=layout)
    assert place.mark() == len(layout.levels)

    compiler.compile(newest(), [place.module("m.py", "x = 1\n", newest())], layout=LEVELS)

    assert place.marked() == {"m": False}
    assert len(list((place.path / "root/__pycache__").iterdir())) == 3


def test_a_draft_is_of_one_interpreter(place: Place, compiler: Compiler) -> None:
    link = place.path / "python"
    link.symlink_to(newest().executable.resolve())
    other = replace(newest(), executable=link)
    compiler.expect([newest()])
    compiler.draft(newest(), place.expected(place.write("source", {"m.py": "x = 1\n"})), layout=LEVELS)
    place.mark()

    compiler.compile(other, [place.module("m.py", "x = 1\n", newest())], layout=LEVELS)

    assert place.marked() == {"m": False}


@pytest.mark.parametrize("order", [1, -1], ids=["broken-last", "broken-first"])
def test_of_two_sources_for_one_place_none_gets_the_bytecode_of_the_other(
    place: Place, compiler: Compiler, order: int
) -> None:
    modules = [*place.write("src", {"m.py": "x = 1\n"}), *place.write("flat", {"m.py": "x = (\n"})]
    compiler.expect([newest()])
    compiler.draft(newest(), place.expected(modules[::order]), layout=LEVELS)

    (note,) = compiler.compile(newest(), [place.module("m.py", "x = (\n", newest())], layout=LEVELS)

    assert "m.py: SyntaxError" in note
    assert place.marked() == {}


def test_bytecode_that_has_gone_is_made(place: Place, compiler: Compiler) -> None:
    compiler.expect([newest()])
    compiler.draft(newest(), place.expected(place.write("source", {"m.py": "x = 1\n"})), layout=LEVELS)
    next(place.drafts.rglob("*.opt-2.pyc")).unlink()
    place.mark()

    assert compiler.compile(newest(), [place.module("m.py", "x = 1\n", newest())], layout=LEVELS) == ()

    assert place.marked() == {"m": False}
    assert len(list((place.path / "root/__pycache__").iterdir())) == 3


@pytest.mark.parametrize("trouble", ["gone", "no-python", "no-room", "dying", "unknown-library", "no-tree"])
def test_whatever_goes_wrong_harms_nothing(place: Place, compiler: Compiler, trouble: str) -> None:
    interpreter, files = newest(), {"m.py": "x = (\n" if trouble == "no-python" else "x = 1\n"}
    drafts = place.expected(place.write("source", files))
    if trouble == "gone":
        (place.path / "source/m.py").unlink()
    elif trouble == "no-room":
        place.drafts.touch()
    elif trouble == "dying":
        interpreter = dying(place.path, times=2)
    elif trouble == "unknown-library":
        drafts = replace(drafts, library=lambda _: "nowhere")
    elif trouble == "no-tree":
        drafts = replace(drafts, modules=lambda _: unreadable())
    compiler.expect([interpreter])
    with contextlib.suppress(KeyError, OSError):  # of the last two: nobody looks at what comes of the thread
        compiler.draft(interpreter, drafts, layout=LEVELS)

    assert compiler.compile(interpreter, [place.module("m.py", "x = 1\n", interpreter)], layout=LEVELS) == ()

    assert len(list((place.path / "root/__pycache__").iterdir())) == 3


def test_where_nothing_can_be_written_no_more_is_tried(place: Place, compiler: Compiler) -> None:
    place.drafts.touch()
    compiler.expect([newest()])

    compiler.draft(newest(), place.expected(endless(place)), layout=LEVELS)  # which would go on for ever


def unreadable() -> Iterator[tuple[str, str]]:
    yield from ()
    raise OSError(errno.EIO, "Input/output error")


def other_file_system(path: Path) -> Path | None:
    here = path.stat().st_dev
    candidates = map(Path, ("/dev/shm", "/run", "/var/tmp"))  # noqa: S108 - whatever differs
    return next((one for one in candidates if os.access(one, os.W_OK) and one.stat().st_dev != here), None)


def test_drafts_on_another_file_system_serve_too(place: Place, compiler: Compiler) -> None:
    elsewhere = other_file_system(place.path)
    if elsewhere is None:
        pytest.skip("needs two file systems that can be written to, such as a tmpfs at /dev/shm")
    with tempfile.TemporaryDirectory(dir=elsewhere) as folder:
        place.drafts.symlink_to(folder)
        compiler.expect([newest()])
        compiler.draft(newest(), place.expected(place.write("source", {"m.py": "x = 1\n"})), layout=LEVELS)
        assert place.mark() == 3

        file = place.module("m.py", "x = 1\n", newest())
        compiler.compile(newest(), [file], layout=LEVELS)

        made = list((place.path / "root/__pycache__").iterdir())
        assert place.marked() == {"m": True}
        assert {path.stat().st_mtime_ns for path in made} == {file.path.stat().st_mtime_ns}
        assert {path.stat().st_mode & 0o777 for path in made} == {0o644}
        assert not [path for path in Path(folder).rglob("*") if path.is_file()]


def endless(place: Place) -> Iterator[tuple[str, str]]:
    ((source, _),) = place.write("source", {"m.py": "x = 1\n"})
    return ((source, f"m{number}.py") for number in itertools.count())


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_leaving_the_context_waits_for_no_drafts(place: Place, error: type[BaseException] | None) -> None:
    turns = Turns(until=2)
    stager = Stager(runner=LocalRunner(), environ=environment(), jobs=2)
    with contextlib.suppress(KeyboardInterrupt), stager:
        stager.expect([newest()], LEVELS, drafts=place.expected(endless(place)), turn=turns)
        assert turns.over.wait(60)
        if error is not None:
            raise error
    left = files_below(place.drafts)

    assert left
    assert files_below(place.drafts) == left
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("draft", "ready"))]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


class RememberingRunner(LocalRunner):
    """Runs commands on this machine and remembers their processes."""

    def spawn(self, command: Command) -> subprocess.Popen[bytes]:
        self.process = super().spawn(command)
        return self.process


def test_leaving_the_context_ends_a_process_that_is_still_compiling_what_nobody_needs(place: Place) -> None:
    script = place.path / "endless"
    script.write_text("#!/bin/sh\nexec sleep 1000\n")
    script.chmod(0o755)
    runner, turns = RememberingRunner(), Turns()
    with Stager(runner=runner, environ=environment(), jobs=2) as stager:
        busy = replace(newest(), executable=script)
        stager.expect([busy], LEVELS, drafts=place.expected(endless(place)), turn=turns)
        assert turns.over.wait(60)

    assert runner.process.returncode == -9


def drafting_in_turn(place: Place, compiler: Compiler, turns: Turns) -> threading.Thread:
    """Let drafts without end be made, and wait until the turns are over."""
    compiler.expect([newest()])
    compiler.turn = turns
    drafts = place.expected(endless(place))
    drafting = threading.Thread(target=compiler.draft, args=(newest(), drafts), kwargs={"layout": LEVELS}, daemon=True)
    drafting.start()
    assert turns.over.wait(60)
    return drafting


def test_the_first_batch_ends_the_drafting(place: Place, compiler: Compiler) -> None:
    drafting = drafting_in_turn(place, compiler, Turns())

    with compiler.batch(newest(), layout=LEVELS):
        drafting.join(60)
        assert not drafting.is_alive()
        compiler.draft(newest(), place.expected(endless(place)), layout=LEVELS)  # and none begins afterwards


def test_without_a_turn_nothing_is_compiled(place: Place, compiler: Compiler) -> None:
    drafting = drafting_in_turn(place, compiler, Turns(free=False, until=3))
    compiler.stop_drafting()
    drafting.join(60)

    assert not drafting.is_alive()
    assert not place.drafts.exists()


def test_what_a_wheel_brought_is_compiled_when_a_processor_is_free(place: Place, compiler: Compiler) -> None:
    turns = Turns(free=False, until=3)
    compiler.turn = turns
    with compiler.batch(newest(), layout=LEVELS) as batch:
        batch.add(place.module("m.py", "x = 1\n", newest()))
        assert turns.over.wait(60)
        assert not (place.path / "root/__pycache__").exists()
        turns.free = True

    assert len(list((place.path / "root/__pycache__").iterdir())) == 3


def test_who_waits_for_a_processor_does_not_keep_a_run_from_being_stopped(place: Place, compiler: Compiler) -> None:
    turns = Turns(free=False, until=3)
    compiler.turn = turns
    with pytest.raises(StagingError, match="stopped"), compiler.batch(newest(), layout=LEVELS) as batch:  # noqa: PT012
        batch.add(place.module("m.py", "x = 1\n", newest()))
        assert turns.over.wait(60)
        compiler.close(abort=True)


def test_a_process_that_is_expected_waits_for_its_turn(place: Place, compiler: Compiler) -> None:
    turns = Turns(free=False, until=3)
    compiler.turn = turns
    expecting = threading.Thread(target=compiler.expect, args=([newest()],), daemon=True)
    expecting.start()
    assert turns.over.wait(60)
    compiler.draft(newest(), place.expected(endless(place)), layout=LEVELS)  # at once: nobody is there to do it
    compiler.close(abort=True)
    expecting.join(60)

    assert not expecting.is_alive()
    assert not place.drafts.exists()
