"""Each variation of the matrix changes what it says, for every process below, and nothing else."""

from __future__ import annotations

import json
import os
import tarfile
import time
from typing import TYPE_CHECKING

import fake_interpreters
import pytest
import surroundings
from surroundings import VARIATIONS, Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from surroundings import Variation

LOOKS = """
while [ $# -gt 1 ]; do
    [ "$1" = --workdir ] && work=$2
    [ "$1" = -j ] && jobs=$2
    shift
done
mkdir -p "$work" listed
for name in a b c d e f g h; do : > listed/$name; done
kind=archive
[ -d "$1" ] && kind=tree
cat > "$work/seen" <<END
{"path": "$PWD", "time": $(date +%s), "zone": "$(date +%Z)", "umask": "$(umask)", "locale": "$LC_ALL", "jobs": "$jobs",
"search": "$PATH", "home": "$HOME $USER", "user": "$(id -u)", "host": "$(uname -n)",
"order": "$(ls -U listed | tr -d '\\n')", "tree": "$kind", "seed": "$PYTHONHASHSEED"}
END
"""
"""A ``multibuild`` that writes down what is around it."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "a-1").mkdir()
    path = tmp_path / "a-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "a-1", "a-1")
    return path


def seen(source: Path, around: Surroundings) -> dict[str, object]:
    """Return what a command sees in the surroundings; of the clock how many days it is ahead."""
    began = time.time()
    command = fake_interpreters.write_script(source.parent / "multibuild", LOOKS)
    ran = surroundings.run(command, source, around)
    assert ran.returncode == 0, ran.said
    found: dict[str, object] = json.loads((ran.workdir / "seen").read_text(encoding="utf-8"))
    return {**found, "time": (int(str(found["time"])) - int(began)) // 86400}


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda variation: variation.name)
def test_a_variation_changes_what_it_says_and_nothing_else(source: Path, variation: Variation) -> None:
    if variation.lacking:
        pytest.skip(
            f"needs {', '.join(variation.lacking)} (Debian: bubblewrap, disorderfs, faketime; as root, with FUSE)"
        )
    usual = Surroundings.usual(source.parent / "here")

    one, other = seen(source, usual), seen(source, variation.apply(usual))

    assert {name for name in one if one[name] != other[name]} == {variation.name}


def test_other_surroundings_are_what_the_table_says(source: Path) -> None:
    possible = [variation for variation in VARIATIONS if not variation.lacking]
    around = Surroundings.usual(source.parent / "here")
    for variation in possible:
        around = variation.apply(around)

    found = seen(source, around)

    expected = {
        "time": 41,
        "zone": "XXX",
        "umask": "0077",
        "locale": "tr_TR.UTF-8",
        "jobs": "5",
        "user": "4711",
        "host": "another.example",
        "tree": "tree",
        "seed": "4711",
    }
    named = {variation.name for variation in possible}
    assert {name: found[name] for name in expected if name in named} == {
        name: value for name, value in expected.items() if name in named
    }
    assert os.fspath(source.parent / "here") not in str(found["path"])
