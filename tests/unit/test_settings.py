from __future__ import annotations

from pathlib import Path

import pytest

from pep517_multi.errors import UsageError
from pep517_multi.settings import (
    SETTINGS,
    STRIP_SETS,
    STRIPPED_BY_HOSTS,
    Layer,
    environment_layer,
    file_layer,
    project_layer,
    resolve,
)

HERE = Path("/somewhere")


def layer(values: dict[str, object], name: str = "multibuild.toml", folder: Path = HERE) -> Layer:
    return Layer(name, values, folder)


def test_a_later_layer_is_stronger_and_remembered() -> None:
    settings = resolve([layer({"reuse": "tags", "prefix": "/opt"}), layer({"reuse": "never"}, "the command line")])
    assert (settings.reuse, settings.prefix) == ("never", "/opt")
    assert settings.origins == {"reuse": "the command line", "prefix": "multibuild.toml"}


def test_without_any_layer_the_defaults_of_the_contract_hold() -> None:
    settings = resolve([])
    assert (settings.workdir, settings.prefix, settings.compile) == (Path(".multibuild"), "/usr", (0, 1))
    assert (settings.reuse, settings.isolation, settings.invalidation_mode) == ("auto", True, "timestamp")


def test_backend_settings_are_merged_key_by_key() -> None:
    settings = resolve(
        [layer({"config-settings": {"a": "1", "b": ["2", "3"]}}), layer({"config-settings": '{"a": "4", "c": true}'})]
    )
    assert settings.config_settings == {"a": "4", "b": ["2", "3"], "c": "true"}


def test_paths_are_relative_to_the_file_that_names_them() -> None:
    settings = resolve([layer({"roots": "r", "build-constraint": ["c.txt", "/abs.txt"]}, folder=Path("/etc/x"))])
    assert settings.roots == Path("/etc/x/r")
    assert settings.build_constraint == (Path("/etc/x/c.txt"), Path("/abs.txt"))


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("impls", "3.11, 3.12 pypy3", ("3.11", "3.12", "pypy3")),
        ("impls", ["3.11,3.12", "pypy3"], ("3.11", "3.12", "pypy3")),
        ("compile", "none", ()),
        ("compile", "2,0", (0, 2)),
        ("compile", [0, 1, 2], (0, 1, 2)),
        ("compile", 1, (1,)),
        ("reuse", "0", "never"),
        ("reuse", True, "auto"),
        ("ext", "1", "yes"),
        ("ext", False, "no"),
        ("abi3", "off", False),
        ("jobs", "4", 4),
        ("timeout", "1.5", 1.5),
        ("prefix", "/usr/", "/usr"),
        ("prefix", "/", "/"),
        ("shebang", "#!/usr/bin/env {impl}", "/usr/bin/env {impl}"),
    ],
)
def test_a_value_is_read_from_text_and_from_toml(key: str, given: object, value: object) -> None:
    assert getattr(resolve([layer({key: given})]), key) == value


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"resue": "never"}, "unknown setting 'resue' in multibuild.toml (did you mean 'reuse'?)"),
        ({"reuse": "sometimes"}, "reuse in multibuild.toml is 'sometimes': it takes auto, tags or never"),
        ({"reuse": "nevr"}, "did you mean 'never'?"),
        ({"jobs": "0"}, "jobs in multibuild.toml is '0': it takes a whole number from 1"),
        ({"jobs": "many"}, "it takes a number"),
        ({"timeout": -1}, "it takes a number of seconds above 0"),
        ({"timeout": "nan"}, "it takes a finite number"),
        ({"compile": "3"}, "it takes levels out of 0, 1 and 2"),
        ({"prefix": "usr"}, "it takes an absolute path"),
        ({"prefix": "/usr/../etc"}, "it takes an absolute path"),
        ({"shebang": "{python}"}, "in which {impl} and {prefix} are replaced"),
        ({"shebang": "/bin/sh\nrm"}, "it takes a single line"),
        ({"config-settings": "{"}, "it takes a JSON object"),
        ({"config-settings": {"a": 1}}, "it takes a table of texts or lists of texts"),
        ({"impls": 3.11}, "impls in multibuild.toml is 3.11: it takes a list of texts"),
        ({"isolation": "maybe"}, "it takes true or false"),
        ({"workdir": 5}, "it takes a path"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_layer(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve([layer(values)])
    assert message in str(caught.value)


def test_every_setting_can_come_from_the_environment() -> None:
    environ = {"PEP517_MULTI_IMPLS": "3.11 pypy3", "PEP517_MULTI_INVALIDATION_MODE": "checked-hash"}
    settings = resolve([environment_layer(environ, HERE)])
    assert (settings.impls, settings.invalidation_mode) == (("3.11", "pypy3"), "checked-hash")
    assert {setting.variable for setting in SETTINGS} >= {"PEP517_MULTI_IMPLS", "PEP517_MULTI_CONFIG_SETTINGS"}


def test_a_mistyped_variable_is_an_error_and_a_hosts_own_is_not() -> None:
    assert environment_layer({"PEP517_MULTI_IMPURE": "1", "MULTIBUILD_VARIANTS": "x"}, HERE).values == {}
    with pytest.raises(UsageError, match=r"PEP517_MULTI_RESUE \(did you mean PEP517_MULTI_REUSE\?\)"):
        environment_layer({"PEP517_MULTI_RESUE": "never"}, HERE)


def test_the_table_of_a_project_is_a_layer() -> None:
    found = project_layer({"tool": {"multibuild": {"ext": "yes"}}}, HERE / "pyproject.toml")
    assert resolve([found]).ext == "yes"
    assert project_layer({"project": {}}, HERE / "pyproject.toml").values == {}


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="must be a table"):
        project_layer({"tool": {"multibuild": "yes"}}, HERE / "pyproject.toml")


def test_a_file_that_is_broken_or_missing_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "multibuild.toml"
    broken.write_text("reuse = never")
    with pytest.raises(UsageError, match="is no valid TOML"):
        file_layer(broken)
    with pytest.raises(UsageError, match="cannot read"):
        file_layer(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("weaker", "stronger", "expected"),
    [
        pytest.param("roots", "destdir", (None, HERE / "x"), id="image"),
        pytest.param("destdir", "roots", (HERE / "x", None), id="roots"),
    ],
)
def test_roots_or_image_of_a_stronger_layer_take_the_place_of_the_other(
    weaker: str, stronger: str, expected: tuple[Path | None, Path | None]
) -> None:
    settings = resolve([layer({weaker: "y"}), layer({stronger: "x"})])

    assert (settings.roots, settings.destdir) == expected


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("strip", "licences", "did you mean 'licenses'"),
        ("scripts", "alternatives", "it takes plain, suffix, python-exec or separate"),
        ("installer", "two\nlines", "it takes a text of one line"),
        ("dedupe", "soft", "it takes none, hard or symlink"),
    ],
)
def test_a_wrong_word_of_a_host_is_refused_with_what_it_takes(key: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve([layer({key: value})])


def test_sets_to_strip_come_as_a_text_or_a_list() -> None:
    assert resolve([layer({"strip": "record, tests,record"})]).strip == ("record", "tests")
    assert resolve([layer({"strip": ["nspkg"], "installer": ""})]).strip == ("nspkg",)


def test_a_host_stands_for_the_sets_that_it_does_without() -> None:
    assert resolve([layer({"strip": "rpm,tests"})]).strip == ("record", "direct-url", "tests")
    assert {each for sets in STRIPPED_BY_HOSTS.values() for each in sets} <= set(STRIP_SETS)


def test_what_commands_of_prepare_are_told_is_no_setting() -> None:
    environ = {"PEP517_MULTI_IMPL": "python3.12", "PEP517_MULTI_PYTHON": "/usr/bin/python3.12"}
    assert environment_layer(environ, Path()).values == {}


@pytest.mark.parametrize(
    ("written", "size"),
    [
        pytest.param(1000, 1000, id="number"),
        pytest.param("1000", 1000, id="text"),
        pytest.param("500M", 500 << 20, id="unit"),
        pytest.param("1.5 GiB", 3 << 29, id="unit-in-full"),
        pytest.param("4kb", 4096, id="small-letters"),
    ],
)
def test_a_size_is_read_with_its_unit(written: object, size: int) -> None:
    assert resolve([Layer("a file", {"max-size": written}, Path())]).max_size == size


@pytest.mark.parametrize("written", ["", "much", "-1", "4X", True, 0, "1.2.3"])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(UsageError, match="it takes a number"):
        resolve([Layer("a file", {"max-size": written}, Path())])


@pytest.mark.parametrize("key", ["max-size", "max-ratio", "wheel-names"])
def test_a_project_cannot_lift_what_guards_against_it(key: str) -> None:
    with pytest.raises(UsageError, match=f"{key} in .* guards against the project itself"):
        project_layer({"tool": {"multibuild": {key: "1"}}}, Path("pyproject.toml"))
