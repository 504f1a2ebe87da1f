"""What goes wrong in Portage and pkgcore, and what they say of it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import packaging_hosts as hosts
import pytest
from portage_host import ebuild, has_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from distribution import Python
    from portage_host import Done, Gentoo

pytestmark = [pytest.mark.host_portage, pytest.mark.interpreters, pytest.mark.network]


def test_a_failing_backend_stops_the_build_and_is_what_die_says(gentoo: Gentoo, build: Callable[..., Done]) -> None:
    package = gentoo.add("fails-build", ebuild(), hosts.SAMPLES / "fails-build")

    done = build(package, "install")

    pypy = [*gentoo.interpreters][-1]
    said = f"{pypy}: failed: the backend sample_backend of {pypy} failed in build_wheel (exit status 1)"
    assert f"multibuild build: {said}" in done.log, done.log
    assert done.lines(said), "the log has the line itself as well"
    assert "RuntimeError: this project does not build on pypy" in done.log
    assert not has_files(gentoo.image(package))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        pytest.param(
            "PEP517_MULTI_INTERPRETERS",
            "@ALL@ @NEWER@=@OLDER_PATH@",
            "@OLDER_PATH@ is @OLDER@, not @NEWER@; mend PEP517_MULTI_INTERPRETERS",
            id="another-interpreter",
        ),
        pytest.param(
            "PEP517_MULTI_INTERPRETERS",
            "@ALL@ @OLDER@=/nowhere",
            "there is no interpreter /nowhere of @OLDER@",
            id="no-interpreter",
        ),
        pytest.param("PATH", "/usr/bin:/bin", "multibuild build: ", id="no-multibuild"),
    ],
)
def test_what_is_wrong_with_a_machine_is_one_sentence(
    gentoo: Gentoo, pythons: Mapping[str, Python], variable: str, value: str, said: str
) -> None:
    older, newer, _ = pythons.values()
    everyone = " ".join(f"{impl}={path}" for impl, path in gentoo.interpreters.items())
    places = {"@ALL@": everyone, "@NEWER@": newer.impl, "@OLDER@": older.impl, "@OLDER_PATH@": str(older.executable)}
    for mark, place in places.items():
        value, said = value.replace(mark, place), said.replace(mark, place)
    if variable == "PATH":
        (gentoo.top / "bin/multibuild").unlink()
        said += ".*multibuild: not found"
    else:
        gentoo.configure(variable, value)
    package = gentoo.add("fails-build", ebuild(), hosts.SAMPLES / "fails-build")

    done = gentoo.portage(package, "compile")

    assert done.returncode == 1
    assert re.search(rf"^ \*   {said}", done.log, re.MULTILINE), done.log


@pytest.mark.parametrize(("manager", "qa"), [("portage", "warn"), ("portage", "fail"), ("pkgcore", "fail")])
def test_what_differs_from_fresh_builds_is_a_notice_or_the_end(gentoo: Gentoo, manager: str, qa: str) -> None:
    gentoo.configure("PEP517_MULTI_REUSE", "tags")
    gentoo.configure("PEP517_MULTI_QA", qa)
    package = gentoo.add("hazard-files", ebuild(), hosts.SAMPLES / "hazard-files")

    done: Done = getattr(gentoo, manager)(package, "install")

    newest = [*gentoo.interpreters][1]
    file = f"hazard_files/for_{newest.replace('python', 'python_').replace('.', '_')}.py"
    finding = f"{newest}: warning: qa: {file} is in a fresh build for {newest} only"
    assert any(line.endswith(finding) and "* " in line for line in done.log.splitlines()), done.log
    assert has_files(gentoo.image(package)) is (qa == "warn")
    assert ("multibuild qa: " in done.log) is (qa == "fail")


def test_a_finding_in_the_image_is_a_notice_or_the_end(gentoo: Gentoo, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(hosts.SAMPLES / "pure-flit", source)
    (source / "src/pure_flit").rename(source / "src/tests")
    (source / "pyproject.toml").write_text(
        (source / "pyproject.toml").read_text().replace("pure_flit:main", "tests:main")
        + '[tool.flit.module]\nname = "tests"\n'
    )
    package = gentoo.add("tests", ebuild("PEP517_MULTI_BACKEND=flit"), source)

    warned = gentoo.portage(package, "install")
    gentoo.configure("PEP517_MULTI_QA", "fail")
    failed = gentoo.portage(package, "clean", "install")

    assert warned.returncode == 0, warned.log
    everyone = ", ".join(gentoo.interpreters)
    finding = f"{everyone}: warning: tests: any project could have a top-level package 'tests' [top-level-name]"
    assert warned.lines(f" * {finding}"), warned.log
    assert failed.returncode == 1
    assert f"multibuild check: {finding}" in failed.log
