"""What lies about on a machine, or on its index, changes nothing and is not told to anybody."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND, cpython_targets, environment, impls, multibuild, targets
from toy_backends import backend_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import PackageCopy

USER, PASSWORD = "packager", "s3cret-of-packager"
SHADOWS = ("packaging", "click", "installer", "build", "sitecustomize", "usercustomize", "json", "tomllib", "ctypes")
PROGRAMS = ("python3", "python", "uv", "pip", "git", "patch", "diffoscope", "abi3audit", "bwrap", "make", "ninja")


@pytest.fixture
def trap(package: PackageCopy, tmp_path: Path) -> Path:
    """A source tree full of modules and programs that say so when they are run by anybody but a hook."""
    tree = package("intree-backend")
    caught = tmp_path / "caught"
    for name in SHADOWS:
        (tree / f"{name}.py").write_text(f"open({str(caught)!r}, 'a').write({name!r})\nraise SystemExit(99)\n")
    for name in PROGRAMS:
        (tree / name).write_text(f"#!/bin/sh\necho {name} >> {caught}\nexit 99\n")
        (tree / name).chmod(0o755)
    (tree / "installer").mkdir(exist_ok=True)
    (tree / "installer" / "__init__.py").write_text(f"open({str(caught)!r}, 'a').write('installer')\n")
    return tree


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("{}", id="usual"),
        pytest.param(".:{}", id="dot-first"),
        pytest.param(":{}", id="empty-entry-first"),
        pytest.param("{}:", id="empty-entry-last"),
        pytest.param("bin:./:{}", id="relative"),
    ],
)
def test_nothing_in_the_current_folder_is_run_or_imported(trap: Path, tmp_path: Path, path: str) -> None:
    odd = {"PATH": path.format(os.environ["PATH"])}
    name = cpython_targets()[0]
    for arguments in (["plan"], ["impls"], []):
        done = subprocess.run(
            [
                *COMMAND,
                *arguments,
                *impls(name),
                *([] if arguments == ["impls"] else ["--workdir", str(tmp_path / "work")]),
            ],
            cwd=trap,
            env=environment(**odd),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "caught").exists()
    report = json.loads((tmp_path / "work" / "report.json").read_text())
    assert report["impls"][0]["action"] == "built"
    assert Path(report["impls"][0]["executable"]) == targets()[name]


def test_a_program_in_the_current_folder_is_no_interpreter(trap: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "impls", "--json"],
        cwd=trap,
        env=environment(PATH=f".:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(trap) not in done.stdout


class Index(http.server.SimpleHTTPRequestHandler):
    """An index of one folder, for whoever has the password."""

    def do_GET(self) -> None:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Serve ``toybackend`` 1.0 from an index that wants a password; the URL holds it."""
    folder = tmp_path / "index" / "toybackend"
    folder.mkdir(parents=True)
    wheel = backend_wheel(folder)
    page = f'<!DOCTYPE html><a href="{wheel.name}">{wheel.name}</a>'
    (folder / "index.html").write_text(page)
    handler = functools.partial(Index, directory=str(tmp_path / "index"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def project(folder: Path, *, requires: str, tells: bool = False) -> Path:
    folder.mkdir()
    told = "import os; print(dict(os.environ))" if tells else ""
    (folder / "own.py").write_text(f"{told}\nfrom toybackend import *\n")
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "own"\nbackend-path = ["."]\n'
        '[project]\nname = "toy"\nversion = "1.0"\n'
    )
    return folder


def everything(workdir: Path) -> Iterator[tuple[str, bytes]]:
    for path in workdir.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(workdir)), path.read_bytes()


def ways(index: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the ways in which a user may name an index: environment variables for each."""
    (folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
    (folder / "uv.toml").write_text(f'[[index]]\nurl = "{index}"\ndefault = true\n')
    bare = index.replace(f"{USER}:{PASSWORD}@", "")
    return {
        "PIP_INDEX_URL": {"PIP_INDEX_URL": index},
        "PIP_EXTRA_INDEX_URL": {"PIP_INDEX_URL": bare, "PIP_EXTRA_INDEX_URL": index},
        "pip.conf": {"PIP_CONFIG_FILE": str(folder / "pip.conf")},
        "UV_DEFAULT_INDEX": {"UV_DEFAULT_INDEX": index},
        "uv.toml": {"UV_CONFIG_FILE": str(folder / "uv.toml")},
    }


@pytest.mark.parametrize("way", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "pip.conf", "UV_DEFAULT_INDEX", "uv.toml"])
@pytest.mark.parametrize("found", [pytest.param(True, id="found"), pytest.param(False, id="missing")])
def test_the_password_of_an_index_is_told_to_nobody(tmp_path: Path, index: str, way: str, *, found: bool) -> None:
    tree = project(tmp_path / "tree", requires="toybackend" if found else "toybackend>=9", tells=found)
    clean = {name: "" for name in os.environ if name.startswith(("PIP_", "UV_"))}
    environ = {**clean, "PIP_CONFIG_FILE": os.devnull, "XDG_CONFIG_DIRS": str(tmp_path), **ways(index, tmp_path)[way]}
    html = tmp_path / "report.html"

    ran = multibuild(
        tree, "-v", "--report-html", html, *impls(cpython_targets()[0]), workdir=tmp_path / "work", env=environ
    )

    assert ("build environment made" in ran.stderr) is found, ran.stderr
    written = {**dict(everything(ran.workdir)), "screen": (ran.stdout + ran.stderr).encode(), "html": html.read_bytes()}
    assert [name for name, content in written.items() if PASSWORD.encode() in content] == []
    if found and way.isupper():  # the backend printed its environment
        assert b"****" in written[f"logs/{cpython_targets()[0]}-build.log"]


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_no_other_user_can_read_it_from_the_list_of_processes(tmp_path: Path, index: str, tool: str) -> None:
    from pep517_multi.backends.makers import UvMaker, VirtualenvMaker, find_uv
    from pep517_multi.process import LocalRunner

    environ = {"PATH": os.environ["PATH"], "PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull}
    uv = find_uv(environ)
    assert uv is not None
    maker = UvMaker(LocalRunner(), environ, (), uv) if tool == "uv" else VirtualenvMaker(LocalRunner(), environ)
    call = maker._installation(tmp_path, tmp_path / "requirements.txt")
    assert PASSWORD not in " ".join(call.argv)
    assert PASSWORD in " ".join(call.environ.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_a_cache_that_somebody_else_may_write_to_is_not_used_and_that_is_told(
    package: PackageCopy, tmp_path: Path
) -> None:
    cache, name = tmp_path / "cache", cpython_targets()[0]
    ran = multibuild(
        package("intree-backend"), *impls(name), workdir=tmp_path / "work", env={"XDG_CACHE_HOME": str(cache)}
    )
    assert "is not remembered" not in ran.stderr
    (kept,) = cache.rglob("*.json")
    poisoned = json.loads(kept.read_text())
    poisoned["answer"]["cache_tag"] = "poison"
    kept.write_text(json.dumps(poisoned))
    for spoil in (lambda path: path.chmod(0o777), lambda path: os.chown(path, 65534, 65534)):
        for place in (kept.parent, kept.parent.parent):
            spoil(place)
            ran = multibuild(
                package_again(tmp_path), *impls(name), workdir=tmp_path / "work", env={"XDG_CACHE_HOME": str(cache)}
            )
            assert ran.returncode == 0, ran.stderr
            assert f"warning: what interpreters are is not remembered: {place}" in ran.stderr
            assert "poison" not in json.dumps(ran.report)
            place.chmod(0o700)
            os.chown(place, 0, 0)


def package_again(folder: Path) -> Path:
    return folder / "packages" / "intree-backend"


def test_driver_and_command_agree_on_what_is_installed() -> None:
    command = Path(sys.prefix, "bin", "multibuild")
    found = shutil.which(str(command))
    assert found is not None
    for argv in ([found, "--version"], [*COMMAND, "--version"]):
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.startswith("multibuild, version")
