from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
import recorded_probes
from killed import Killer
from wheel_maker import make_wheel

from pep517_multi.errors import BuildError, IntegrityError
from pep517_multi.wheels.decision import Builder, Built
from pep517_multi.wheels.store import Inputs, Origin, Served, Store
from pep517_multi.wheels.wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pep517_multi import events

FILENAME = "sample-1.0-py3-none-any.whl"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "wheels")


def put(store: Store, tmp_path: Path, impl: str, content: str, *, source: str = "sha256:1", flags: str = "") -> Built:
    made = make_wheel(tmp_path / "made", files={"sample.py": content})
    interpreter = recorded_probes.load(impl)
    builder = Builder.of(interpreter)
    inputs = Inputs(source, {"environment": {"CFLAGS": flags}})
    return store.add(made, interpreter, Origin(builder, "3.0", inputs, ("flit_core",), {"flit-core": "3.12"}, 0.5))


def layout(store: Store) -> set[str]:
    return {path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*.whl")}


def served(impl: str, built: Built | None, *, source: str = "sha256:1") -> Served:
    if built is None:
        return Served(impl, None, None, "failed", None, ("it broke",), "", source, {})
    wheel = built.wheel.path.relative_to(next(one for one in built.wheel.path.parents if one.name == "wheels"))
    return Served(impl, wheel.as_posix(), built.wheel.sha256, "built", impl, ("a reason",), "inputs", source, {})


def test_a_wheel_is_kept_with_its_provenance(store: Store, tmp_path: Path) -> None:
    built = put(store, tmp_path, "python3.11", "same")
    assert store.wheels() == (built,)
    assert layout(store) == {FILENAME}
    provenance = json.loads((store.folder / f"{FILENAME}.json").read_text())
    assert provenance["sha256"] == built.wheel.sha256
    assert provenance["built"][0]["by"] == "python3.11"
    assert provenance["built"][0]["packages"] == {"flit-core": "3.12"}


def test_the_same_bytes_are_one_file_with_several_builders(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path, "pypy3.9", "same")
    put(store, tmp_path, "python3.12", "same")
    built = put(store, tmp_path, "python3.11", "same")
    assert layout(store) == {FILENAME}
    assert [builder.name for builder in built.builders] == ["python3.11", "python3.12", "pypy3.9"]


def test_different_wheels_of_one_name_lie_apart_whatever_the_order(tmp_path: Path) -> None:
    contents = {"python3.11": "old", "python3.12": "new", "pypy3.9": "other"}
    for number, order in enumerate(permutations(contents)):
        store = Store(tmp_path / f"wheels{number}")
        for impl in order:
            put(store, tmp_path, impl, contents[impl])
        assert layout(store) == {f"{impl}/{FILENAME}" for impl in contents}
        assert {built.builders[0].name: store.relative(built.wheel) for built in store.wheels()} == {
            impl: f"{impl}/{FILENAME}" for impl in contents
        }


def test_building_anew_replaces_what_the_same_implementation_built_before(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path, "python3.11", "first")
    built = put(store, tmp_path, "python3.11", "second", source="sha256:2")
    assert store.wheels() == (built,)


def test_what_others_use_stays_when_a_wheel_of_that_name_is_made_with_other_flags(store: Store, tmp_path: Path) -> None:
    plain = put(store, tmp_path, "python3.11", "plain")
    store.serve([served("python3.11", plain)], source="sha256:1")
    put(store, tmp_path, "python3.12", "optimised", flags="-O3")
    assert store.locate(store.served()["python3.11"]).path == store.folder / "python3.11" / FILENAME


def test_what_others_use_stays_when_its_builder_builds_anew(store: Store, tmp_path: Path) -> None:
    plain = put(store, tmp_path, "python3.10", "plain")
    store.serve([served("python3.10", plain), served("python3.11", plain)], source="sha256:1")
    patched = put(store, tmp_path, "python3.10", "patched", flags="-O3")
    store.serve([served("python3.10", patched)], source="sha256:1")
    assert store.locate(store.served()["python3.10"]).sha256 == patched.wheel.sha256
    assert store.locate(store.served()["python3.11"]).sha256 == plain.wheel.sha256


def test_another_wheel_in_its_place_is_not_taken_for_it(store: Store, tmp_path: Path) -> None:
    plain = put(store, tmp_path, "python3.10", "plain")
    with pytest.raises(IntegrityError, match="run the build phase again"):
        store.locate(replace(served("python3.10", plain), sha256="0" * 64))


def test_after_a_failed_build_there_is_nothing_to_install(store: Store, tmp_path: Path) -> None:
    store.serve([served("python3.10", put(store, tmp_path, "python3.10", "old"))], source="sha256:1")
    store.serve([served("python3.10", None, source="sha256:2")], source="sha256:2")
    with pytest.raises(BuildError, match="its build failed: it broke"):
        store.locate(store.served()["python3.10"])


def test_a_changed_wheel_is_noticed(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path, "python3.11", "right")
    made = make_wheel(tmp_path / "made", files={"sample.py": "wrong"})
    made.replace(store.folder / FILENAME)
    with pytest.raises(IntegrityError, match="its hash changed"):
        store.wheels()


DAMAGED = [
    pytest.param(lambda _: b"", id="empty"),
    pytest.param(lambda data: data[: len(data) // 2], id="cut-off"),
    pytest.param(lambda data: b"\0" * len(data), id="zeros"),
    pytest.param(lambda data: b"\xff\xfe" + data, id="no-text"),
    pytest.param(lambda _: b"5", id="number"),
    pytest.param(lambda _: b'["x"]', id="list"),
    pytest.param(lambda _: b'{"schema": 1}', id="no-keys"),
    pytest.param(lambda data: data.replace(b'"schema": 1', b'"schema": 2').replace(b'"impl"', b'"who"'), id="schema"),
    pytest.param(lambda data: data.replace(b'"python3.11"', b"5"), id="types"),
    pytest.param(lambda data: data.replace(b"sha256", b"md5"), id="other-keys"),
    pytest.param(lambda data: data.replace(b"[", b"{").replace(b"]", b"}"), id="no-json"),
    pytest.param(lambda _: b"[" * 100_000, id="deep"),
]


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("name", [f"{FILENAME}.json", ".served.json"], ids=["provenance", "state"])
def test_damaged_state_is_noticed_and_after_a_kill_dropped(
    store: Store, tmp_path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    store.serve([served("python3.11", put(store, tmp_path, "python3.11", "right"))], source="sha256:1")
    path = store.folder / name
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(IntegrityError, match=rf"{re.escape(name)} is damaged: .*; (delete|run)"):
        _ = store.served() if name == ".served.json" else store.wheels()

    told: list[events.Event] = []
    store.mend(told.append)
    assert len(told) == 1
    assert (len(store.wheels()), len(store.served())) in {(0, 1), (1, 0)}
    assert store.strangers() == ()


@pytest.mark.parametrize(
    "first", [pytest.param(("python3.11",), id="moves"), pytest.param(("python3.11", "python3.10"), id="is-shared")]
)
def test_wherever_a_run_is_killed_wheels_are_whole_and_have_their_provenance(
    tmp_path: Path, first: Sequence[str]
) -> None:
    def act(folder: Path) -> None:
        put(Store(folder / "wheels"), folder, "python3.12", "new")

    stock = tmp_path / "stock"
    built = [put(Store(stock / "wheels"), stock, impl, "old") for impl in first][-1]
    Store(stock / "wheels").serve([served("python3.11", built)], source="sha256:1")
    shutil.copytree(stock, tmp_path / "whole")
    act(tmp_path / "whole")
    everything = {built.wheel.sha256 for built in Store(tmp_path / "whole" / "wheels").wheels()}
    assert len(everything) == 2
    step = 1
    while True:
        folder = tmp_path / str(step)
        shutil.copytree(stock, folder)
        pid = os.fork()
        if pid == 0:
            try:
                sys.addaudithook(Killer(step, "driver"))
                act(folder)
            finally:
                os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            break
        store = Store(folder / "wheels")
        told: list[events.Event] = []
        store.mend(told.append)
        assert told == []
        assert store.strangers() == ()
        assert {one.wheel.sha256 for one in store.wheels()} <= everything
        assert store.locate(store.served()["python3.11"]).sha256 == built.wheel.sha256
        act(folder)
        assert layout(Store(folder / "wheels")) == layout(Store(tmp_path / "whole" / "wheels"))
        step += 1
    assert step > 8


def test_a_wheel_dropped_by_hand_is_a_stranger(store: Store) -> None:
    path = make_wheel(store.folder)
    assert store.strangers() == (path,)
    assert store.wheels() == ()


def test_what_was_made_from_other_sources_goes_when_new_ones_are_served(store: Store, tmp_path: Path) -> None:
    old = put(store, tmp_path, "python3.11", "old")
    store.serve([served("python3.11", old)], source="sha256:1")
    new = put(store, tmp_path, "python3.12", "new", source="sha256:2")
    store.serve([served("python3.12", new, source="sha256:2")], source="sha256:2")
    assert set(store.served()) == {"python3.12"}
    assert layout(store) == {f"python3.12/{FILENAME}"}


def test_phases_for_one_implementation_at_a_time_add_up(store: Store, tmp_path: Path) -> None:
    same = put(store, tmp_path, "python3.11", "same")
    store.serve([served("python3.11", same)], source="sha256:1")
    store.serve([served("python3.12", same)], source="sha256:1")
    assert set(store.served()) == {"python3.11", "python3.12"}


def test_a_missing_wheel_is_told(store: Store) -> None:
    with pytest.raises(IntegrityError, match="run the build phase again"):
        store.locate(Served("python3.11", FILENAME, "0" * 64, "built", "python3.11", (), "", "sha256:1", {}))


def test_a_second_name_stays_when_the_wheel_makes_room_for_another(store: Store, tmp_path: Path) -> None:
    first = put(store, tmp_path, "python3.11", "old")
    named = store.second_name(first.wheel, tmp_path / "staging")
    assert store.second_name(first.wheel, tmp_path / "staging") == named
    put(store, tmp_path, "python3.12", "new")
    assert not first.wheel.path.exists()
    assert named.path.name == FILENAME
    assert read_wheel(named.path) == named


def test_a_wheel_is_found_where_it_has_come_to_lie_with_all_its_builders(store: Store, tmp_path: Path) -> None:
    first = put(store, tmp_path, "python3.11", "old")
    put(store, tmp_path, "pypy3.9", "old")
    put(store, tmp_path, "python3.12", "new")
    current = store.current(first)
    assert current.wheel.path == store.folder / "python3.11" / FILENAME
    assert [builder.name for builder in current.builders] == ["python3.11", "pypy3.9"]


def test_to_serve_the_same_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    same = put(store, tmp_path, "python3.11", "same")
    store.serve([served("python3.11", same)], source="sha256:1")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in store.folder.iterdir()}
    store.serve([replace(served("python3.11", same), because=("built by python3.11 itself",))], source="sha256:1")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in store.folder.iterdir()} == before
    assert store.served()["python3.11"].because == ("a reason",)
