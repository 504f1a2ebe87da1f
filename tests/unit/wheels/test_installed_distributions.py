from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pep517_multi.wheels.installed import Installed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return distribution(tmp_path / "site", "Toy.Backend", record="toy.py,sha256=one,1\n").parent


def distribution(folder: Path, name: str, *, version: str = "1.0", record: str | None = None) -> Path:
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if record is not None:
        (place / "RECORD").write_text(record)
    return place


def looked_at(*folders: Path) -> Installed:
    place = next(path for folder in folders for path in folder.glob("Toy*"))
    return Installed.of(map(str, folders), {"toy-backend": str(place)})


def test_what_is_as_it_was_has_not_changed(site: Path) -> None:
    installed = looked_at(site)
    os.utime(site / "Toy.Backend-1.0.dist-info" / "RECORD", (1, 1))
    distribution(site, "something-else")
    assert installed.changed() == ""


def test_other_files_of_the_same_version_are_a_change(site: Path) -> None:
    installed = looked_at(site)
    (site / "Toy.Backend-1.0.dist-info" / "RECORD").write_text("toy.py,sha256=two,1\n")
    assert installed.changed() == "toy-backend"


def test_another_version_in_its_place_is_a_change(site: Path) -> None:
    installed = looked_at(site)
    (site / "Toy.Backend-1.0.dist-info").rename(site / "Toy.Backend-1.1.dist-info")
    assert installed.changed() == "toy-backend"


def test_one_that_comes_first_now_is_a_change(site: Path, tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    installed = looked_at(tmp_path / "local", site)
    distribution(tmp_path / "local", "toy_backend")
    assert installed.changed() == "toy-backend"


def test_one_that_is_gone_is_a_change(site: Path) -> None:
    installed = looked_at(site)
    (site / "Toy.Backend-1.0.dist-info" / "RECORD").unlink()
    (site / "Toy.Backend-1.0.dist-info" / "METADATA").unlink()
    (site / "Toy.Backend-1.0.dist-info").rmdir()
    assert installed.changed() == "toy-backend"


def test_without_a_record_a_new_installation_is_a_change(tmp_path: Path) -> None:
    place = distribution(tmp_path / "site", "Toy.Backend")
    installed = looked_at(tmp_path / "site")
    assert installed.changed() == ""
    (place / "METADATA").write_bytes((place / "METADATA").read_bytes())
    os.utime(place / "METADATA", (1, 1))
    assert installed.changed() == "toy-backend"


def test_what_an_editable_installation_points_to_counts(tmp_path: Path) -> None:
    place = distribution(tmp_path / "site", "Toy.Backend", record="")
    (tmp_path / "tree with blanks").mkdir()
    source = tmp_path / "tree with blanks" / "toy.py"
    source.write_text("one")
    direct = {"url": (tmp_path / "tree with blanks").as_uri(), "dir_info": {"editable": True}}
    (place / "direct_url.json").write_text(json.dumps(direct))
    installed = looked_at(tmp_path / "site")
    assert installed.changed() == ""
    source.write_text("two!")
    assert installed.changed() == "toy-backend"
