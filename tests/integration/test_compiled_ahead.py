"""Bytecode that is made while a build still goes on, and what becomes of it where the build changes modules."""

from __future__ import annotations

import os
import shutil
import textwrap
from pathlib import Path

import pytest
from command_line import Ran, cpython_targets, impls, import_from, multibuild, snapshot

from pep517_multi import orphans

SAMPLE = Path(__file__).parents[1] / "packages" / "intree-backend"
MODULES = 9  # several requests of drafts, of which the first ones are answered when the last one is being worked on
BACKEND = """
    import glob, os, time
    import sample_backend

    HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

    def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
        drafts = os.environ.get("TEST_DRAFTS")
        if drafts:  # at least as many bytecode files as the first eight modules have
            deadline = time.monotonic() + 60
            while len(found := glob.glob(drafts + "/*/__pycache__/*.pyc")) < 17:
                if time.monotonic() > deadline:
                    raise SystemExit("nothing is compiled beside the build")
                time.sleep(0.01)
            for path in found if os.environ.get("TEST_MARK") else ():
                with open(path, "ab") as stream:
                    stream.write(b"made ahead")
        package = os.path.join(HERE, "src", "intree_backend")
        with open(os.path.join(package, "m0.py"), "w") as stream:
            stream.write("WHERE = 'wheel!'\\n")  # of the same size, for that is in the header
        with open(os.path.join(package, "generated.py"), "w") as stream:
            stream.write("WHERE = 'wheel'\\n")
        os.remove(os.path.join(package, "m1.py"))
        if os.environ.get("TEST_FAIL"):
            raise SystemExit("no wheel today")
        return sample_backend.build_wheel(wheel_directory, config_settings, metadata_directory)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a project whose backend changes, adds and removes modules once drafts of them were made."""
    tree = Path(shutil.copytree(SAMPLE, tmp_path / "tree"))
    (tree / "backend" / "changing.py").write_text(textwrap.dedent(BACKEND))
    pyproject = (tree / "pyproject.toml").read_text().replace('"sample_backend"', '"changing"')
    (tree / "pyproject.toml").write_text(pyproject)
    for number in range(MODULES):
        (tree / "src" / "intree_backend" / f"m{number}.py").write_text("WHERE = 'source'\n")
    return tree


def build(tree: Path, name: str, *, jobs: int, **environ: str) -> Ran:
    work = tree.parent / name
    more = {"TEST_DRAFTS": str(work / "staging" / "drafts"), **environ} if jobs > 1 else environ
    ran = multibuild(tree, *impls(cpython_targets()[-1]), "-j", str(jobs), workdir=work, env=more)
    assert not (work / "staging").exists()
    return ran


@pytest.mark.interpreters
def test_what_is_compiled_ahead_of_a_build_is_used_where_the_build_changed_nothing(tree: Path) -> None:
    impl = cpython_targets()[-1]
    alone = build(tree, "alone", jobs=1)
    beside = build(tree, "beside", jobs=2)
    marked = build(tree, "marked", jobs=2, TEST_MARK="yes")

    assert (alone.returncode, beside.returncode, marked.returncode) == (0, 0, 0)
    assert snapshot(beside.root(impl), times=False) == snapshot(alone.root(impl), times=False)
    files = {path.name: path for path in alone.root(impl).rglob("*.pyc")}
    for path in beside.root(impl).rglob("*.pyc"):
        assert int(path.stat().st_mtime) == int(files[path.name].stat().st_mtime)
    ask = "from intree_backend import m0, m2, generated; print(m0.WHERE, m2.WHERE, generated.WHERE)"
    assert import_from([beside.root(impl)], impl, ask) == "wheel! source wheel"
    made = {path.name.partition(".")[0] for path in marked.root(impl).rglob("*.pyc") if is_marked(path)}
    assert made >= {f"m{number}" for number in range(2, 7)}
    assert made.isdisjoint({"m0", "m1", "generated"})


def is_marked(path: Path) -> bool:
    return path.read_bytes().endswith(b"made ahead")


@pytest.mark.interpreters
def test_a_build_that_fails_leaves_no_drafts_and_keeps_no_token_of_a_caller(tree: Path) -> None:
    pipe = tree.parent / "tokens"
    os.mkfifo(pipe)
    tokens = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    os.write(tokens, b"x")
    last = (
        tree / "src" / "intree_backend" / f"m{MODULES - 1}.py"
    )  # at which a process is still busy when the build ends
    last.write_text("".join(f"x{number} = [{number}, 'a', x]\n" for number in range(10_000)))

    ran = build(tree, "work", jobs=2, TEST_FAIL="yes", MAKEFLAGS=f" -j2 --jobserver-auth=fifo:{pipe}")

    assert ran.returncode == 1
    assert "no wheel today" in ran.stderr
    assert [*orphans.found(ran.workdir)] == []
    assert os.read(tokens, 10) == b"x"
    os.close(tokens)
