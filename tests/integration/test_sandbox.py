"""Code of strangers in a sandbox: each kind that this machine can make, as root and as an ordinary user."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND, cpython_targets, environment, impls, multibuild, pypy_targets, snapshot, targets
from processes import gone, is_running

from pep517_multi.process import Command, CommandTimeoutError, LocalRunner
from pep517_multi.sandbox import Sandbox, SandboxedRunner, find_sandbox
from pep517_multi.sandbox.finding import NoSandboxError
from pep517_multi.sandbox.view import Own, mounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import PackageCopy

NOBODY = 65534
SCRIPT = Path(sys.modules["pep517_multi.sandbox.finding"].__file__ or "").with_name("target_sandbox.py")
IS_ROOT = os.geteuid() == 0


def kinds() -> list[object]:
    own = ("/usr/bin/python3", "-I", "-S", "-B", str(SCRIPT))
    tools = [("bubblewrap", (shutil.which("bwrap") or "bwrap",)), ("own", own)]
    found = [Sandbox(name, tool, user) for name, tool in tools for user in (True, False)]
    return [pytest.param(one, id=f"{one.name}-{'user' if one.user else 'root'}") for one in found]


@pytest.fixture(params=kinds())
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    chosen: Sandbox = request.param
    if not chosen.user and not IS_ROOT:
        pytest.skip("only root can do without a user namespace")
    if not Path(chosen.tool[0]).exists():
        pytest.skip(f"needs {chosen.tool[0]} (Debian: bubblewrap, python3)")
    if subprocess.run(["unshare", "-Urmpn", "--fork", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a kernel that gives namespaces")
    return chosen


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


class Place:
    """A home with a secret, a folder to work in, and a runner."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work, self.outside = folder / "home", folder / "work", folder / "outside"
        for path in (self.home, self.work, self.outside):
            path.mkdir()
        (self.home / "secret").write_text("password")
        self.environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home)}
        self.fresh = folder / "fresh"

    def run(self, sandbox: Sandbox, script: str, *, timeout: float | None = None, log: Path | None = None) -> str:
        runner = SandboxedRunner(LocalRunner(), sandbox, self.environ, self.fresh)
        argv = ("/usr/bin/python3", "-I", "-S", "-c", textwrap.dedent(script))
        command = Command(argv, cwd=self.work, env=self.environ, writes=(self.work,), timeout=timeout, log=log)
        completed = runner.run(command)
        assert completed.returncode == 0, completed.stderr.decode()
        return completed.stdout.decode()


TRY = """
import json, os, sys
def attempt(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.strerror
    return "done"
def write(path):
    with open(path, "a") as stream:
        stream.write("x")
"""


def test_nothing_can_be_written_to_but_what_is_its_own(sandbox: Sandbox, place: Place) -> None:
    (place.outside / "file").write_text("mine")
    paths = {
        "work": place.work / "x",
        "home": place.home / "x",
        "tmp": "/tmp/x",  # noqa: S108 - it is another one in there
        "usr": "/usr/x",
        "etc": "/etc/x",
        "var": "/var/x",
        "root": "/x",
        "proc": "/proc/sys/kernel/domainname",
    }
    texts = {name: str(path) for name, path in paths.items()}
    found = json.loads(
        place.run(sandbox, f"{TRY}\nprint(json.dumps({{n: attempt(write, p) for n, p in {texts}.items()}}))")
    )
    assert {name for name, how in found.items() if how == "done"} == {"work", "home", "tmp"}
    assert set(found.values()) == {"done", "Read-only file system"}
    assert sorted(path.name for path in place.home.iterdir()) == ["secret"]
    assert [*place.fresh.iterdir()] == []
    assert (place.work / "x").read_text() == "x"


def test_homes_and_what_else_is_hidden_cannot_be_read(sandbox: Sandbox, place: Place) -> None:
    script = (
        f"import os; print(os.listdir({str(place.home)!r}), os.path.exists({str(place.outside)!r}), os.listdir('/run'))"
    )
    assert place.run(sandbox, script) == "[] False []\n"


def test_there_is_no_network_but_the_machine_itself(sandbox: Sandbox, place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"""
            import socket
            print([name for _, name in socket.if_nameindex()])
            for address in (("127.0.0.1", {port}), ("192.0.2.1", 80)):
                try:
                    socket.create_connection(address, 2)
                except OSError as error:
                    print(type(error).__name__, error.strerror)
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname())
                print("itself")
        """
        said = place.run(sandbox, script)
    assert said == "['lo']\nConnectionRefusedError Connection refused\nOSError Network is unreachable\nitself\n"


def test_other_processes_are_out_of_sight_and_reach(sandbox: Sandbox, place: Place) -> None:
    script = f"""{TRY}
print(len([name for name in os.listdir('/proc') if name.isdigit()]) < 5, attempt(os.kill, {os.getpid()}, 0))
print([attempt(os.kill, number, 9) for number in range(300, 400) if attempt(os.kill, number, 0) == "done"])
"""
    assert place.run(sandbox, script) == "True No such process\n[]\n"


def test_root_has_no_power_over_the_machine(sandbox: Sandbox, place: Place) -> None:
    script = f"""{TRY}
import subprocess
print(attempt(os.mknod, "device", 0o60600, os.makedev(8, 0)), attempt(os.chroot, "/"))
print(subprocess.run(["mount", "-o", "remount,rw", "/"], capture_output=True).returncode != 0)
print(subprocess.run(["unshare", "-Urm", "umount", "/tmp"], capture_output=True).returncode != 0)
print(sorted(os.listdir("/dev")))
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNewPrivs")])
"""
    first, *others = place.run(sandbox, script).splitlines()
    assert first == "Operation not permitted Operation not permitted"
    assert others[:2] == ["True", "True"]
    assert not {"sda", "vda", "mem", "kmsg"} & set(json.loads(others[2].replace("'", '"')))
    assert others[3] == "['1']"


def test_what_is_left_behind_is_ended(sandbox: Sandbox, place: Place) -> None:
    script = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    open("beat", "w").write(str(time.time()))
                    time.sleep(0.01)
            os._exit(0)
        while not os.path.exists("beat"):
            time.sleep(0.01)
    """
    place.run(sandbox, script)
    before = (place.work / "beat").read_text()
    time.sleep(0.2)
    assert (place.work / "beat").read_text() == before


def test_a_time_limit_holds(sandbox: Sandbox, place: Place) -> None:
    with pytest.raises(CommandTimeoutError):
        place.run(sandbox, "import time; open('begun', 'w'); time.sleep(300)", timeout=3)
    assert (place.work / "begun").exists()
    assert [*place.fresh.iterdir()] == []
    assert not _mentions(str(place.work))


def _mentions(text: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return [line for line in found if text in line]


def test_a_jobserver_that_lies_in_a_hidden_place_can_be_used(sandbox: Sandbox, place: Place) -> None:
    pipe = place.outside / "tokens"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    os.write(held, b"+")
    place.environ["MAKEFLAGS"] = f"-j --jobserver-auth=fifo:{pipe}"
    script = f"import os; d = os.open({str(pipe)!r}, os.O_RDWR); print(os.read(d, 1)); os.write(d, b'-')"
    assert place.run(sandbox, script) == "b'+'\n"
    assert os.read(held, 1) == b"-"
    os.close(held)


def test_a_pseudo_terminal_and_shared_memory_can_be_had(sandbox: Sandbox, place: Place) -> None:
    script = "import os, pty; pty.openpty(); open('/dev/shm/x', 'w'); open('/dev/null', 'w'); print(len(os.urandom(2)))"
    assert place.run(sandbox, script) == "2\n"


def test_the_log_says_that_there_was_a_sandbox(sandbox: Sandbox, place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    place.run(sandbox, "print('said')", log=log)
    assert log.read_text() == f"# in a sandbox ({sandbox.name}): no network, nothing else to write to\nsaid\n"


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_an_ordinary_user_has_the_same_sandbox(sandbox: Sandbox) -> None:
    if not sandbox.user:
        sandbox = Sandbox(sandbox.name, sandbox.tool, user=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in (folder, folder / "home", folder / "tmp", folder / "work", folder / "mine"):
            path.mkdir(exist_ok=True)
            os.chown(path, NOBODY, NOBODY)
        tool = sandbox.tool
        if tool[-1].endswith(".py"):
            tool = (*tool[:-1], str(shutil.copy(tool[-1], name)))
        own = Own(folder / "home", folder / "tmp")
        view = mounts({"HOME": str(folder / "mine")}, own, reads=(), writes=(folder / "work",))
        places = ["x", "/tmp/x", str(folder / "mine" / "x"), "/usr/x"]  # noqa: S108 - as above
        code = f"{TRY}\nprint(os.getuid(), [attempt(write, place) for place in {places}])"
        argv = Sandbox(sandbox.name, tool, user=True).argv(
            ("/usr/bin/python3", "-I", "-S", "-c", code), view, cwd=folder / "work"
        )
        done = subprocess.run(
            argv, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
        )
        assert done.stdout == "65534 ['done', 'done', 'done', 'Read-only file system']\n", done.stderr
        assert [*(folder / "mine").iterdir()] == []


def test_the_first_kind_that_works_is_found() -> None:
    environ = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}
    assert find_sandbox(LocalRunner(), environ).name in {"bubblewrap", "multibuild's own"}


@pytest.fixture
def without_namespaces() -> Iterator[list[str]]:
    """Run a command as where the kernel forbids namespaces: in one that may have none below it."""
    if not IS_ROOT:
        pytest.skip("needs root, to forbid namespaces")
    return ["unshare", "-U", "--map-user=0", "--map-group=0", "sh", "-c", FORBID, "sh"]  # type: ignore[return-value]


FORBID = 'echo 0 > /proc/sys/user/max_user_namespaces; echo 0 > /proc/sys/user/max_mnt_namespaces; exec "$@"'


def forbidden(folder: Path, prefix: Sequence[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [*prefix, *COMMAND, *map(str, arguments), "--workdir", str(folder / "work")]
    return subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False)


def test_where_the_kernel_forbids_it_that_is_told(
    package: PackageCopy, tmp_path: Path, without_namespaces: list[str]
) -> None:
    tree = package("intree-backend")
    wanted = impls(cpython_targets()[0])
    refused = forbidden(tmp_path, without_namespaces, tree, "--sandbox", *wanted)
    assert refused.returncode == 3, refused.stderr
    (error,) = [line for line in refused.stderr.splitlines() if line.startswith("multibuild: error: ")]
    assert "no sandbox can be made here" in error
    assert "--sandbox off" in error
    assert not (tmp_path / "work" / "builds").exists()

    done = forbidden(tmp_path, without_namespaces, tree, "--sandbox", "auto", *wanted)
    assert done.returncode == 0, done.stderr
    assert "multibuild: build backends run without a sandbox: no sandbox can be made here" in done.stderr


@pytest.mark.interpreters
@pytest.mark.compiler
@pytest.mark.network
def test_wheels_are_the_same_as_without_one(package: PackageCopy, tmp_path: Path) -> None:
    tree, epoch = package("extension-c"), {"SOURCE_DATE_EPOCH": "1700000000"}
    wanted = impls(cpython_targets()[-1], pypy_targets()[0])
    before = snapshot(tree)
    hashes = []
    for given in (["--sandbox"], []):
        ran = multibuild(tree, *given, *wanted, workdir=tmp_path / "work", env=epoch)
        assert set(ran.actions.values()) == {"built"}, ran.stderr
        assert all(entry["seconds"]["build"] for entry in ran.impls.values())
        hashes.append({name: entry["wheel_sha256"] for name, entry in ran.impls.items()})
    assert snapshot(tree) == before
    assert hashes[0] == hashes[1]
    assert not (tmp_path / "work" / "sandbox").exists()


@pytest.mark.parametrize("given", [("--sandbox",), ("--sandbox", "auto")])
def test_an_option_with_or_without_a_value_leaves_the_source_alone(
    package: PackageCopy, tmp_path: Path, given: tuple[str, ...]
) -> None:
    ran = multibuild(*given, package("intree-backend"), *impls(cpython_targets()[0]), workdir=tmp_path / "work")
    assert ran.returncode == 0, ran.stderr
    log = (tmp_path / "work" / "logs" / f"{cpython_targets()[0]}-build.log").read_text()
    assert "# in a sandbox" in log


def test_an_interrupt_ends_what_runs_in_a_sandbox(package: PackageCopy, tmp_path: Path) -> None:
    import signal

    tree = package("intree-backend")
    backend = tree / "backend" / "sample_backend.py"
    marker = "# begins to wait"
    backend.write_text(f"{backend.read_text()}\nimport time\nprint({marker!r}, flush=True)\ntime.sleep(300)\n")
    log = tmp_path / "work" / "logs" / f"{cpython_targets()[0]}-build.log"
    argv = [*COMMAND, str(tree), "--sandbox", *impls(cpython_targets()[0]), "--workdir", str(tmp_path / "work")]
    child = subprocess.Popen(argv, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (log.exists() and marker in log.read_text()):
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 130
    assert gone(child.pid)
    assert not _mentions(str(tmp_path / "work" / "builds"))
    assert not is_running(child.pid)


def test_no_sandbox_is_an_error_with_every_reason() -> None:
    with pytest.raises(NoSandboxError, match=r"multibuild's own: .*; let the kernel give user namespaces"):
        find_sandbox(_Refusing(), {"PATH": ""})  # type: ignore[arg-type]


class _Refusing:
    def run(self, command: Command) -> object:
        return LocalRunner().run(Command(("/bin/false",), cwd=Path("/"), env=command.env))


def test_several_threads_may_use_one_runner(sandbox: Sandbox, place: Place) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda number=number: answers.append(place.run(sandbox, f"print({number})")))
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["0\n", "1\n", "2\n"]
    assert set(targets())
