from __future__ import annotations

import pytest

from pep517_multi.qa.check_stdlib import Absence, provider_of, why_absent


@pytest.mark.parametrize(
    ("name", "python", "absence"),
    [
        pytest.param("distutils", (3, 12), Absence("which Python 3.12 removed"), id="removed"),
        pytest.param("distutils", (3, 11), None, id="not removed yet"),
        pytest.param("cgi", (3, 14), Absence("which Python 3.13 removed"), id="removed earlier"),
        pytest.param("urllib2", (3, 8), Absence("which is a module of Python 2"), id="of Python 2"),
        pytest.param("winreg", (3, 12), Absence("which only Windows has", elsewhere=True), id="of another system"),
        pytest.param("yaml", (3, 12), None, id="never in the standard library"),
    ],
)
def test_modules_that_the_standard_library_lacks_are_known(
    name: str, python: tuple[int, int], absence: Absence | None
) -> None:
    assert why_absent(name, python) == absence


def test_projects_that_bring_a_module_back_are_known() -> None:
    assert provider_of("distutils") == {"setuptools", "standard-distutils"}
    assert provider_of("chunk") == {"standard-chunk"}
