"""Phases of Portage: interrupted, run again, and for one implementation at a time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import packaging_hosts as hosts
import processes
import pytest
from command_line import snapshot
from portage_host import ebuild, has_files

if TYPE_CHECKING:
    from pathlib import Path

    from portage_host import Gentoo

pytestmark = [pytest.mark.host_portage, pytest.mark.interpreters, pytest.mark.network]

SLEEPS = """\
import os, time
from wheel_writer import write_wheel

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    print("begun", flush=True)
    while os.path.exists("@WAIT@"):
        time.sleep(0.1)
    return write_wheel(wheel_directory, "sleeper", "1.0", {"sleeper.py": b""})
"""


@pytest.fixture
def sleeper(gentoo: Gentoo, tmp_path: Path) -> str:
    source = tmp_path / "sleeper"
    shutil.copytree(hosts.SAMPLES / "fails-build", source)
    (source / "backend/sample_backend.py").write_text(SLEEPS.replace("@WAIT@", str(gentoo.top / "wait")))
    return gentoo.add("sleeper", ebuild(), source)


@pytest.mark.parametrize("whom", ["host", "multibuild"])
def test_an_interrupted_build_leaves_nothing_and_can_be_done_again(gentoo: Gentoo, sleeper: str, whom: str) -> None:
    log, wait = gentoo.top / "log", gentoo.top / "wait"
    wait.touch()
    with log.open("w") as stream:
        process = subprocess.Popen(
            gentoo.portage_command(sleeper, "install"),
            env=gentoo.portage_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        backend = has_begun(gentoo, sleeper)
        multibuild = int((gentoo.top / "multibuild.pid").read_text())
        if whom == "host":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            os.kill(multibuild, signal.SIGTERM)
        assert process.wait(60) != 0
    wait.unlink()

    assert processes.gone(multibuild)
    assert processes.gone(backend)
    if whom == "multibuild":
        assert "multibuild build: multibuild: error: interrupted; what was not complete is not there" in log.read_text()
    assert not has_files(gentoo.image(sleeper))
    again = gentoo.portage(sleeper, "install")
    assert again.returncode == 0, again.log
    assert has_files(gentoo.image(sleeper))


def has_begun(gentoo: Gentoo, package: str) -> int:
    """Wait until a backend is at work, and return its process."""
    for _ in range(1200):
        for log in (gentoo.work(package) / "work/pep517-multi/logs").glob("*-build.log"):
            if "begun" in log.read_text():
                found = subprocess.run(
                    ["pgrep", "-f", f"build_wheel {gentoo.work(package)}"], capture_output=True, check=True
                )
                return int(found.stdout.split()[0])
        time.sleep(0.05)
    pytest.fail("no backend was started within a minute")


def test_a_phase_that_runs_again_changes_nothing(gentoo: Gentoo) -> None:
    package = gentoo.add("scripts-and-data", ebuild(), hosts.SAMPLES / "scripts-and-data")
    first = gentoo.portage(package, "test", "install")
    assert first.returncode == 0, first.log
    image, wheels = snapshot(gentoo.image(package)), snapshot(gentoo.work(package) / "work/pep517-multi/wheels")

    for marker in ("compiled", "tested", "installed"):
        (gentoo.work(package) / f".{marker}").unlink()
    again = gentoo.portage(package, "test", "install")

    assert again.returncode == 0, again.log
    assert "Compiling source" in again.log
    assert "building with" not in again.log
    assert snapshot(gentoo.work(package) / "work/pep517-multi/wheels") == wheels
    assert snapshot(gentoo.image(package), times=False) == {name: (*what[:2], 0) for name, what in image.items()}


ONE_BY_ONE = """\
src_compile() {
	local impl
	for impl in $(pep517-multi_impls | tr ' ' '\\n' | tac); do
		pep517-multi_src_compile "${impl}"
	done
}
src_install() {
	local impl
	for impl in $(pep517-multi_impls | tr ' ' '\\n' | tac); do
		pep517-multi_src_install "${impl}"
	done
}
"""


def test_one_implementation_at_a_time_in_any_order_gives_the_same_image(gentoo: Gentoo) -> None:
    at_once = gentoo.add("scripts-and-data", ebuild(), hosts.SAMPLES / "scripts-and-data")
    assert gentoo.portage(at_once, "install").returncode == 0
    expected = snapshot(gentoo.image(at_once), times=False)

    gentoo.add("scripts-and-data", ebuild(after=ONE_BY_ONE), hosts.SAMPLES / "scripts-and-data")
    done = gentoo.portage(at_once, "clean", "install")

    assert done.returncode == 0, done.log
    assert snapshot(gentoo.image(at_once), times=False) == expected
