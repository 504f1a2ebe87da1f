from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import fake_interpreters
import pytest
import recorded_probes

from pep517_multi.interpreters.cache import ProbeCache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    return fake_interpreters.write_interpreter(tmp_path / "python3.12", "python3.12")


@pytest.fixture
def cache(tmp_path: Path) -> ProbeCache:
    return ProbeCache(tmp_path / "cache")


def answer_of(python: Path) -> dict[str, object]:
    return {**recorded_probes.answer_of("python3.12"), "executable": str(python), "platforms": ["linux_x86_64"]}


def only_entry(cache: ProbeCache) -> Path:
    assert cache.folder is not None
    (entry,) = cache.folder.iterdir()
    return entry


def test_an_answer_is_kept(cache: ProbeCache, python: Path) -> None:
    cache.put(python, answer_of(python))
    assert cache.get(python) == answer_of(python)


def test_the_folder_is_nobody_elses_business(cache: ProbeCache, python: Path) -> None:
    cache.put(python, answer_of(python))
    assert cache.folder is not None
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def test_an_executable_never_asked_is_not_known(cache: ProbeCache, python: Path) -> None:
    assert cache.get(python) is None


def test_a_changed_executable_is_not_known_anymore(cache: ProbeCache, python: Path) -> None:
    cache.put(python, answer_of(python))
    python.write_text(python.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert cache.get(python) is None


def test_a_replaced_executable_with_the_old_time_and_size_is_not_known(cache: ProbeCache, python: Path) -> None:
    cache.put(python, answer_of(python))
    before = python.stat()
    other = fake_interpreters.write_script(python.with_name("new"), "x" * (before.st_size - len("#!/bin/sh\n\n")))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(python)
    assert (python.stat().st_size, python.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert cache.get(python) is None


def test_a_link_that_points_elsewhere_now_is_not_known(cache: ProbeCache, python: Path, tmp_path: Path) -> None:
    link = tmp_path / "python3"
    link.symlink_to(python)
    cache.put(link, answer_of(python))
    link.unlink()
    link.symlink_to(fake_interpreters.write_interpreter(tmp_path / "python3.13", "python3.13"))
    assert cache.get(link) is None


def test_what_a_wrapper_runs_is_not_kept(cache: ProbeCache, python: Path, tmp_path: Path) -> None:
    wrapper = fake_interpreters.write_script(tmp_path / "wrapper", f"exec {python}")
    cache.put(wrapper, answer_of(python))
    assert cache.get(wrapper) is None


@pytest.mark.parametrize(
    "poison",
    [b"", b"{", b"[" * 100_000, b"null", b"[]", b"{}", b'{"key": {}, "answer": {}}', b"\xff\xfe"],
    ids=["empty", "cut", "deep", "null", "list", "nothing", "wrong key", "no text"],
)
def test_a_damaged_entry_is_as_good_as_none(cache: ProbeCache, python: Path, poison: bytes) -> None:
    cache.put(python, answer_of(python))
    only_entry(cache).write_bytes(poison)
    assert cache.get(python) is None


@pytest.mark.parametrize("changed", [{"implementation": 1}, {"platforms": None}, {"platforms": [1]}, {"schemes": []}])
def test_an_entry_that_says_nonsense_is_not_believed(
    cache: ProbeCache, python: Path, changed: dict[str, object]
) -> None:
    cache.put(python, answer_of(python))
    entry = json.loads(only_entry(cache).read_bytes())
    entry["answer"].update(changed)
    only_entry(cache).write_text(json.dumps(entry), encoding="utf-8")
    assert cache.get(python) is None


@pytest.mark.parametrize("mode", [0o770, 0o707], ids=["group", "all"])
def test_a_folder_that_others_can_write_to_is_not_used(cache: ProbeCache, python: Path, mode: int) -> None:
    cache.put(python, answer_of(python))
    assert cache.folder is not None
    cache.folder.chmod(mode)
    assert cache.get(python) is None
    only_entry(cache).unlink()
    cache.put(python, answer_of(python))
    assert list(cache.folder.iterdir()) == []


def test_a_folder_that_cannot_be_is_no_error(python: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ProbeCache(tmp_path / "file" / "cache")
    cache.put(python, answer_of(python))
    assert cache.get(python) is None


def test_no_folder_means_no_cache(python: Path) -> None:
    cache = ProbeCache(None)
    cache.put(python, answer_of(python))
    assert cache.get(python) is None
