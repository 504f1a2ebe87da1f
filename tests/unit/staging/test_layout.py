from __future__ import annotations

from dataclasses import replace

import pytest
import recorded_probes

from pep517_multi.errors import UsageError
from pep517_multi.staging import Layout


def test_debians_interpreter_is_staged_below_the_prefix_and_not_below_usr_local() -> None:
    debian = recorded_probes.load("python3.15")

    paths = Layout().paths(debian, distribution="sample")

    assert "posix_local" in debian.schemes
    assert paths == {
        "purelib": "/usr/lib/python3.15/site-packages",
        "platlib": "/usr/lib/python3.15/site-packages",
        "scripts": "/usr/bin",
        "data": "/usr",
        "headers": "/usr/include/python3.15/sample",
    }


def test_the_untouched_scheme_of_rpm_distributions_comes_first() -> None:
    plain = recorded_probes.load("python3.12")
    patched = {key: path.replace("@prefix@", "@prefix@/local") for key, path in plain.schemes["posix_prefix"].items()}
    fedora = replace(
        plain,
        schemes={**plain.schemes, "rpm_prefix": plain.schemes["posix_prefix"], "posix_prefix": patched},
    )

    assert Layout().paths(fedora, distribution="a")["purelib"] == "/usr/lib/python3.12/site-packages"


def test_a_scheme_that_is_asked_for_is_used() -> None:
    paths = Layout(scheme="deb_system").paths(recorded_probes.load("python3.15"), distribution="sample")

    assert paths["purelib"] == "/usr/lib/python3/dist-packages"


def test_an_unknown_scheme_is_an_error_that_says_which_there_are() -> None:
    with pytest.raises(UsageError, match=r"'posix_prefx' \(it has: .*posix_prefix.*did you mean 'posix_prefix'"):
        Layout(scheme="posix_prefx").paths(recorded_probes.load("python3.12"), distribution="a")


@pytest.mark.parametrize(
    ("prefix", "scripts"),
    [
        pytest.param("/usr", "/usr/bin", id="usr"),
        pytest.param("/opt/stack/", "/opt/stack/bin", id="slash-at-the-end"),
        pytest.param("/", "/bin", id="root"),
        pytest.param("//opt", "/opt/bin", id="two-slashes"),
    ],
)
def test_the_prefix_is_put_in_place(prefix: str, scripts: str) -> None:
    layout = Layout(prefix=prefix)
    pypy = recorded_probes.load("pypy3.9")

    assert layout.paths(pypy, distribution="a")["scripts"] == scripts
    assert layout.script_interpreter(pypy) == f"{scripts}/pypy3.9"


@pytest.mark.parametrize("prefix", ["usr", "", "/usr/../etc"])
def test_a_prefix_that_is_not_absolute_or_leads_up_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="prefix"):
        Layout(prefix=prefix).paths(recorded_probes.load("python3.12"), distribution="a")


def test_the_shebang_is_a_template() -> None:
    layout = Layout(shebang="/usr/lib/python-exec/{impl}/python")

    assert layout.script_interpreter(recorded_probes.load("python3.13t")) == "/usr/lib/python-exec/python3.13t/python"


@pytest.mark.parametrize("template", ["{python}", "{", "{0}"])
def test_a_shebang_with_something_unknown_in_it_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="impl"):
        Layout(shebang=template).script_interpreter(recorded_probes.load("python3.12"))


def test_free_threaded_python_has_a_folder_of_its_own() -> None:
    paths = Layout().paths(recorded_probes.load("python3.13t"), distribution="a")

    assert paths["purelib"] == "/usr/lib/python3.13t/site-packages"
