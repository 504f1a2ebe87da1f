"""Staging with the interpreters of this machine: beside gpep517, over standard libraries, and run."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from staging_roots import environment, installed, modules, snapshot, stage
from wheel_maker import make_wheel

from pep517_multi.process import LocalRunner
from pep517_multi.staging import Layout
from pep517_multi.staging.bytecode import Compiler, Module

if TYPE_CHECKING:
    from pep517_multi.interpreters.interpreter import Interpreter

EVERY = pytest.mark.parametrize("name", machine.interpreters())
RUNS_INSTALLER = pytest.mark.parametrize(
    "name", [name for name in machine.cpythons() if int(name.partition(".")[2]) >= 10]
)
"""The interpreters that installer, and so gpep517, works in."""
LEVELS = (0, 1, 2)

COMPARE = """
import json, marshal, sys
CODE = type((lambda: None).__code__)
FIELDS = [name for name in dir(CODE) if name.startswith("co_") and name not in ("co_consts", "co_lines", "co_positions",
          "co_branches")]
def known(value):
    if isinstance(value, CODE):
        fields = [(name, getattr(value, name)) for name in FIELDS if not callable(getattr(value, name))]
        return ("code", fields, [known(constant) for constant in value.co_consts])
    if isinstance(value, tuple):
        return ("tuple", [known(member) for member in value])
    if isinstance(value, frozenset):
        return ("frozenset", sorted((known(member) for member in value), key=repr))
    return (type(value).__name__, repr(value))
def read(path):
    with open(path, "rb") as stream:
        return stream.read()
different = []
for ours, theirs in json.load(sys.stdin):
    one, other = read(ours), read(theirs)
    if one[:8] != other[:8] or known(marshal.loads(one[16:])) != known(marshal.loads(other[16:])):
        different.append(ours)
json.dump(different, sys.stdout)
"""

REFERENCE = """
import json, py_compile, sys, warnings
warnings.simplefilter("ignore")
for path, made, name, level in json.load(sys.stdin):
    try:
        py_compile.compile(path, made, name, doraise=True, optimize=level,
                           invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    except py_compile.PyCompileError:
        pass
"""


def ask(interpreter: Interpreter, script: str, question: object = None) -> str:
    return subprocess.run(
        [interpreter.executable, "-I", "-B", "-c", script],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def different_code(interpreter: Interpreter, pairs: list[tuple[Path, Path]]) -> list[str]:
    """Return the first of each pair of bytecode files whose code or invalidation differ as the target sees them."""
    different: list[str] = json.loads(ask(interpreter, COMPARE, [(str(one), str(two)) for one, two in pairs]))
    return different


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import email

    folder = tmp_path_factory.mktemp("dist")
    sources = {f"sample/email_{path.name}": path.read_bytes() for path in Path(email.__file__).parent.glob("*.py")}
    return make_wheel(
        folder,
        files={
            **sources,
            "sample/__init__.py": "import sys\n\ndef main():\n    print('hello from', sys.implementation.name)\n",
            "sample/python2.py": "print 'hello'\n",
            "sample/latin.py": "# coding: latin-1\nname = 'é'\n".encode("latin-1"),
            "sample/binary.bin": bytes(range(256)),
            "sample-1.0.data/scripts/tool": "#!python\nimport sample\nsample.main()\n",
            "sample-1.0.data/scripts/shell": "#!/bin/sh\necho hello from sh\n",
            "sample-1.0.data/headers/sample.h": "int x;\n",
            "sample-1.0.data/data/share/sample/a b.txt": "text\n",
            "sample-1.0.data/platlib/sample_plat.py": "X = 1\n",
        },
        executable=["sample-1.0.data/scripts/tool", "sample-1.0.data/scripts/shell"],
        entry_points={"hello": "sample:main"},
    )


@RUNS_INSTALLER
def test_the_tree_is_the_one_that_gpep517_makes(wheel: Path, tmp_path: Path, name: str) -> None:
    target = installed(name)
    scheme = ask(target, "import sysconfig; print(sysconfig.get_default_scheme(), end='')")
    ours = stage(wheel, tmp_path / "ours", interpreter=target, layout=Layout(scheme=scheme, levels=LEVELS)).root
    theirs = _gpep517(target, wheel, tmp_path)

    one, other = snapshot(ours), snapshot(theirs)
    only_ours = {path for path in one.keys() - other.keys() if not path.endswith("dist-info/INSTALLER")}
    assert only_ours == other.keys() - one.keys() == set()
    generated = (".pyc", "/RECORD")
    for path, (mode, _, digest) in other.items():
        assert one[path][0] == mode, path
        assert path.endswith(generated) or one[path][2] == digest, path
    bytecode = [path for path in other if path.endswith(".pyc")]
    assert len(bytecode) >= 3 * 10
    assert different_code(target, [(ours / path, theirs / path) for path in bytecode]) == []


def _gpep517(target: Interpreter, wheel: Path, folder: Path) -> Path:
    for package in ("gpep517", "installer"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, folder / "path" / package)
    command = ["install-wheel", "--destdir", str(folder / "theirs"), "--prefix", "/usr", "--optimize", "all"]
    before = os.umask(0o022)
    try:
        subprocess.run(
            [target.executable, "-s", "-m", "gpep517", *command, "--interpreter", f"/usr/bin/{target.name}", wheel],
            env=environment(PYTHONPATH=str(folder / "path"), PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            check=True,
        )
    finally:
        os.umask(before)
    return folder / "theirs"


@EVERY
def test_the_standard_library_compiles_to_what_py_compile_makes_of_it(tmp_path: Path, name: str) -> None:
    target = installed(name)
    library = Path(ask(target, "import os; print(os.path.dirname(os.__file__), end='')"))
    sources = _sample(library)
    sets = [_compiled(target, library, sources, tmp_path / str(jobs), jobs=jobs) for jobs in (1, 3)]

    first, second = ({str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.pyc")} for root in sets)
    assert first == second
    reference = [
        (str(sets[0] / each), f"{sets[0] / each}.{level}", str(library / each), level)
        for each in sources
        for level in LEVELS
    ]
    ask(target, REFERENCE, reference)
    made = {each: Path(each[1]) for each in reference if Path(each[1]).exists()}
    assert len(made) == len(first)
    assert (
        different_code(target, [(_cached(target, Path(p), level), made[p, m, n, level]) for p, m, n, level in made])
        == []
    )


def _sample(library: Path) -> list[Path]:
    """Return some files of the standard library, relative to it; all where the environment says so."""
    apart = {"site-packages", "dist-packages"}
    every = sorted(
        path.relative_to(library) for path in library.rglob("*.py") if apart.isdisjoint(path.parts) and path.is_file()
    )
    wanted = len(every) if os.environ.get("PEP517_MULTI_TEST_WHOLE_STDLIB") else 40
    return every[:: max(1, len(every) // wanted)]


def _compiled(target: Interpreter, library: Path, sources: list[Path], root: Path, *, jobs: int) -> Path:
    listed = []
    for source in sources:
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library / source, root / source)
        size = (root / source).stat().st_size
        listed.append(Module(root / source, str(library / source), size if jobs > 1 else -size))
    compiler = Compiler(runner=LocalRunner(), environ=environment(), jobs=jobs)
    try:
        compiler.compile(target, listed, layout=Layout(levels=LEVELS))
    finally:
        compiler.close()
    return root


def _cached(target: Interpreter, path: Path, level: int) -> Path:
    ending = f".opt-{level}" if level else ""
    return path.parent / "__pycache__" / f"{path.stem}.{target.cache_tag}{ending}.pyc"


@EVERY
def test_scripts_and_modules_work_where_they_are_staged(wheel: Path, tmp_path: Path, name: str) -> None:
    target = installed(name)
    layout = Layout(prefix="/usr", shebang=str(target.executable))
    root = stage(wheel, tmp_path / "root", interpreter=target, layout=layout).root
    env = environment(PYTHONPATH=str(modules(root)), PYTHONDONTWRITEBYTECODE="1")

    for script in ("hello", "tool"):
        said = subprocess.check_output([root / "usr/bin" / script], env=env, text=True)
        assert said == f"hello from {target.implementation}\n"
    assert subprocess.check_output([root / "usr/bin/shell"], env=env, text=True) == "hello from sh\n"


@EVERY
def test_the_target_takes_the_bytecode_as_its_own(wheel: Path, tmp_path: Path, name: str) -> None:
    target = installed(name)
    root = stage(wheel, tmp_path / "root", interpreter=target).root
    before = snapshot(root)

    subprocess.run(
        [target.executable, "-c", "import sample, sample.latin"],
        env=environment(PYTHONPATH=str(modules(root))),
        check=True,
    )

    assert snapshot(root) == before


def test_debians_own_interpreters_are_staged_below_usr_and_not_usr_local(wheel: Path, tmp_path: Path) -> None:
    for name in [name for name in machine.interpreters() if "deb_system" in installed(name).schemes]:
        root = stage(wheel, tmp_path / name, interpreter=installed(name)).root
        assert (modules(root) / "sample/__init__.py").is_file()
        assert not (root / "usr/local").exists()


@EVERY
def test_bytecode_is_named_as_the_target_names_it(wheel: Path, tmp_path: Path, name: str) -> None:
    root = stage(wheel, tmp_path / name, interpreter=installed(name)).root

    assert {path.name.split(".")[1] for path in root.rglob("*.pyc")} == {installed(name).cache_tag}
