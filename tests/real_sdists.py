"""Real source distributions from the package index, pinned by hash; no byte of them is in this repository.

``fetch("attrs")`` gives the path of the archive, downloaded once and kept in a cache directory.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

from platformdirs import user_cache_path

from pep517_multi.settings import read_toml

PINS = Path(__file__).with_name("real_sdists.toml")


def pins() -> dict[str, dict[str, Any]]:
    """Map a name to its pin: ``file`` and ``sha256``, and what is expected of it."""
    return dict(read_toml(PINS))


def fetch(name: str) -> Path:
    """Return the pinned archive of ``name``."""
    pin = pins()[name]
    path = user_cache_path("pep517-multi-tests") / str(pin["file"])
    if not path.exists() or _hash(path) != pin["sha256"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(_address(name, pin["file"])) as response:  # noqa: S310 - the index pip uses
            temporary = path.with_suffix(".part")
            temporary.write_bytes(response.read())
        assert _hash(temporary) == pin["sha256"], f"{pin['file']} is not what was pinned"
        temporary.replace(path)
    return path


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _address(name: str, file: str) -> str:
    page = f"{_index()}/{name}/"
    request = urllib.request.Request(page, headers={"Accept": "text/html"})  # noqa: S310 - the index pip uses
    with urllib.request.urlopen(request) as response:  # noqa: S310 - the same
        links = _Links(page)
        links.feed(response.read().decode())
    return next(url for url in links.urls if url.rpartition("/")[2] == file)


def _index() -> str:
    """Ask pip which index it uses, so that no host is named here."""
    if index := os.environ.get("PIP_INDEX_URL"):
        return index.rstrip("/")
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if configured.returncode == 0:
        return configured.stdout.strip().rstrip("/")
    script = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return answer.stdout.strip().rstrip("/")


class _Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.urls += [urldefrag(urljoin(self.page, value)).url for key, value in attrs if key == "href" and value]
