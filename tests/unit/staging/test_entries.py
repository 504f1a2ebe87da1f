from __future__ import annotations

from pathlib import Path

import pytest
import recorded_probes

from pep517_multi.interpreters.spec import Spec
from pep517_multi.staging import Layout
from pep517_multi.staging.entries import member_of

ROOT = Path("/nowhere")


def preference(name: str, prefer: Spec | None = None) -> tuple[int, ...]:
    return member_of(recorded_probes.load(name), ROOT, Layout(), prefer=prefer).preference


@pytest.mark.parametrize(
    ("names", "preferred"),
    [
        pytest.param(["python3.8", "python3.11", "pypy3.11"], "python3.11", id="newest-cpython"),
        pytest.param(["python3.13t", "python3.12", "python3.15t"], "python3.12", id="an-ordinary-one"),
        pytest.param(["python3.13t", "python3.15t", "pypy3.11"], "python3.15t", id="else-a-free-threaded-one"),
        pytest.param(["pypy3.9", "pypy3.11"], "pypy3.11", id="else-the-newest"),
    ],
)
def test_the_newest_ordinary_cpython_is_preferred(names: list[str], preferred: str) -> None:
    assert max(names, key=preference) == preferred


def test_what_is_named_is_preferred_to_all_others() -> None:
    names = ["python3.12", "python3.11", "pypy3.11"]

    assert max(names, key=lambda name: preference(name, Spec.parse("pypy3"))) == "pypy3.11"


@pytest.mark.parametrize(
    ("shebang", "interpreter"),
    [("{prefix}/bin/{impl}", "/opt/bin/python3.12"), ("/usr/bin/python3", None)],
    ids=["its-own", "one-for-all"],
)
def test_scripts_are_an_implementations_own_if_their_interpreter_is(shebang: str, interpreter: str | None) -> None:
    layout = Layout(prefix="/opt", shebang=shebang)

    assert member_of(recorded_probes.load("python3.12"), ROOT, layout).interpreter == interpreter


def test_a_prefix_at_the_top_gives_paths_without_a_double_slash() -> None:
    member = member_of(recorded_probes.load("python3.12"), ROOT, Layout(prefix="/"))

    assert (member.prefix, member.scripts, member.libraries) == ("", "/bin", ("/lib/python3.12/site-packages",))
