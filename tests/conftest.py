from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import distribution
import machine
import portage_host
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

PACKAGES = Path(__file__).parent / "packages"


def pytest_configure() -> None:
    """Let tests be interrupted also where they run in the background of a script, whose children ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,  # noqa: ARG001 - the names are the hook's
    call: pytest.CallInfo[None],  # noqa: ARG001
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything was installed on purpose, a skip means that a test was lost: say so."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI, where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("interpreters") and (len(machine.cpythons()) < 2 or not machine.pypys()):
        pytest.skip("needs two CPythons and a PyPy (Debian: pypy3)")
    if request.node.get_closest_marker("compiler") and not shutil.which("cc"):
        pytest.skip("needs a C compiler (Debian: gcc and python3-dev)")
    if request.node.get_closest_marker("cross") and (
        os.uname().machine == "aarch64" or not shutil.which("aarch64-linux-gnu-gcc")
    ):
        pytest.skip(
            "needs a compiler for aarch64 on another machine (Debian: gcc-aarch64-linux-gnu and libc6-dev-arm64-cross)"
        )
    if request.node.get_closest_marker("host_portage") and not all(map(shutil.which, portage_host.COMMANDS)):
        pytest.skip("needs Portage and pkgcore (the extra pep517-multi[test])")
    if request.node.get_closest_marker("host_rpm") and not shutil.which("rpmbuild"):
        pytest.skip("needs rpmbuild (Debian: rpm)")
    if request.node.get_closest_marker("host_debian") and not (
        shutil.which("dh") and shutil.which("dpkg-buildpackage")
    ):
        pytest.skip("needs dpkg-buildpackage and debhelper (Debian: dpkg-dev, debhelper, dh-python)")
    if request.node.get_closest_marker("host_arch") and not (shutil.which("makepkg") and shutil.which("bsdtar")):
        pytest.skip("needs makepkg and bsdtar (Debian: makepkg, libarchive-tools, zstd)")
    if request.node.get_closest_marker("network") and os.environ.get("PEP517_MULTI_TEST_OFFLINE"):
        pytest.skip("PEP517_MULTI_TEST_OFFLINE is set")


@pytest.fixture
def package(tmp_path: Path) -> PackageCopy:
    """Copy a sample tree of ``tests/packages`` to a place where it may be changed: ``package("pure-flit")``."""
    return PackageCopy(tmp_path / "packages")


@pytest.fixture(scope="session")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, distribution.Python]:
    """Return the interpreters of a distribution, with backends, by what a packager calls them."""
    return distribution.install(tmp_path_factory.mktemp("pythons"))


@pytest.fixture
def gentoo(tmp_path: Path, pythons: Mapping[str, distribution.Python]) -> portage_host.Gentoo:
    """Two CPythons, the older one first, and a PyPy, in the smallest Gentoo."""
    return portage_host.Gentoo(tmp_path / "gentoo", {python.impl: python.executable for python in pythons.values()})


@pytest.fixture(params=["portage", "pkgcore"])
def build(request: pytest.FixtureRequest, gentoo: portage_host.Gentoo) -> Callable[..., portage_host.Done]:
    """Run phases of a package in one of the package managers; both keep what they build in the same places."""
    run: Callable[..., portage_host.Done] = getattr(gentoo, request.param)
    return run


class PackageCopy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> Path:
        return Path(shutil.copytree(PACKAGES / name, self.folder / name, symlinks=True))


@pytest.fixture
def handlers() -> Generator[None, None, None]:
    """Take back what a run in this process does to signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
