from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from killed import Killer
from member_trees import SCRIPT, member, tree

from pep517_multi import events, files
from pep517_multi.errors import StagingError
from pep517_multi.files import FileError
from pep517_multi.staging.dedupe import dedupe
from pep517_multi.staging.image import Image, held
from pep517_multi.staging.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pep517_multi.staging.entries import Entry, Member

FILES = {"/usr/share/foo/data": "data", "{lib}/foo.py": "x = 1\n", "/usr/bin/foo": SCRIPT}


class Host:
    """An image and what is known of it, as the pipeline keeps it."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "image"
        self.known: dict[str, Entry] = {}
        self.token = ""
        self.done: Callable[[Sequence[Entry], str], None] = self.note

    def put(self, *members: Member, dedupe_mode: str = "none", fresh: Sequence[str] = ()) -> None:
        entries = dedupe(merge(members, policy="suffix").entries, members, mode=dedupe_mode)
        owners = frozenset(fresh or [one.name for one in members])
        with held(self.top, owner="here", certain=self.token):
            Image(self.top, self.known, "here").put(entries, owners=owners, done=self.done)

    def note(self, present: Sequence[Entry], token: str) -> None:
        self.known, self.token = {entry.path: entry for entry in present}, token


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def both(tmp_path: Path) -> list[Member]:
    return [member(tmp_path / "roots", minor, FILES) for minor in (11, 12)]


def test_an_image_holds_the_files_of_all(host: Host, both: list[Member]) -> None:
    host.put(*both)

    assert (host.top / "usr/share/foo/data").read_text() == "data"
    assert (host.top / "usr/bin/foo").readlink() == Path("foo-3.12")
    assert (host.top / "usr/bin/foo-3.11").stat().st_mode & 0o777 == 0o755
    assert {time for _, time, _ in tree(host.top).values()} == {1_600_000_000_000_000_000}
    assert not [name for name in tree(host.top) if name.endswith(".tmp")]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_are_nobodys_umask(host: Host, both: list[Member], umask: int) -> None:
    before = os.umask(umask)
    try:
        host.put(*both)
    finally:
        os.umask(before)

    assert {mode & 0o777 for mode, _, _ in tree(host.top).values() if mode & 0o170000 == 0o040000} == {0o755}
    assert (host.top / "usr/share/foo/data").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", ["none", "hard", "symlink"])
def test_a_second_time_changes_nothing(host: Host, both: list[Member], mode: str) -> None:
    host.put(*both, dedupe_mode=mode)
    before = tree(host.top), {path.stat(follow_symlinks=False).st_ino for path in host.top.rglob("*")}

    host.put(*both, dedupe_mode=mode)

    assert (tree(host.top), {path.stat(follow_symlinks=False).st_ino for path in host.top.rglob("*")}) == before


def test_other_packages_files_stay(host: Host, both: list[Member]) -> None:
    others = host.top / "usr/share/other"
    others.mkdir(parents=True)
    (others / "file").write_text("other")
    others.parent.chmod(0o775)
    before = tree(others)

    host.put(*both)
    host.put(both[1])

    assert tree(others) == before
    assert others.parent.stat().st_mode & 0o777 == 0o775


def test_the_same_bytes_of_somebody_else_are_fine_and_stay_his(host: Host, both: list[Member]) -> None:
    place = host.top / "usr/share/foo/data"
    place.parent.mkdir(parents=True)
    place.write_text("data")
    before = place.stat()

    host.put(*both)
    host.put(member(both[0].root.parents[1] / "later", 12, {"/usr/share/else": ""}))

    assert place.stat().st_mtime_ns == before.st_mtime_ns
    assert place.read_text() == "data"


def test_other_bytes_of_somebody_else_are_an_error_and_nothing_is_left(host: Host, both: list[Member]) -> None:
    place = host.top / "usr/share/foo/data"
    place.parent.mkdir(parents=True)
    place.write_text("precious")
    before = tree(host.top)

    with pytest.raises(StagingError, match=r"/usr/share/foo/data of python3.11 and python3.12 has no place in .*image"):
        host.put(*both)

    assert tree(host.top) == before


def test_what_we_put_there_is_replaced_and_removed(host: Host, both: list[Member], tmp_path: Path) -> None:
    host.put(*both)

    host.put(member(tmp_path / "new", 12, {"/usr/share/foo/data": "new"}))

    assert [name for name, (mode, _, _) in tree(host.top).items() if mode & 0o170000 != 0o040000] == [
        "usr/share/foo/data"
    ]
    assert (host.top / "usr/share/foo/data").read_text() == "new"
    assert not (host.top / "usr/bin").exists()


def test_what_somebody_has_changed_since_is_not_overwritten(host: Host, both: list[Member], tmp_path: Path) -> None:
    host.put(*both)
    (host.top / "usr/share/foo/data").write_text("edited")

    with pytest.raises(StagingError, match="was changed since it was put there"):
        host.put(member(tmp_path / "new", 12, {"/usr/share/foo/data": "new"}))

    assert (host.top / "usr/share/foo/data").read_text() == "edited"


def test_what_only_others_own_is_not_put_back_where_the_host_took_it_away(host: Host, both: list[Member]) -> None:
    host.put(*both)
    (host.top / "usr/bin/foo-3.11").unlink()
    (host.top / "usr/bin/foo-3.12").unlink()

    host.put(*both, fresh=["python3.12"])

    assert not (host.top / "usr/bin/foo-3.11").exists()
    assert (host.top / "usr/bin/foo-3.12").exists()


@pytest.mark.parametrize("again", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StagingError])
def test_all_is_taken_back_where_the_end_fails(
    host: Host,
    both: list[Member],
    tmp_path: Path,
    error: type[BaseException],
    again: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    if again:
        host.put(*both)
    before = tree(host.top)
    new = member(tmp_path / "new", 12, {"/usr/share/foo/data": "new", "/opt/foo": "new"})

    def fail(_: Sequence[Entry], __: str) -> None:
        raise error

    entries = merge([new], policy="suffix").entries
    with pytest.raises(error), held(host.top, owner="here", certain=host.token):
        Image(host.top, host.known, "here").put(entries, owners=frozenset({new.name}), done=fail)

    assert {path: said for path, (_, _, said) in tree(host.top).items()} == {
        path: said for path, (_, _, said) in before.items()
    }
    assert host.top.exists() is again


PLANTED = [
    pytest.param("usr", id="directory-at-the-top"),
    pytest.param("usr/share", id="directory"),
    pytest.param("usr/share/foo/data", id="file"),
    pytest.param("usr/bin/foo-3.12", id="script"),
]


@pytest.mark.parametrize("place", PLANTED)
@pytest.mark.parametrize("dangling", [False, True], ids=["leads-outside", "leads-nowhere"])
def test_nothing_is_written_through_a_planted_link(
    host: Host,
    both: list[Member],
    tmp_path: Path,
    place: str,
    dangling: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    outside = tmp_path / "outside"
    if not dangling:
        outside.mkdir()
        (outside / "precious").write_text("precious")
    (host.top / place).parent.mkdir(parents=True)
    (host.top / place).symlink_to(outside)
    before = tree(tmp_path)

    with pytest.raises(StagingError, match="link"):
        host.put(*both)

    assert tree(tmp_path) == before


def test_a_file_where_the_image_should_be_is_left_alone(host: Host, both: list[Member]) -> None:
    host.top.write_text("precious")

    with pytest.raises(StagingError, match="is no directory"):
        host.put(*both)

    assert host.top.read_text() == "precious"


def test_what_the_file_system_refuses_is_one_sentence(host: Host, both: list[Member]) -> None:
    host.top.parent.joinpath("file").touch()
    host.top = host.top.parent / "file/image"

    with pytest.raises((FileError, StagingError), match="file"):
        host.put(*both)


def test_hard_links_join_the_same_module_of_several_implementations(host: Host, both: list[Member]) -> None:
    host.put(*both, dedupe_mode="hard")

    one, other = (host.top / f"usr/lib/python3.{minor}/site-packages/foo.py" for minor in (11, 12))
    assert one.samefile(other)
    assert not other.is_symlink()


def test_symbolic_links_are_relative(host: Host, both: list[Member]) -> None:
    host.put(*both, dedupe_mode="symlink")

    link = host.top / "usr/lib/python3.12/site-packages/foo.py"
    assert link.readlink() == Path("../../python3.11/site-packages/foo.py")
    assert link.read_text() == "x = 1\n"


def test_another_mode_of_dedupe_is_carried_out(host: Host, both: list[Member]) -> None:
    host.put(*both, dedupe_mode="symlink")
    host.put(*both, dedupe_mode="hard")
    host.put(*both, dedupe_mode="none")

    one, other = (host.top / f"usr/lib/python3.{minor}/site-packages/foo.py" for minor in (11, 12))
    assert not one.samefile(other)


def content(folder: Path) -> dict[str, object]:
    return {path: (mode, said) for path, (mode, _, said) in tree(folder).items()}


def killed_at(step: int, act: Callable[[], None]) -> bool:
    """Let a child process do ``act`` and be killed before a step of it; answers whether it came that far."""
    pid = os.fork()
    if pid == 0:
        try:
            sys.addaudithook(Killer(step, "driver"))
            act()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


@pytest.mark.parametrize("foreign", [False, True], ids=["own-run", "run-of-another"])
def test_an_image_is_what_it_was_or_what_it_was_to_be_wherever_a_run_is_killed(
    host: Host, both: list[Member], tmp_path: Path, *, foreign: bool
) -> None:
    mine = host.top / "usr/share/doc/other"
    mine.parent.mkdir(parents=True)
    mine.write_text("of another package")
    first = member(tmp_path / "first", 12, {**FILES, "/usr/share/foo/data": "first", "/opt/gone/x": "gone"})
    host.put(first)
    shutil.copytree(host.top, tmp_path / "stock", symlinks=True)
    before, known, token = content(host.top), host.known, host.token
    manifest = tmp_path / "manifest"

    def put() -> None:
        host.known, host.token = known, token
        host.put(*both, dedupe_mode="hard")

    def note(present: Sequence[Entry], new: str) -> None:
        host.note(present, new)
        manifest.write_text(new)

    host.done = note
    put()
    after = content(host.top)
    seen, step = set(), 1
    while True:
        files.remove_tree(host.top)
        shutil.copytree(tmp_path / "stock", host.top, symlinks=True)
        manifest.write_text(token)
        if not killed_at(step, put):
            break
        certain = manifest.read_text()
        owner, knows = ("elsewhere", "") if foreign else ("here", certain)
        with held(host.top, owner=owner, certain=knows):
            assert content(host.top) in (before, after)
            assert foreign or (content(host.top) == after) == (certain != token)
            seen.add(content(host.top) == after)
        assert mine.read_text() == "of another package"
        step += 1
    assert seen == {False, True}
    assert step > 40


def test_to_take_back_may_be_killed_as_well(host: Host, both: list[Member], tmp_path: Path) -> None:
    host.put(member(tmp_path / "first", 12, {**FILES, "/usr/share/foo/data": "first", "/opt/gone/x": "gone"}))
    before, stock, token = content(host.top), tmp_path / "stock", host.token

    def note(_: Sequence[Entry], __: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    host.done = note
    assert killed_at(0, lambda: host.put(*both))
    assert content(host.top) != before
    shutil.copytree(host.top, stock, symlinks=True)

    def take_back() -> None:
        with held(host.top, owner="here", certain=token):
            pass

    step = 1
    while True:
        files.remove_tree(host.top)
        shutil.copytree(stock, host.top, symlinks=True)
        if not killed_at(step, take_back):
            break
        take_back()
        assert content(host.top) == before
        step += 1
    assert step > 15


@pytest.mark.parametrize("journal", [b"", b"{", b"[]", b'{"token": 1}', b"\0\0"])
def test_a_workshop_without_a_journal_that_can_be_read_is_only_removed(
    host: Host, both: list[Member], journal: bytes
) -> None:
    host.put(*both)
    before = content(host.top)
    workshop = host.top / ".multibuild.01234567.tmp"
    workshop.mkdir(mode=0o700)
    (workshop / "0").touch()
    (workshop / "journal.json").write_bytes(journal)

    host.put(*both)

    assert content(host.top) == before


def test_a_folder_that_others_may_have_planted_is_no_workshop(host: Host, both: list[Member]) -> None:
    planted = host.top / ".multibuild.01234567.tmp"
    planted.mkdir(parents=True, mode=0o755)
    (planted / "journal.json").write_text("{}")

    host.put(*both)

    assert (planted / "journal.json").read_text() == "{}"


def test_two_runs_that_put_files_into_one_image_take_turns(host: Host, both: list[Member]) -> None:
    told: list[events.Event] = []
    waiting, entered = threading.Event(), threading.Event()

    def observe(event: events.Event) -> None:
        told.append(event)
        waiting.set()

    def second() -> None:
        with held(host.top, owner="there", certain="", observer=observe):
            entered.set()

    with held(host.top, owner="here", certain=""):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert not entered.is_set()
        Image(host.top, {}, "here").put(
            merge(both, policy="suffix").entries, owners=frozenset({"python3.11"}), done=lambda *_: None
        )
    thread.join(30)
    assert entered.is_set()
    assert told == [events.Note(f"another run puts files into {host.top}; waiting until it is done", level="warning")]
