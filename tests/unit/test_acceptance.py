from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from pep517_multi.acceptance import Acceptance, parse_all
from pep517_multi.errors import UsageError
from pep517_multi.settings import file_layer, resolve


def test_a_table_says_what_is_accepted_and_why() -> None:
    table = {"package": "a", "file": "*.py", "kind": "text", "reason": "known", "expires": "2030-01-31"}
    assert Acceptance.parse(table) == Acceptance("known", "a", "*.py", "text", dt.date(2030, 1, 31))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        pytest.param({"file": "x"}, "each needs a reason", id="no reason"),
        pytest.param({"reason": "x"}, "each needs a file or a kind", id="everything"),
        pytest.param({"file": "x", "reason": " "}, "are texts", id="empty reason"),
        pytest.param({"file": "x", "reason": "x", "until": "x"}, "not until", id="unknown key"),
        pytest.param({"file": "x", "reason": "x", "expires": "soon"}, "takes a day such as", id="no day"),
        pytest.param("x", "it takes tables", id="no table"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(table: Any, problem: str) -> None:  # noqa: ANN401 - whatever a file holds
    with pytest.raises(ValueError, match=problem):
        parse_all([table])


@pytest.mark.parametrize(
    ("table", "matches"),
    [
        pytest.param({}, True, id="all packages"),
        pytest.param({"package": "My_Package"}, True, id="the name, normalised"),
        pytest.param({"package": "another"}, False, id="another package"),
        pytest.param({"file": "*/b.py"}, True, id="glob over folders"),
        pytest.param({"file": "b.py"}, False, id="another file"),
        pytest.param({"kind": "metadata"}, False, id="another kind"),
    ],
)
def test_an_acceptance_is_about_package_file_and_kind(table: dict[str, Any], matches: bool) -> None:  # noqa: FBT001 - a case
    acceptance = Acceptance("known", **table)
    assert acceptance.matches(package="my-package", file="my/a/b.py", kind="text") is matches


def test_it_holds_until_the_end_of_its_last_day() -> None:
    acceptance = Acceptance("known", file="x", expires=dt.date(2026, 1, 2))
    assert [acceptance.expired(dt.date(2026, 1, day)) for day in (2, 3)] == [False, True]
    assert not Acceptance("known", file="x").expired(dt.date.max)


def test_files_of_settings_hold_them_in_a_table_and_stronger_ones_add(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    layers = []
    for name in ("site", "recipe"):
        path = tmp_path / f"{name}.toml"
        path.write_text(f'[qa]\nmode = "fail"\nrules = ["-{name}"]\n[[qa.accept]]\nfile = "{name}"\nreason = "known"\n')
        layers.append(file_layer(path))
    settings = resolve(layers)
    assert (settings.qa, settings.qa_rules) == ("fail", ("-site", "-recipe"))
    assert [acceptance.file for acceptance in settings.qa_accept] == ["site", "recipe"]


def test_a_wrong_table_names_its_file(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    path = tmp_path / "multibuild.toml"
    path.write_text('[[qa.accept]]\nfile = "x"\n')
    with pytest.raises(UsageError, match=r"qa-accept in .*multibuild\.toml .*each needs a reason"):
        resolve([file_layer(path)])
