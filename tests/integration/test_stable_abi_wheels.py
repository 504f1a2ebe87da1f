"""Stable-ABI wheels from real compilers: shared by CPythons, audited on request, avoided on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import impls, multibuild, targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.interpreters, pytest.mark.compiler, pytest.mark.network]


def cpythons() -> list[str]:
    """Name those CPythons that tests build for, the oldest first."""
    return [name for name in targets() if name.startswith("python")]


def test_a_clean_wheel_passes_the_audit_and_is_shared(package: Callable[[str], Path], tmp_path: Path) -> None:
    tree = package("extension-abi3")
    ran = multibuild("build", tree, "--abi3-audit", *impls(*cpythons()), workdir=tmp_path / "work")
    oldest, *others = cpythons()
    assert ran.built_by == dict.fromkeys([oldest, *others], oldest)


def test_what_the_audit_finds_is_the_reason_for_a_build(package: Callable[[str], Path], tmp_path: Path) -> None:
    tree = package("extension-abi3-leak")
    ran = multibuild("build", tree, "--abi3-audit", *impls(*cpythons()), workdir=tmp_path / "work")
    assert set(ran.actions.values()) == {"built"}
    newest = ran.impls[cpythons()[-1]]
    assert any("abi3audit: _speed.abi3.so uses" in reason for reason in newest["because"])


def test_without_the_audit_the_tag_is_believed(package: Callable[[str], Path], tmp_path: Path) -> None:
    tree = package("extension-abi3-leak")
    ran = multibuild("build", tree, *impls(*cpythons()), workdir=tmp_path / "work")
    assert list(ran.actions.values()) == ["built", *["reused"] * (len(cpythons()) - 1)]


def test_the_ordinary_abi_is_asked_for_and_nothing_shared(package: Callable[[str], Path], tmp_path: Path) -> None:
    tree = package("extension-abi3")
    ran = multibuild("build", tree, "--no-abi3", *impls(*cpythons()), workdir=tmp_path / "work")
    assert set(ran.actions.values()) == {"built"}
    for name, entry in ran.impls.items():
        version = name.removeprefix("python").replace(".", "")
        assert entry["tag"].startswith(f"cp{version}-cp{version}-")
    assert "--no-abi3: " in ran.stderr


def test_a_wheel_for_the_stable_abi_serves_nobody_older_in_a_later_run(
    package: Callable[[str], Path], tmp_path: Path
) -> None:
    tree = package("extension-abi3")
    oldest, *_, newest = cpythons()
    multibuild("build", tree, *impls(newest), workdir=tmp_path / "work")
    ran = multibuild("build", tree, *impls(oldest), workdir=tmp_path / "work")
    assert ran.actions == {oldest: "built"}
    assert any(f"built with the headers of {newest}" in reason for reason in ran.impls[oldest]["because"])
