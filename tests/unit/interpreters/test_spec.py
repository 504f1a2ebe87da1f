from __future__ import annotations

from pathlib import Path

import pytest
import recorded_probes
from hypothesis import given
from hypothesis import strategies as st

from pep517_multi.errors import UsageError
from pep517_multi.interpreters import Spec


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3.12", "python3.12"),
        ("cpython3.12", "python3.12"),
        ("cp312", "python3.12"),
        ("python3.12", "python3.12"),
        ("python3_12", "python3.12"),
        ("3.13t", "python3.13t"),
        ("cp313t", "python3.13t"),
        ("pypy3.11", "pypy3.11"),
        ("pp311", "pypy3.11"),
        ("pypy3_11", "pypy3.11"),
        ("graalpy3.11", "graalpy3.11"),
    ],
)
def test_a_spec_matches_exactly_the_interpreter_that_it_names(text: str, name: str) -> None:
    matching = {other for other in recorded_probes.NAMES if Spec.parse(text).matches(recorded_probes.load(other))}
    assert {recorded_probes.load(other).name for other in matching} == {name}


@pytest.mark.parametrize("name", recorded_probes.NAMES)
def test_every_canonical_name_is_a_spec_for_its_interpreter(name: str) -> None:
    interpreter = recorded_probes.load(name)
    assert Spec.parse(interpreter.name).matches(interpreter)


@pytest.mark.parametrize("text", ["3", "python3", "python"])
def test_a_bare_python_matches_every_ordinary_cpython(text: str) -> None:
    matching = {name for name in recorded_probes.NAMES if Spec.parse(text).matches(recorded_probes.load(name))}
    assert matching == {name for name in recorded_probes.NAMES if name.startswith("python") and name[-1] != "t"}


def test_all_matches_cpython_and_pypy_but_no_other() -> None:
    left_out = {name for name in recorded_probes.NAMES if not Spec.parse("all").matches(recorded_probes.load(name))}
    assert left_out == {"graalpy3.11"}


def test_a_patch_version_matches_no_other_patch_version() -> None:
    spec = Spec.parse("3.12.4")
    assert spec.matches(recorded_probes.load_version("python3.12", "3.12.4"))
    assert not spec.matches(recorded_probes.load_version("python3.12", "3.12.40"))


@given(
    implementation=st.sampled_from(["", "python", "cpython"]),
    minor=st.integers(8, 40),
    patch=st.none() | st.integers(0, 30),
    separator=st.sampled_from("._"),
    flags=st.sampled_from(["", "t", "d", "td"]),
)
def test_what_was_written_is_what_is_meant(
    implementation: str, minor: int, patch: int | None, separator: str, flags: str
) -> None:
    parts = (3, minor) if patch is None else (3, minor, patch)
    spec = Spec.parse(implementation + separator.join(map(str, parts)) + flags)
    assert (spec.implementation, spec.release) == ("cpython", parts)
    assert (spec.free_threaded, spec.debug) == ("t" in flags, "d" in flags)


@given(st.text(max_size=12))
def test_any_text_is_a_spec_or_one_sentence_of_usage_error(text: str) -> None:
    said = ""
    try:
        assert Spec.parse(text).text == text
    except UsageError as error:
        said = str(error)
    assert "\n" not in said


def test_what_has_a_slash_is_a_path_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Spec.parse("./env/bin/python").path == tmp_path / "env/bin/python"


def test_a_path_matches_the_interpreter_that_lies_there() -> None:
    interpreter = recorded_probes.load("python3.12")
    assert Spec.parse(str(interpreter.executable)).matches(interpreter)
    assert Spec.parse(str(interpreter.executable.parent)).matches(interpreter)
    assert not Spec.parse("/opt/python3.12/bin/python3.12").matches(interpreter)


def test_a_path_too_long_to_exist_is_left_to_whoever_opens_it() -> None:
    assert Spec.parse("/" + "x" * 300).path


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert Spec.parse("~/python3.12").path == Path("/home/me/python3.12")


def test_the_home_of_nobody_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="write the path in full"):
        Spec.parse("~no-such-user-here/python")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("312", "3.12"),
        ("313t", "3.13t"),
        ("py312", "python3.12"),
        ("python312", "python3.12"),
        ("pyhton3.12", "python3.12"),
        ("pyp3", "pypy3"),
        ("PyPy3.11", "pypy3.11"),
        ("3.12-t", "3.12t"),
        ("graal3.11", "graalpy3.11"),
        ("al", "all"),
    ],
)
def test_a_near_miss_is_told_what_was_probably_meant(text: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{meant}'"):
        Spec.parse(text)


@pytest.mark.parametrize("text", ["", "cp", "3.x", "x" * 300, "wheel", "3.12.1.2", "pp73", "t", "pythont", "3.12 "])
def test_what_is_no_implementation_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is no implementation"):
        Spec.parse(text)


@pytest.mark.parametrize(
    ("text", "oldest"), [("3.7", "CPython starts at 3.8"), ("2.7", "at 3.8"), ("pp38", "PyPy starts at 3.9")]
)
def test_a_version_that_is_too_old_is_told_from_where_on(text: str, oldest: str) -> None:
    with pytest.raises(UsageError, match=oldest):
        Spec.parse(text)


@pytest.mark.parametrize("text", ["project", ".", "./project", "sample-1.0.tar.gz", "dist/sample-1.0.zip"])
def test_a_source_among_the_implementations_is_told_where_it_goes(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"multibuild --impls 3\.11 -- "):
        Spec.parse(text)


def test_a_version_is_a_version_even_beside_a_folder_of_that_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "3.12").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Spec.parse("3.12").release == (3, 12)
