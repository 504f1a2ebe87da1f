"""A Gentoo of the smallest size: an overlay, a profile and a configuration for the real Portage, and for pkgcore.

Nothing of it is below ``/usr`` or ``/etc``: ``PEP517_MULTI_INTERPRETERS`` names interpreters by their paths.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import packaging_hosts as hosts

from pep517_multi.cli.integrations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN = Path(sys.executable).parent
NEWER_BASH = "PEP517_MULTI_TEST_BASH"
"""Environment variable: a bash for EAPI 9, if this machine's own is too old."""
COMMANDS = (str(BIN / "ebuild"), str(BIN / "pebuild"), "tar", "xargs")
CATEGORY = "dev-python"
FEATURES = (
    "-sandbox -usersandbox -userpriv -userfetch -network-sandbox -pid-sandbox -ipc-sandbox -mount-sandbox "
    "-strict -news -distlocks -merge-sync -binpkg-docompress nostrip -test"
)

EBUILD = """\
EAPI=8
PYTHON_COMPAT=( python3_{10..20} pypy3_{9..20} )
@BEFORE@
inherit pep517-multi
DESCRIPTION="A sample"
HOMEPAGE="https://example.org/"
SRC_URI="@ARCHIVE@"
LICENSE="MIT"
SLOT="0"
KEYWORDS="amd64"
@AFTER@
"""


def ebuild(before: str = "", after: str = "") -> str:
    """Return an ebuild with lines ``before`` it inherits the eclass, and ``after`` all else."""
    return EBUILD.replace("@BEFORE@", before).replace("@AFTER@", after)


def has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def bash_for(eapi: int) -> str | None:
    """Return the path of a bash that is new enough for ``eapi``, if there is one."""
    wanted = {8: 500, 9: 503}[eapi]
    for bash in filter(None, (shutil.which("bash"), os.environ.get(NEWER_BASH))):
        if int(_said(bash, "-c", "echo $((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))")) >= wanted:
            return bash
    return None


def use_flag(impl: str) -> str:
    """Return what Gentoo calls an implementation in USE flags: ``python3_12`` for ``python3.12``."""
    return impl.replace(".", "_")


@dataclass(frozen=True)
class Done:
    """How a run of a package manager ended, and all that it said."""

    returncode: int
    log: str

    def lines(self, start: str) -> list[str]:
        """Return the lines that begin with ``start``."""
        return [line for line in self.log.splitlines() if line.startswith(start)]


@dataclass(frozen=True)
class Gentoo:
    """An overlay at ``top`` and what runs ebuilds in it.

    :param interpreters: canonical names → what ``PEP517_MULTI_INTERPRETERS`` says.
    :param options: more lines of ``make.defaults``.
    """

    top: Path
    interpreters: Mapping[str, Path]
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("etc/portage", "pkgcore", "repo/metadata", "repo/profiles/mini", "tmp", "dist", "bin"):
            (self.top / folder).mkdir(parents=True)
        self._write_repository()
        self._write_configuration()
        self._write_commands()

    def _write_repository(self) -> None:
        profiles = self.top / "repo/profiles"
        layout = ("masters =", "repo-name = mini", "profile-formats = portage-2", "thin-manifests = true")
        _write(self.top / "repo/metadata/layout.conf", *layout, "sign-manifests = false", "cache-formats = md5-dict")
        _write(profiles / "repo_name", "mini")
        _write(profiles / "categories", CATEGORY, "dev-lang")
        _write(profiles / "arch.list", "amd64")
        _write(profiles / "profiles.desc", "amd64 mini stable")
        _write(profiles / "thirdpartymirrors", "pypi https://example.org")
        _write(profiles / "eapi", "8")
        _write(profiles / "mini/eapi", "8")
        values = {
            "ARCH": "amd64",
            "ACCEPT_KEYWORDS": "amd64 ~amd64",
            "CHOST": "x86_64-pc-linux-gnu",
            "USE_EXPAND": "PYTHON_TARGETS PYTHON_SINGLE_TARGET",
            "PYTHON_TARGETS": " ".join(map(use_flag, self.interpreters)),
            "PYTHON_SINGLE_TARGET": use_flag([*self.interpreters][-1]),
            "PEP517_MULTI_INTERPRETERS": " ".join(f"{impl}={path}" for impl, path in self.interpreters.items()),
            **self.options,
        }
        _write(profiles / "mini/make.defaults", *(f'{name}="{value}"' for name, value in values.items()))
        (self.top / "repo/eclass").symlink_to(FOLDER / "gentoo/eclass")

    def _write_configuration(self) -> None:
        location = f"location = {self.top}/repo"
        repositories = ("[DEFAULT]", "main-repo = mini", "[mini]", location, "auto-sync = no")
        values = {
            "FEATURES": FEATURES,
            "DISTDIR": self.top / "dist",
            "PORTAGE_TMPDIR": self.top / "tmp",
            "PKGDIR": self.top / "pkg",
            "RPMDIR": self.top / "rpm",
            "PORTAGE_USERNAME": _said("id", "-un"),
            "PORTAGE_GRPNAME": _said("id", "-gn"),
            "PORTAGE_INST_UID": os.getuid(),
            "PORTAGE_INST_GID": os.getgid(),
            "MAKEOPTS": "-j2",
            "BINPKG_COMPRESS": "gzip",
            "GENTOO_MIRRORS": "",
            "PORTAGE_ELOG_SYSTEM": "",
        }
        lines = [f'{name}="{value}"' for name, value in values.items()]
        _write(self.top / "etc/portage/make.conf", f"source {sys.prefix}/share/portage/config/make.globals", *lines)
        _write(self.top / "pkgcore/make.conf", *lines)
        for folder in ("etc/portage", "pkgcore"):
            _write(self.top / folder / "repos.conf", *repositories)
            (self.top / folder / "make.profile").symlink_to(self.top / "repo/profiles/mini")

    def _write_commands(self) -> None:
        """Make what an ebuild calls: multibuild as it is tested here, and GNU tools by their names on Gentoo."""
        for name, tool in (("gtar", "tar"), ("gxargs", "xargs")):
            (self.top / "bin" / name).symlink_to(str(shutil.which(tool)))
        command = self.top / "bin/multibuild"
        remember = f"echo $$ > {self.top}/multibuild.pid"
        _write(command, "#!/bin/sh", remember, f'exec {sys.executable} -m pep517_multi "$@"')
        command.chmod(0o755)

    def add(self, name: str, ebuild: str, source: Path | None = None, *, version: str = "1.0") -> str:
        """Put an ebuild into the overlay, and its source into the folder of distfiles; return ``name-version``.

        :param ebuild: the text; ``@ARCHIVE@`` in it becomes the file name of the source.
        :param source: an archive, or a tree, which becomes one with a top folder ``name-version``.
        """
        package = f"{name}-{version}"
        archive = ""
        if source is not None and source.is_file():
            archive = Path(shutil.copy(source, self.top / "dist")).name
        elif source is not None:
            archive = f"{package}.tar.gz"
            tree = ["--transform", f"s,^\\.,{package},", "-C", str(source), "."]
            subprocess.run(["tar", "-czf", self.top / "dist" / archive, *tree], check=True)
        path = self.ebuild_of(package)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, ebuild.replace("@ARCHIVE@", archive).rstrip())
        if archive:
            _write(path.with_name("Manifest"), _manifest(self.top / "dist" / archive))
        return package

    def configure(self, name: str, value: str) -> None:
        """Add a line to the ``make.conf`` of both package managers."""
        for folder in ("etc/portage", "pkgcore"):
            with (self.top / folder / "make.conf").open("a") as stream:
                stream.write(f'{name}="{value}"\n')

    def ebuild_of(self, package: str) -> Path:
        return self.top / "repo" / CATEGORY / package.rpartition("-")[0] / f"{package}.ebuild"

    def environment(self) -> dict[str, str]:
        path = f"{self.top}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"HOME": str(self.top), "PATH": path, "LC_ALL": "C.UTF-8", "NOCOLOR": "true", "TERM": "dumb"}

    def portage_environment(self) -> dict[str, str]:
        place = {"PORTAGE_CONFIGROOT": str(self.top), "PORTAGE_DEPCACHEDIR": str(self.top / "cache")}
        return {**self.environment(), **place, "PORTAGE_OVERRIDE_EPREFIX": ""}

    def portage_command(self, package: str, *phases: str) -> list[str]:
        return [str(BIN / "ebuild"), str(self.ebuild_of(package)), *phases]

    def portage(self, package: str, *phases: str) -> Done:
        """Run phases in the real Portage, without any network."""
        return _run(self.portage_command(package, *phases), self.portage_environment())

    def merge_into_prefix(self, package: str, *, bash: str) -> tuple[Done, Path]:
        """Let Portage build and install a package in a Gentoo Prefix, below a scratch root; return where that is.

        The interpreters are where such a Gentoo has them.
        """
        self.configure("PEP517_MULTI_INTERPRETERS", "")
        prefix, root = self.top / "prefix", self.top / "root"
        installed = Path(f"{root}/{prefix}")
        links = {prefix / "bin/bash": bash, prefix / "share/portage/config": f"{sys.prefix}/share/portage/config"}
        for place in (prefix, installed):
            links |= {place / f"usr/bin/{impl}": str(path) for impl, path in self.interpreters.items()}
        links[installed / "usr/lib/python-exec/python-exec2"] = "/bin/true"  # of a package that must be there
        for link, target in links.items():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        environment = self.portage_environment()
        environment |= {"PORTAGE_OVERRIDE_EPREFIX": str(prefix), "ROOT": str(root)}
        environment |= {"PATH": f"{prefix}/bin:{environment['PATH']}"}
        return _run(self.portage_command(package, "merge"), environment), installed

    def pkgcore(self, package: str, *phases: str) -> Done:
        """Run phases in pkgcore, without any network."""
        config = str(self.top / "pkgcore")
        command = [str(BIN / "pebuild"), "--config", config, str(self.ebuild_of(package)), *phases]
        return _run(command, self.environment())

    def work(self, package: str) -> Path:
        """Return the folder in which a package is built."""
        return self.top / "tmp/portage" / CATEGORY / package

    def built_by(self, package: str) -> list[str]:
        """Return who built for each implementation, in the order of ``interpreters``."""
        report = json.loads((self.work(package) / "work/pep517-multi/report.json").read_text())
        builders = {entry["impl"]: entry["built_by"] for entry in report["impls"]}
        return [builders[impl] for impl in self.interpreters]

    def image(self, package: str) -> Path:
        return self.work(package) / "image"

    def metadata(self, package: str) -> dict[str, str]:
        """Return what Portage read from an ebuild: ``IUSE``, ``BDEPEND`` …"""
        cached = self.top / f"cache/{self.top}/repo/{CATEGORY}/{package}"
        return dict(line.split("=", 1) for line in cached.read_text().splitlines())

    def unpack(self, package: str) -> Path:
        """Install the binary package that Portage made into a scratch root, and return that."""
        (archive,) = (self.top / "pkg").rglob(f"{package}*.gpkg.tar")
        root = self.top / "scratch" / package
        root.mkdir(parents=True)
        inner = subprocess.run(["tar", "-xOf", archive, f"{package}/image.tar.gz"], capture_output=True, check=True)
        strip = ["tar", "-xz", "--strip-components=1", "-C", str(root)]
        subprocess.run(strip, input=inner.stdout, check=True)
        return root


def _run(command: list[str], environment: Mapping[str, str]) -> Done:
    done = subprocess.run(
        [*hosts.offline(), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Done(done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout))  # pkgcore is always colourful


def _manifest(path: Path) -> str:
    """Return the line of a Manifest for a file of the folder of distfiles."""
    data = path.read_bytes()
    digests = f"BLAKE2B {hashlib.blake2b(data).hexdigest()} SHA512 {hashlib.sha512(data).hexdigest()}"
    return f"DIST {path.name} {len(data)} {digests}"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _write(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
