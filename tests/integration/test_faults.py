"""Faults of the system: each ends in one sentence and the right exit code, or is got over; never in half a tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND, environment, left_over, multibuild, targets
from wheel_maker import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import PackageCopy

PATIENCE = 120
AS_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts file systems, which takes root on Linux"
)
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--")
"""What makes root obey modes of files as anybody else has to."""


def first() -> tuple[str, Path]:
    return next(iter(targets().items()))


@dataclass
class Scene:
    """A run that is about to meet a fault; a fault changes whatever it wants of it."""

    folder: Path
    stack: ExitStack
    arguments: list[str | Path] = field(default_factory=list)
    prefix: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    cwd: Path | None = None
    impl: Path = field(default_factory=lambda: first()[1])

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def install(self, *more: str | Path, size: int = 1 << 10) -> None:
        """Let a ready wheel of some size be installed."""
        wheel = make_wheel(self.folder / "wheels", files={"sample.py": "X = 1\n", "sample.bin": os.urandom(size)})
        self.arguments = ["install", "--wheel", wheel, *more]

    def intervene(self, words: str, script: str) -> None:
        """Let a shell do something when the interpreter is started with ``words`` in its arguments, before it is."""
        text = f'#!/bin/sh\ncase "$*" in *{words}*) {script};; esac\nexec {self.impl} "$@"\n'
        python = self.folder / "bin" / "python3"
        python.parent.mkdir()
        python.write_text(text)
        python.chmod(0o755)
        self.impl = python

    def run(self) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in environment(**self.env).items() if name not in self.without}
        command = [*self.prefix, *COMMAND, *map(str, self.arguments)]
        command += ["--impls", str(self.impl), "--workdir", str(self.work)]
        done = subprocess.run(
            command, env=env, cwd=self.cwd, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert "Traceback" not in done.stderr
        return done


@contextmanager
def tmpfs(folder: Path, options: str) -> Iterator[None]:
    """Mount a small file system of its own at ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def full_work_directory(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.work, "size=128k"))
    scene.install(size=1 << 18)


def work_directory_without_names(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.work, "size=1m,nr_inodes=12"))
    scene.install()


def read_only_work_directory(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.work, "size=1m"))
    (scene.work / ".multibuild").touch()
    subprocess.run(["mount", "-o", "remount,ro", scene.work], check=True)
    scene.install()


def read_only_roots(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "roots", "size=1m,ro"))
    scene.install("--roots", scene.folder / "roots")


def full_roots(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "roots", "size=128k"))
    scene.install("--roots", scene.folder / "roots", size=1 << 18)


def full_image(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "image", "size=128k"))
    scene.install("--destdir", scene.folder / "image", size=1 << 18)


def work_directory_that_is_a_file(scene: Scene) -> None:
    scene.work.touch()
    scene.install()


def work_directory_that_leads_nowhere(scene: Scene) -> None:
    scene.work.symlink_to(scene.folder / "nowhere")
    scene.install()


def work_directory_of_another_user(scene: Scene) -> None:
    scene.work.mkdir()
    os.chown(scene.work, 65534, 65534)
    scene.prefix = UNPRIVILEGED
    scene.install()


def work_directory_that_may_not_be_entered(scene: Scene) -> None:
    scene.work.mkdir(mode=0o000)
    scene.prefix = UNPRIVILEGED
    scene.install()


def wheel_that_may_not_be_read(scene: Scene) -> None:
    scene.install()
    Path(scene.arguments[2]).chmod(0)
    scene.prefix = UNPRIVILEGED


def source_that_may_not_be_read(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    next((tree / "src").rglob("*.py")).chmod(0)
    scene.prefix = UNPRIVILEGED
    scene.arguments = ["build", tree]


def roots_that_are_a_file(scene: Scene) -> None:
    (scene.folder / "roots").touch()
    scene.install("--roots", scene.folder / "roots")


def root_that_is_a_file(scene: Scene) -> None:
    (scene.folder / "roots").mkdir()
    (scene.folder / "roots" / first()[0]).touch()
    scene.install("--roots", scene.folder / "roots")


def image_that_is_a_file(scene: Scene) -> None:
    (scene.folder / "image").touch()
    scene.install("--destdir", scene.folder / "image")


def report_that_is_a_folder(scene: Scene) -> None:
    (scene.folder / "report").mkdir()
    scene.install("--report", scene.folder / "report")


def report_on_a_full_file_system(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "reports", "size=4k"))
    (scene.folder / "reports" / "filler").write_bytes(b"x" * 4096)
    scene.install("--report", scene.folder / "reports" / "report.json")


def little_memory(scene: Scene) -> None:
    scene.prefix = ("prlimit", f"--as={40 << 20}", "--")
    scene.install()


def logs_that_are_a_file(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    scene.work.mkdir()
    for name in (".multibuild", "logs"):
        (scene.work / name).touch()
    scene.arguments = ["build", "--no-isolation", tree]


def log_that_is_a_folder(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    (scene.work / "logs" / f"{first()[0]}-build.log").mkdir(parents=True)
    (scene.work / ".multibuild").touch()
    scene.arguments = ["build", "--no-isolation", tree]


def work_directory_that_the_backend_removes(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    backend = "import shutil\n\ndef build_wheel(*_):\n    shutil.rmtree({!r})\n    return 'x-1-py3-none-any.whl'\n"
    (tree / "backend" / "sample_backend.py").write_text(backend.format(str(scene.work)))
    scene.arguments = ["build", "--no-isolation", tree]


def current_directory_that_is_gone(scene: Scene) -> None:
    (scene.folder / "gone").mkdir()
    scene.prefix = ("sh", "-c", 'cd "$1"; rmdir "$1"; shift; exec "$@"', "sh", str(scene.folder / "gone"))
    scene.install()


def interpreter_that_dies_while_it_compiles(scene: Scene) -> None:
    scene.intervene("target_compile", "exit 7")
    scene.install()


def interpreter_that_is_killed_while_it_compiles(scene: Scene) -> None:
    scene.intervene("target_compile", "kill -9 $$")
    scene.install()


def interpreter_that_vanishes(scene: Scene) -> None:
    scene.intervene("target_probe", f'{first()[1]} "$@"; rm "$0"; exit')
    scene.install()


def wheel_that_vanishes(scene: Scene) -> None:
    scene.install()
    scene.intervene("target_probe", f"rm -f {scene.arguments[2]}")


def source_that_vanishes(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    scene.intervene("target_probe", f"rm -rf {tree}")
    scene.arguments = ["build", "--no-isolation", tree]


def source_that_vanishes_while_it_is_built(scene: Scene) -> None:
    tree = shutil.copytree(Path(__file__).parents[1] / "packages" / "intree-backend", scene.folder / "tree")
    scene.intervene("_in_process", f"rm -rf {tree} {scene.work}/builds/*/source/*/backend")
    scene.arguments = ["build", "--no-isolation", tree]


def root_that_is_a_pipe(scene: Scene) -> None:
    (scene.folder / "roots").mkdir()
    os.mkfifo(scene.folder / "roots" / first()[0])
    scene.install("--roots", scene.folder / "roots")


def roots_that_lead_nowhere(scene: Scene) -> None:
    (scene.folder / "roots").symlink_to(scene.folder / "nowhere")
    scene.install("--roots", scene.folder / "roots")


def image_that_is_a_pipe(scene: Scene) -> None:
    os.mkfifo(scene.folder / "image")
    scene.install("--destdir", scene.folder / "image")


def image_that_leads_nowhere(scene: Scene) -> None:
    (scene.folder / "image").symlink_to(scene.folder / "nowhere")
    scene.install("--destdir", scene.folder / "image")


def read_only_image(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "image", "size=1m,ro"))
    scene.install("--destdir", scene.folder / "image")


def report_below_a_file(scene: Scene) -> None:
    (scene.folder / "report").touch()
    scene.install("--report", scene.folder / "report" / "report.json")


FAULTS: list[tuple[Callable[[Scene], None], int, str]] = [
    (full_work_directory, 1, "No space left on device"),
    (work_directory_without_names, 1, "No space left on device"),
    (read_only_work_directory, 1, "Read-only file system"),
    (read_only_roots, 1, "Read-only file system"),
    (full_roots, 1, "No space left on device"),
    (full_image, 1, "No space left on device"),
    (work_directory_that_is_a_file, 1, "cannot make the work directory.*: File exists"),
    (work_directory_that_leads_nowhere, 1, "cannot make the work directory.*: File exists"),
    (work_directory_of_another_user, 1, "cannot make the work directory.*: Permission denied"),
    (work_directory_that_may_not_be_entered, 1, "cannot make the work directory.*: Permission denied"),
    (wheel_that_may_not_be_read, 2, "is not readable"),
    (source_that_may_not_be_read, 3, "Permission denied"),
    (roots_that_are_a_file, 1, "(File exists|Not a directory)"),
    (root_that_is_a_file, 1, "is in the way of a staging root"),
    (image_that_is_a_file, 1, "is no directory; move it away"),
    (report_that_is_a_folder, 1, "cannot write the report.*: Is a directory"),
    (report_on_a_full_file_system, 1, "cannot write the report.*: No space left on device"),
    (little_memory, 1, "(memory|Memory|thread)"),
    (logs_that_are_a_file, 1, "(File exists|Not a directory)"),
    (log_that_is_a_folder, 1, "Is a directory"),
    (work_directory_that_the_backend_removes, 1, "No such file or directory|there is no such file"),
    (current_directory_that_is_gone, 2, "the current directory is gone"),
    (interpreter_that_dies_while_it_compiles, 1, "ended with status 7 while it compiled"),
    (interpreter_that_is_killed_while_it_compiles, 1, "was ended by signal 9 while it compiled"),
    (interpreter_that_vanishes, 3, "answered, and cannot be found any more"),
    (wheel_that_vanishes, 1, r"cannot open the wheel .*\.whl: No such file or directory"),
    (source_that_vanishes, 3, "there is no source at"),
    (source_that_vanishes_while_it_is_built, 1, "cannot import the backend|backend-path"),
    (root_that_is_a_pipe, 1, "is in the way of a staging root"),
    (roots_that_lead_nowhere, 1, "File exists"),
    (image_that_is_a_pipe, 1, "is no directory; move it away"),
    (image_that_leads_nowhere, 1, "is no directory; move it away"),
    (read_only_image, 1, "Read-only file system"),
    (report_below_a_file, 1, "cannot write the report"),
]


@AS_ROOT
@pytest.mark.parametrize(("fault", "code", "sentence"), [pytest.param(*one, id=one[0].__name__) for one in FAULTS])
def test_a_fault_is_told_in_one_sentence_and_nothing_is_half_made(
    tmp_path: Path, fault: Callable[[Scene], None], code: int, sentence: str
) -> None:
    with ExitStack() as stack:
        scene = Scene(tmp_path, stack)
        fault(scene)
        done = scene.run()
        told = [line for line in done.stderr.splitlines() if re.search(sentence, line)]
        assert (done.returncode, bool(told)) == (code, True), done.stderr
        assert left_over(tmp_path) == []
        made = [path for name in ("roots", "work/roots", "image") for path in (tmp_path / name).glob("*/*")]
        assert made == [] or "report" in fault.__name__


@pytest.mark.parametrize("number", [8, 13])
def test_too_few_descriptors_are_told_and_what_could_not_be_removed_is_removed_by_the_next_run(
    tmp_path: Path, number: int
) -> None:
    with ExitStack() as stack:
        scene = Scene(tmp_path, stack, prefix=("prlimit", f"--nofile={number}", "--"))
        scene.install()
        limited = scene.run()
        assert limited.returncode == 1
        assert "Too many open files" in limited.stderr
        assert [*tmp_path.glob("work/roots/[!.]*")] == []
        scene.prefix = ()
        assert scene.run().returncode == 0
        assert left_over(tmp_path) == []


def no_home(scene: Scene) -> None:
    scene.without = ("HOME", "XDG_CACHE_HOME")


def home_that_is_a_file(scene: Scene) -> None:
    (scene.folder / "home").touch()
    scene.env = {"HOME": str(scene.folder / "home"), "XDG_CACHE_HOME": ""}


def cache_that_is_damaged(scene: Scene) -> None:
    scene.env = {"XDG_CACHE_HOME": str(scene.folder / "cache")}
    scene.run()
    for path in (scene.folder / "cache").rglob("*.json"):
        path.write_bytes(b"\0" * 100)
    assert [*(scene.folder / "cache").rglob("*.json")]


def scratch_that_is_not_there(scene: Scene) -> None:
    scene.env = {"TMPDIR": str(scene.folder / "gone")}


def scratch_that_is_full(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.folder / "scratch", "size=4k"))
    (scene.folder / "scratch" / "filler").write_bytes(b"x" * 4096)
    scene.env = {"TMPDIR": str(scene.folder / "scratch")}


def output_that_is_closed(scene: Scene) -> None:
    scene.prefix = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")


def output_that_is_full(scene: Scene) -> None:
    scene.prefix = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh")


def output_that_nobody_reads(scene: Scene) -> None:
    scene.prefix = ("sh", "-c", '{ "$@"; echo $? >&3; } 2>&1 3>&2 | true; exit 0', "sh")


def interpreter_that_is_killed_once_while_it_compiles(scene: Scene) -> None:
    scene.intervene("target_compile", f"mkdir {scene.folder}/once && kill -9 $$")


def home_that_may_not_be_written_to(scene: Scene) -> None:
    (scene.folder / "home").mkdir(mode=0o555)
    scene.env = {"HOME": str(scene.folder / "home"), "XDG_CACHE_HOME": ""}
    scene.prefix = UNPRIVILEGED


def roots_on_another_file_system(scene: Scene) -> None:
    scene.stack.enter_context(tmpfs(scene.work, "size=1m"))


def root_that_leads_nowhere(scene: Scene) -> None:
    (scene.work / "roots").mkdir(parents=True)
    (scene.work / ".multibuild").touch()
    (scene.work / "roots" / first()[0]).symlink_to(scene.folder / "nowhere")


def report_in_a_folder_that_is_not_there(scene: Scene) -> None:
    scene.arguments += ["--report", scene.folder / "deep" / "down" / "report.json"]


def clock_that_goes_backwards(scene: Scene) -> None:
    scene.run()
    scene.prefix = ("faketime", "-f", "-3000d")


def lock_of_a_run_that_died_on_another_host(scene: Scene) -> None:
    scene.work.mkdir()
    (scene.work / ".multibuild").touch()
    (scene.work / ".lock").write_text('{"pid": 1, "host": "elsewhere", "since": "2001", "command": "multibuild"}')


@pytest.mark.parametrize(
    "fault",
    [
        no_home,
        home_that_is_a_file,
        cache_that_is_damaged,
        scratch_that_is_not_there,
        pytest.param(scratch_that_is_full, marks=AS_ROOT),
        interpreter_that_is_killed_once_while_it_compiles,
        pytest.param(home_that_may_not_be_written_to, marks=AS_ROOT),
        pytest.param(roots_on_another_file_system, marks=AS_ROOT),
        root_that_leads_nowhere,
        report_in_a_folder_that_is_not_there,
        clock_that_goes_backwards,
        output_that_is_closed,
        output_that_is_full,
        output_that_nobody_reads,
        lock_of_a_run_that_died_on_another_host,
    ],
    ids=lambda fault: fault.__name__,
)
def test_a_fault_that_does_not_matter_is_got_over(tmp_path: Path, fault: Callable[[Scene], None]) -> None:
    with ExitStack() as stack:
        scene = Scene(tmp_path, stack, cwd=tmp_path)
        scene.install()
        fault(scene)
        done = scene.run()
        assert done.returncode == 0, done.stderr
        assert [path.name for path in (scene.work / "roots").iterdir()] == [first()[0]]
        assert not any((tmp_path / name).exists() for name in ("~", "nowhere"))


@pytest.mark.parametrize(
    ("shell", "status"),
    [
        pytest.param('"$@" | true; exit ${PIPESTATUS[0]}', 141, id="reader-gone"),
        pytest.param('exec "$@" >/dev/full', 1, id="full"),
        pytest.param('exec "$@" >&-', 0, id="closed"),
    ],
)
def test_an_answer_that_cannot_be_written_is_no_success(shell: str, status: int) -> None:
    command = ["bash", "-c", shell, "bash", *COMMAND, "impls"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    said = "multibuild: error: cannot write to standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (status, said if status == 1 else "")


@pytest.mark.parametrize("name", ["wheels/.served.json", "source.json", "images/image.json", "wheels/x.whl.json"])
def test_damaged_state_is_one_sentence(package: PackageCopy, tmp_path: Path, name: str) -> None:
    tree, work, impl = package("intree-backend"), tmp_path / "work", ["--impls", str(first()[1])]
    more: list[str | Path] = ["--destdir", tmp_path / "image"] if "images" in name else []
    multibuild("--no-isolation", *more, tree, *impl, workdir=work)
    (path,) = work.glob(name.replace("images/", "images/*/").replace("x.whl", "*.whl"))
    path.write_bytes(path.read_bytes()[:20])
    ran = multibuild("install", *more, tree, *impl, workdir=work)
    assert ran.returncode == (1 if more else 5)
    assert len([line for line in ran.stderr.splitlines() if str(path) in line]) == 1
    healed = multibuild("clean", tree, workdir=work)
    assert (healed.returncode, work.exists()) == (0, False)


def test_two_runs_at_once_into_one_place_are_never_a_mixture(tmp_path: Path) -> None:
    """Twice into ``--roots``, and twice into ``--destdir``, from work directories of their own."""
    wheels = [
        make_wheel(tmp_path / str(n), files={f"sample/part{m}.py": f"X = {n}\n" for m in range(40)}) for n in range(2)
    ]
    for option, place in (("--roots", tmp_path / "roots"), ("--destdir", tmp_path / "image")):
        common = ["--impls", str(first()[1]), option, str(place)]
        runs = [
            subprocess.Popen(
                [*COMMAND, "install", "--wheel", str(wheel), *common, "--workdir", str(tmp_path / f"work{number}")],
                env=environment(),
                stderr=subprocess.PIPE,
                text=True,
            )
            for number, wheel in enumerate(wheels)
        ]
        ended = [(run.communicate(timeout=PATIENCE)[1], run.returncode) for run in runs]
        values = {path.read_text() for path in place.rglob("part*.py")}
        assert len(values) == 1, ended
        assert len([*place.rglob("part*.py")]) == 40
        assert len([*place.rglob("part*.pyc")]) in {40, 80}
        assert left_over(place) == []
        if option == "--roots":
            assert [code for _, code in ended] == [0, 0]
        else:  # the files of the one are those of another for the other
            assert sorted(code for _, code in ended) == [0, 1]
            assert [said for said, code in ended if code and "is there already and is not ours" in said]
