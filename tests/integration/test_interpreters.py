"""What real interpreters say of themselves, and whether what is made of it is what they would have said."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import packaging
import pytest
from packaging.specifiers import SpecifierSet

from pep517_multi.interpreters import PREFIX_PLACEHOLDER, Finder
from pep517_multi.process import LocalRunner, inherited_environment

if TYPE_CHECKING:
    from pep517_multi.interpreters import Interpreter

REAL = list(machine.interpreters())
ADMITTED_BY_PACKAGING = SpecifierSet(metadata("packaging")["Requires-Python"])
TELL_TAGS = [name for name in REAL if ADMITTED_BY_PACKAGING.contains(name.strip("abcdefghijklmnopqrstuvwxyz"))]
"""Where packaging runs, the oracle for tags."""


@cache
def finder() -> Finder:
    return Finder(LocalRunner(), inherited_environment(), None)


@cache
def interpreter(name: str) -> Interpreter:
    (found,) = finder().select([str(machine.interpreters()[name])])
    return found


def said(name: str, code: str, *arguments: str) -> str:
    """Return what ``code`` prints in the real interpreter."""
    argv = [str(machine.interpreters()[name]), "-I", "-S", "-c", code, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", REAL)
def test_an_interpreter_has_the_name_that_it_is_known_by(name: str) -> None:
    assert interpreter(name).name == name


@pytest.mark.parametrize("name", TELL_TAGS)
def test_tags_are_the_targets_own_in_the_same_order(name: str, tmp_path: Path) -> None:
    (tmp_path / "packaging").symlink_to(Path(packaging.__file__).parent)
    own = said(
        name,
        "import sys; sys.path.insert(0, sys.argv[1]); from packaging.tags import sys_tags; print(*sys_tags())",
        str(tmp_path),
    ).split()
    target = interpreter(name)
    if target.python < (3, 15):  # the one difference: no Python before can load what is tagged abi3t
        own = [tag for tag in own if "-abi3t-" not in tag]
    assert [str(tag) for tag in target.tags] == own


@pytest.mark.parametrize("name", REAL)
def test_paths_are_the_targets_own_for_any_prefix(name: str) -> None:
    code = """
import json, sys, sysconfig
variables = dict.fromkeys(("base", "platbase", "installed_base", "installed_platbase"), "/some/prefix")
print(json.dumps(sysconfig.get_paths("posix_prefix", variables)))
"""
    schemes = interpreter(name).schemes
    ours = {key: path.replace(PREFIX_PLACEHOLDER, "/some/prefix") for key, path in schemes["posix_prefix"].items()}
    assert ours == json.loads(said(name, code))


@pytest.mark.parametrize("name", REAL)
def test_every_path_follows_the_prefix(name: str) -> None:
    paths = [path for scheme in interpreter(name).schemes.values() for path in scheme.values()]
    assert [path for path in paths if not path.startswith(PREFIX_PLACEHOLDER)] == []


@pytest.mark.parametrize("name", REAL)
def test_suffixes_and_cache_tag_are_those_of_the_import_system(name: str) -> None:
    code = "import sys, importlib.machinery as m; print(sys.implementation.cache_tag, *m.EXTENSION_SUFFIXES)"
    target = interpreter(name)
    assert [target.cache_tag, *target.extension_suffixes] == said(name, code).split()


@pytest.mark.parametrize("name", REAL)
def test_markers_are_those_that_packaging_gives_in_the_target(name: str) -> None:
    code = """
import platform, sys
print(platform.python_version().rstrip("+"), platform.python_implementation(), sys.platform, sep="|")
"""
    markers = interpreter(name).markers
    shown = "|".join(markers[key] for key in ("python_full_version", "platform_python_implementation", "sys_platform"))
    assert shown == said(name, code).strip()


@pytest.mark.parametrize("name", REAL)
def test_a_virtual_environment_stays_itself_and_says_what_its_installation_says(name: str, tmp_path: Path) -> None:
    base = interpreter(name)
    subprocess.run([base.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = tmp_path / "env/bin/python"
    (env,) = finder().select([str(python)])
    (by_directory,) = finder().select([str(tmp_path / "env")])
    assert env.executable == python
    assert by_directory.executable.parent == python.parent
    assert env.is_virtual
    assert not base.is_virtual
    assert (env.name, env.tags, env.schemes["posix_prefix"]) == (base.name, base.tags, base.schemes["posix_prefix"])


@pytest.mark.parametrize("options", [[], ["--copies"]], ids=["links", "copies"])
def test_an_active_virtual_environment_stands_for_its_installation(options: list[str], tmp_path: Path) -> None:
    name, base = next(iter(machine.interpreters().items()))
    subprocess.run([base, "-m", "venv", "--without-pip", *options, tmp_path / "env"], check=True)
    environ = {"PATH": f"{tmp_path}/env/bin", "HOME": str(tmp_path)}
    (found,) = Finder(LocalRunner(), environ, None, system_folders=()).select([name])
    assert not found.is_virtual
    assert found.executable.samefile(base)


@pytest.mark.interpreters
def test_names_find_one_interpreter_each_in_the_order_of_work() -> None:
    wanted = [list(machine.cpythons().items())[-1], list(machine.pypys().items())[-1]]
    path = ":".join(str(executable.parent) for _, executable in wanted)
    names = [name for name, _ in wanted]
    found = Finder(LocalRunner(), {**inherited_environment(), "PATH": path}, None).select(names[::-1])
    assert [each.name for each in found] == names


def test_a_survey_has_a_problem_or_an_interpreter_for_each_candidate() -> None:
    survey = finder().survey()
    assert survey
    assert all((each.interpreter is None) != (each.problem is None) for each in survey)
    chosen = [each.chosen_for for each in survey if each.chosen_for]
    assert len(chosen) == len(set(chosen))
