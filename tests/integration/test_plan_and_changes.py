"""The plan, what the run makes of it, and sources that are changed for some implementations; none needs a network."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import machine
import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.interpreters


def multibuild(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pep517_multi", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def implementations() -> list[str]:
    """Name up to four CPythons and a PyPy by path, so that no cache and no PATH decides."""
    cpythons = [str(path) for path in machine.cpythons().values()]
    return [*cpythons[:2], *cpythons[2:][-2:], str(next(iter(machine.pypys().values())))]


def plan(cwd: Path, *arguments: str | Path) -> dict[str, Any]:
    done = multibuild("plan", "--json", *arguments, "--impls", *implementations(), cwd=cwd)
    assert done.returncode == 0, done.stderr
    return {entry["impl"]: entry for entry in json.loads(done.stdout)["impls"]}


def built(cwd: Path, *arguments: str | Path) -> dict[str, Any]:
    multibuild("build", *arguments, "--impls", *implementations(), cwd=cwd)
    report = json.loads((cwd / ".multibuild" / "report.json").read_text())
    return {entry["impl"]: entry for entry in report["impls"]}


def test_the_ends_build_and_prove_what_lies_between(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    planned = plan(tree)
    *cpythons, pypy = planned
    assert [planned[name]["plan"] for name in planned] == ["build", *["proof"] * (len(cpythons) - 2), "build", "build"]
    done = built(tree)
    assert [done[name]["action"] for name in cpythons] == ["built", *["reused"] * (len(cpythons) - 2), "built"]
    assert done[pypy]["action"] == "built"
    for name in cpythons[1:-1]:
        assert done[name]["built_by"] in (cpythons[0], cpythons[-1])
        assert any("built the same" in reason for reason in done[name]["because"])


def test_a_plan_runs_nothing_of_the_project_and_builds_nothing(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    backend = tree / "backend" / "sample_backend.py"
    backend.write_text(f"open({str(tree / 'witness')!r}, 'w')\n" + backend.read_text())
    plan(tree)
    assert not (tree / "witness").exists()
    assert not list((tree / ".multibuild").rglob("*.whl"))


def test_a_plan_for_builds_without_isolation_does_not_import_the_backend(package: Callable[[str], Path]) -> None:
    tree = package("pure-flit")
    python, ran = tree.parent / "python", tree.parent / "ran"
    python.write_text(f'#!/bin/sh\necho "$*" >> {ran}\nexec {implementations()[0]} "$@"\n')
    python.chmod(0o755)
    multibuild("plan", "--no-isolation", "--impls", python, cwd=tree)
    assert "target_packages.py flit-core" in ran.read_text()
    assert "flit_core.buildapi" not in ran.read_text()


def test_after_a_build_the_plan_says_what_is_ready(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    done = built(tree)
    assert {name: entry["plan"] for name, entry in plan(tree).items()} == {
        name: "ready" if entry["action"] == "built" else "reuse" for name, entry in done.items()
    }


def test_requirements_are_told_for_those_who_may_build_only(package: Callable[[str], Path]) -> None:
    tree = package("pure-flit")
    planned = plan(tree)
    first, *others = planned.values()
    assert first["plan"] == "build"
    assert [Requirement(text).name for text in first["requires"]] == ["flit_core"]
    assert [(entry["plan"], entry["requires"], entry["by"]) for entry in others] == [
        ("reuse", [], first["impl"])
    ] * len(others)


def test_a_plan_for_people_names_reasons_on_standard_output(package: Callable[[str], Path]) -> None:
    done = multibuild("plan", "--impls", *implementations()[:2], cwd=package("pure-flit"))
    assert "reuse from" in done.stdout
    assert "because flit_core always makes the same pure wheel" in done.stdout
    assert "\x1b" not in done.stdout


def test_patched_implementations_share_with_each_other_and_with_nobody_else(package: Callable[[str], Path]) -> None:
    tree = package("pure-flit")
    (tree / "notes.txt").write_text("one\n")
    patch = tree.parent / "notes.patch"
    patch.write_text("--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1 @@\n-one\n+two\n")
    first, second, *_, last = implementations()
    patched = [f"--patch={spec}={patch}" for spec in (second, last)]
    planned = plan(tree, *patched)
    names = list(planned)
    assert [planned[name]["plan"] for name in (names[0], names[1], names[-1])] == ["build", "build", "reuse"]
    assert planned[names[-1]]["by"] == names[1]
    assert "the patch notes.patch" in planned[names[1]]["because"][0]
    assert (tree / "notes.txt").read_text() == "one\n"
    assert first not in names


def test_a_patch_that_does_not_apply_fails_its_implementation_naming_hunk_and_file(
    package: Callable[[str], Path],
) -> None:
    tree = package("intree-backend")
    patch = tree.parent / "wrong.patch"
    patch.write_text(
        "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1,2 +1,2 @@\n-nothing of this\n-is in the file\n+at\n+all\n"
    )
    first, second = implementations()[:2]
    done = multibuild("build", "--impls", first, second, "--patch", f"{second}={patch}", cwd=tree)
    entries = json.loads((tree / ".multibuild" / "report.json").read_text())["impls"]
    assert done.returncode == 1
    assert [entry["action"] for entry in entries] == ["built", "failed"]
    assert "Hunk #1 FAILED" in entries[1]["error"]
    assert "in pyproject.toml" in entries[1]["error"]


def test_a_command_prepares_the_source_of_its_implementation(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    first, second = implementations()[:2]
    command = 'printf "# for %s\\n" "$PEP517_MULTI_IMPL" >> pyproject.toml'
    done = multibuild("build", "--impls", first, second, "--prepare", f"{second}={command}", "-v", cwd=tree)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(path.read_text()) for path in (tree / ".multibuild" / "wheels").rglob("*.whl.json")]
    sources = {build["source"] for document in documents for build in document["built"]}
    assert len(sources) == 2
    assert "it builds from a source of its own: the command" in done.stderr
    assert "for" not in (tree / "pyproject.toml").read_text().splitlines()[-1]


def test_a_command_that_fails_fails_its_implementation(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    first = implementations()[0]
    done = multibuild("build", "--impls", first, "--prepare", f"{first}=echo no; exit 7", cwd=tree)
    assert done.returncode == 1
    assert "(exit status 7): echo no; exit 7" in done.stderr


def test_a_tree_that_a_host_prepared_is_used_for_its_implementation(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    other = tree.parent / "other"
    other.mkdir()
    for path in tree.rglob("*"):
        if path.is_file():
            (other / path.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
            (other / path.relative_to(tree)).write_bytes(path.read_bytes())
    first, second = implementations()[:2]

    def reason() -> str:
        done = multibuild("plan", "--json", "--impls", first, second, "--source-for", f"{second}={other}", cwd=tree)
        because: str = json.loads(done.stdout)["impls"][1]["because"][0]
        return because

    done = multibuild("build", "--reuse=tags", "--impls", first, cwd=tree)
    assert done.returncode == 0, done.stderr
    same = multibuild(
        "plan", "--json", "--reuse=tags", "--impls", second, "--source-for", f"{second}={other}", cwd=tree
    )
    assert json.loads(same.stdout)["impls"][0]["plan"] == "reuse"
    (other / "pyproject.toml").write_text((other / "pyproject.toml").read_text() + "# changed\n")
    assert "it builds from a source of its own" in reason()


def test_the_settings_file_of_a_recipe_names_patches(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    first, second = implementations()[:2]
    recipe = tree.parent / "multibuild.toml"
    recipe.write_text(f'[prepare]\n"{second}" = ["touch one", "touch two"]\n')
    done = multibuild("plan", "--json", "--config", recipe, "--impls", first, second, cwd=tree)
    assert "the command 'touch one', the command 'touch two'" in json.loads(done.stdout)["impls"][1]["because"][0]


def test_opting_out_builds_for_each(package: Callable[[str], Path]) -> None:
    tree = package("pure-flit")
    planned = plan(tree, "--no-reuse")
    assert {entry["plan"] for entry in planned.values()} == {"build"}
    assert {entry["because"][0] for entry in planned.values()} == {"--reuse never: each implementation builds"}


def test_a_wheel_of_unknown_origin_serves_only_where_the_tags_are_trusted(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")
    done = built(tree)
    wheels = tree / ".multibuild" / "wheels"
    name = next(iter(done.values()))["wheel"]
    content = (wheels / name).read_bytes()
    multibuild("clean", cwd=tree)
    multibuild("plan", "--impls", *implementations(), cwd=tree)
    wheels.mkdir()
    (wheels / name).write_bytes(content)
    cautious = multibuild("plan", "--json", "--impls", *implementations(), cwd=tree)
    trusting = multibuild("build", "--reuse", "tags", "--impls", *implementations(), cwd=tree)
    assert "reuse" not in {entry["plan"] for entry in json.loads(cautious.stdout)["impls"]}
    entries = json.loads((tree / ".multibuild" / "report.json").read_text())["impls"]
    assert {(entry["action"], entry["built_by"]) for entry in entries} == {("reused", None)}
    assert "nothing tells where it comes from; it is trusted all the same" in trusting.stderr


def test_the_private_copy_keeps_the_name_of_its_tree_and_the_log_is_begun_anew(
    package: Callable[[str], Path], tmp_path: Path
) -> None:
    """Version plugins read versions from the names of folders."""
    tree = package("intree-backend").rename(tmp_path / "sample-1.7")
    backend = tree / "backend" / "sample_backend.py"
    text = backend.read_text()
    future = "from __future__ import annotations\n"
    backend.write_text(f"{future}from pathlib import Path\nprint('in', Path.cwd().name)\n{text.replace(future, '')}")
    name = next(iter(machine.cpythons()))

    counts = []
    for run, changed in enumerate((False, False, True, True)):
        (tree / "new.txt").write_text(str(run))
        more = ["--prepare", f"{name}=touch prepared"] if changed else []
        ran = multibuild("build", "--impls", str(machine.cpythons()[name]), "--no-reuse", *more, cwd=tree)
        assert ran.returncode == 0, ran.stderr
        log = (tree / ".multibuild" / "logs" / f"{name}-build.log").read_text()
        counts.append(log.count("in sample-1.7\n"))
    assert counts[0] > 0
    assert len(set(counts)) == 1


def test_what_is_excluded_is_no_part_of_the_source(package: Callable[[str], Path]) -> None:
    tree = package("intree-backend")

    def digest(*options: str) -> str:
        done = multibuild("build", *options, "--impls", implementations()[0], cwd=tree)
        assert done.returncode == 0, done.stderr
        return str(json.loads((tree / ".multibuild" / "report.json").read_text())["source"]["digest"])

    before = digest()
    (tree / "debian/tmp").mkdir(parents=True)
    (tree / "debian/tmp/file").touch()
    (tree / "debian/files").touch()

    assert digest("--exclude", "debian/tmp", "--exclude", str(tree / "debian/files")) == before
    assert digest("--exclude", "debian/files") != before
