from __future__ import annotations

import itertools
from fnmatch import fnmatchcase

import pytest

from pep517_multi.backends.scrubbing import RULES, action, fits, for_hooks, for_installers, recorded, scrubbed


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONOPTIMIZE",
        "PYTHONDONTWRITEBYTECODE",
        "EPYTHON",
        "__PYVENV_LAUNCHER__",
        "DEB_PYTHON_INSTALL_LAYOUT",
        "RPM_BUILD_ROOT",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "HATCH_BUILD_HOOKS_ENABLE",
        "HATCH_BUILD_NO_HOOKS",
        "SETUPTOOLS_USE_DISTUTILS",
        "PIP_TARGET",
        "GIT_DIR",
        "LANG",
    ],
)
def test_a_variable_that_speaks_of_other_surroundings_does_not_reach_a_hook(name: str) -> None:
    environ = {name: "value", "HOME": "/home/me"}

    assert scrubbed(environ) == {"HOME": "/home/me"}
    assert recorded(environ) == {}


@pytest.mark.parametrize(
    "name",
    [
        "CC",
        "CFLAGS",
        "LDFLAGS",
        "CMAKE_PREFIX_PATH",
        "PKG_CONFIG_PATH",
        "RUSTFLAGS",
        "ARCHFLAGS",
        "MACOSX_DEPLOYMENT_TARGET",
        "SOURCE_DATE_EPOCH",
        "DIST_EXTRA_CONFIG",
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_FOO",
        "YARL_NO_EXTENSIONS",
        "TORNADO_EXTENSION",
        "WRAPT_INSTALL_EXTENSIONS",
        "MSGPACK_PUREPYTHON",
        "REQUIRE_SPEEDUPS",
        "PYYAML_FORCE_LIBYAML",
        "CIBUILDWHEEL",
        "_PYTHON_SYSCONFIGDATA_NAME",
        "_PYTHON_HOST_PLATFORM",
        "PYTHONHASHSEED",
    ],
)
def test_a_variable_that_says_how_to_build_stays_and_is_noted(name: str) -> None:
    environ = {name: "value", "TERM": "xterm"}

    assert scrubbed(environ)[name] == "value"
    assert recorded(environ) == {name: "value"}


@pytest.mark.parametrize(
    "name",
    ["HOME", "TMPDIR", "PATH", "SSL_CERT_FILE", "MAKEFLAGS", "PIP_INDEX_URL", "HATCH_METADATA_CLASSIFIERS_NO_VERIFY"],
)
def test_a_variable_that_cannot_change_a_wheel_stays_and_is_not_noted(name: str) -> None:
    assert scrubbed({name: "value"}) == {name: "value"}
    assert recorded({name: "value"}) == {}


def test_what_is_noted_is_sorted() -> None:
    assert list(recorded({"LDFLAGS": "b", "CFLAGS": "a", "AR": "c"})) == ["AR", "CFLAGS", "LDFLAGS"]


def test_installers_keep_all_settings_of_pip_but_not_of_the_running_python() -> None:
    assert for_installers({"PIP_NO_CACHE_DIR": "1", "PYTHONPATH": "x"}) == {"PIP_NO_CACHE_DIR": "1"}


def test_hooks_see_no_user_site_and_one_order_of_sets() -> None:
    settled = {
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
    assert for_hooks({}) == settled
    assert for_hooks({"PYTHONHASHSEED": "7", "LC_ALL": "de_DE"})["PYTHONHASHSEED"] == "7"


def test_a_pattern_fits_what_it_fits_in_a_shell() -> None:
    names, patterns = (
        ["".join(text) for length in range(longest + 1) for text in itertools.product(letters, repeat=length)]
        for letters, longest in (("AB_", 5), ("AB*", 5))
    )
    assert [(name, one) for name in names for one in patterns if fits(name, one) != fnmatchcase(name, one)] == []


def test_rules_mean_what_they_mean_in_a_shell() -> None:
    patterns = [pattern for rule in RULES for pattern in rule.patterns]
    parts = {part for pattern in patterns for part in pattern.split("*")} | {"", "X", "_", "\n", "é"}
    names = {pattern.replace("*", text) for pattern in patterns for text in parts}
    names |= {before + pattern.replace("*", "") + after for pattern in patterns for before in "X_" for after in "X_"}

    assert not {letter for pattern in patterns for letter in pattern} & set("?[]")  # only a star is anything but itself
    for name in names:
        first = (rule.action for rule in RULES if any(fnmatchcase(name, pattern) for pattern in rule.patterns))
        assert action(name) == next(first, "keep")
