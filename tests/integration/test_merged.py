"""Several implementations in one image, as a packaging host asks for it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import pytest
from command_line import cpython_targets, impls, multibuild, pypy_targets, snapshot, targets
from wheel_maker import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from command_line import Ran

pytestmark = pytest.mark.interpreters
SAMPLE = Path(__file__).parents[1] / "packages/scripts-and-data"
POLICIES = ("plain", "suffix", "python-exec", "separate")


def three() -> list[str]:
    """Return two CPythons and a PyPy, in order of work."""
    return [*cpython_targets()[:1], cpython_targets()[-1], *pypy_targets()]


def preferred() -> str:
    return cpython_targets()[-1]


def short(impl: str) -> str:
    return impl.removeprefix("python")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sample once, and return the work directory."""
    folder = tmp_path_factory.mktemp("built")
    source = shutil.copytree(SAMPLE, folder / "source")
    ran = multibuild("build", source, *impls(*three()), workdir=folder / "work")
    assert ran.returncode == 0, ran.stderr
    return folder / "work"


@pytest.fixture
def interpreters(tmp_path: Path) -> str:
    """Give every target a place by its canonical name, and return the template for shebangs."""
    folder = tmp_path / "interpreters"
    folder.mkdir()
    for impl in three():
        script = folder / impl
        script.write_text(f'#!/bin/sh\nexec "{targets()[impl]}" "$@"\n')
        script.chmod(0o755)
    return f"{folder}/{{impl}}"


@pytest.fixture
def install(built: Path, tmp_path: Path, interpreters: str) -> Callable[..., Ran]:
    """Run the install phase into an image."""
    workdir = tmp_path / "work"
    shutil.copytree(built, workdir)

    def run(*options: str | Path, names: list[str] | None = None, image: str = "image") -> Ran:
        named = impls(*(names or three()))
        return multibuild(
            "install", *options, "--shebang", interpreters, "--destdir", tmp_path / image, *named, workdir=workdir
        )

    return run


def run_script(script: Path, image: Path, impl: str) -> str:
    """Run a script of the image with the modules that ``impl`` has there."""
    (library,) = image.glob(f"usr/lib/{impl}/site-packages")
    environ = {**os.environ, "PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([script], env=environ, capture_output=True, text=True, check=True).stdout


def records(image: Path) -> Iterator[tuple[Path, str, str]]:
    for record in image.rglob("*.dist-info/RECORD"):
        for path, digest, _ in csv.reader(record.read_text().splitlines()):
            yield Path(os.path.normpath(record.parent.parent / path)), digest, str(record)


@pytest.mark.parametrize("policy", POLICIES)
def test_scripts_run_under_each_policy(install: Callable[..., Ran], tmp_path: Path, policy: str) -> None:
    ran = install("--scripts", policy)

    assert ran.returncode == 0, ran.stderr
    assert {entry["root"] for entry in ran.impls.values()} == {str(tmp_path / "image")}
    image = tmp_path / "image"
    places = {
        "plain": {preferred(): "usr/bin/scripts-and-data"},
        "suffix": {impl: f"usr/bin/scripts-and-data-{short(impl)}" for impl in three()},
        "python-exec": {impl: f"usr/lib/python-exec/{impl}/scripts-and-data" for impl in three()},
        "separate": {impl: f"usr/lib/{impl}/bin/scripts-and-data" for impl in three()},
    }
    for impl, place in places[policy].items():
        assert run_script(image / place, image, impl) == "Hello, world\n"
    if policy == "suffix":
        assert run_script(image / "usr/bin/scripts-and-data", image, preferred()) == "Hello, world\n"
    if policy == "python-exec":
        assert (image / "usr/bin/greet-python").readlink() == Path("../lib/python-exec/python-exec2")
    if policy != "separate":
        assert subprocess.run([image / "usr/bin/greet-shell"], capture_output=True, check=True).stdout
    assert bool(ran.impls[preferred()]["notes"]) is (policy == "plain")


@pytest.mark.parametrize("policy", POLICIES)
def test_record_lists_what_is_in_the_image(install: Callable[..., Ran], tmp_path: Path, policy: str) -> None:
    install("--scripts", policy)

    listed = list(records(tmp_path / "image"))
    assert not [path for path, _, _ in listed if not path.is_symlink() and not path.is_file()]
    present = {
        path
        for path in (tmp_path / "image").rglob("*")
        if path.suffix != ".pyc" and (path.is_symlink() or path.is_file())
    }
    assert present == {path for path, _, _ in listed}


def test_one_implementation_at_a_time_gives_the_same_image(install: Callable[..., Ran], tmp_path: Path) -> None:
    install(image="at-once")
    for impl in reversed(three()):
        install(names=[impl], image="one-by-one")

    assert snapshot(tmp_path / "one-by-one", times=False) == snapshot(tmp_path / "at-once", times=False)


def test_an_image_for_each_implementation_has_plain_names_where_the_preferred_one_is(
    install: Callable[..., Ran], tmp_path: Path
) -> None:
    oldest, *others = three()

    for impl in three():
        assert install("--prefer", short(oldest), names=[impl], image=impl).returncode == 0

    assert (tmp_path / oldest / "usr/bin/scripts-and-data").is_symlink()
    for impl in others:
        names = {path.name for path in (tmp_path / impl / "usr/bin").iterdir()} - {"greet-shell"}
        assert f"scripts-and-data-{short(impl)}" in names
        assert [name for name in names if not name.endswith(short(impl))] == []


def test_what_is_preferred_must_be_an_implementation(install: Callable[..., Ran], tmp_path: Path) -> None:
    ran = install("--prefer", "newest")

    assert ran.returncode == 2
    assert "'newest' is no implementation" in ran.errors[0]
    assert not (tmp_path / "image").exists()


@pytest.mark.parametrize("dedupe", ["none", "hard", "symlink"])
def test_a_second_run_changes_nothing(install: Callable[..., Ran], tmp_path: Path, dedupe: str) -> None:
    install("--dedupe", dedupe)
    before = snapshot(tmp_path / "image")

    assert install("--dedupe", dedupe).returncode == 0
    assert snapshot(tmp_path / "image") == before


def test_an_image_that_was_emptied_holds_only_whom_it_is_asked_for(install: Callable[..., Ran], tmp_path: Path) -> None:
    install()
    shutil.rmtree(tmp_path / "image")

    install(names=[preferred()])

    assert [path.name for path in (tmp_path / "image/usr/lib").iterdir()] == [preferred()]


def test_bytecode_of_linked_modules_is_taken(install: Callable[..., Ran], tmp_path: Path) -> None:
    for dedupe in ("hard", "symlink"):
        install("--dedupe", dedupe, image=dedupe)
        for impl in three():
            (library,) = (tmp_path / dedupe).glob(f"usr/lib/{impl}/site-packages")
            code = "import scripts_and_data as m, sys; print(m.__spec__.cached)"
            command: list[str | Path] = [targets()[impl], "-v", "-B", "-c", code]
            environ = {**os.environ, "PYTHONPATH": str(library)}
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            assert Path(done.stdout.splitlines()[-1]).is_file()
            assert "bytecode is stale" not in done.stderr


def test_a_conflict_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    older, newer = cpython_targets()[0], cpython_targets()[-1]
    wheels = [
        make_wheel(
            tmp_path,
            files={"foo.py": "", "foo-1.0.data/data/share/foo.txt": tag},
            name="foo",
            tags=f"cp3{impl.rpartition('.')[2]}-none-any",
        )
        for tag, impl in (("a", older), ("b", newer))
    ]
    given = [argument for wheel in wheels for argument in ("--wheel", wheel)]
    image = tmp_path / "image"
    (image / "usr/share/other").mkdir(parents=True)
    (image / "usr/share/other/file").touch()
    before = snapshot(image)

    ran = multibuild("install", *given, "--destdir", image, *impls(older, newer), workdir=tmp_path / "work")

    assert ran.returncode == 1
    assert f"/usr/share/foo.txt of {older} and of {newer} differ" in ran.stderr
    assert set(ran.actions.values()) == {"failed"}
    assert snapshot(image) == before


def test_nothing_is_put_into_an_image_that_lacks_an_implementation(tmp_path: Path) -> None:
    older, newer = cpython_targets()[0], cpython_targets()[-1]
    wheel = make_wheel(tmp_path, tags=f"cp3{newer.rpartition('.')[2]}-none-any")

    ran = multibuild(
        "install", "--wheel", wheel, "--destdir", tmp_path / "image", *impls(older, newer), workdir=tmp_path / "work"
    )

    assert ran.returncode == 1
    assert "nothing was put into" in ran.stderr
    assert not (tmp_path / "image").exists()


def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    image = tmp_path / "image"
    for version, module in (("1.0", "old"), ("2.0", "new")):
        wheel = make_wheel(tmp_path, files={f"{module}.py": "", "common.py": version}, version=version)
        ran = multibuild(
            "install", "--wheel", wheel, "--destdir", image, *impls(preferred()), workdir=tmp_path / "work"
        )
        assert ran.returncode == 0, ran.stderr

    (library,) = image.glob(f"usr/lib/{preferred()}/site-packages")
    assert {path.name for path in library.iterdir()} == {"new.py", "common.py", "__pycache__", "sample-2.0.dist-info"}


def debian() -> dict[str, Path]:
    """Return the interpreters of Debian, whose site-packages all share, by their canonical names."""
    ask = (
        "import sys, sysconfig; v = sys.version_info; name = sys.implementation.name.replace('cpython', 'python'); "
        "print(f'{name}{v[0]}.{v[1]}') if 'deb_system' in sysconfig.get_scheme_names() else None"
    )
    found: dict[str, Path] = {}
    for candidate in machine._candidates():
        if os.access(candidate, os.X_OK):
            done = subprocess.run([candidate, "-I", "-c", ask], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.startswith(("python3", "pypy3")):
                found.setdefault(done.stdout.strip(), candidate)
    return found


def test_implementations_share_the_site_packages_of_debian(tmp_path: Path) -> None:
    found = debian()
    names = list(found) or [preferred()]
    scheme, place = (
        ("deb_system", "python3/dist-packages") if found else ("posix_prefix", f"{preferred()}/site-packages")
    )
    wheel = make_wheel(tmp_path, files={"sample.py": "X = 1\n"}, entry_points={"tool": "sample:main"})
    given = [str(path) for path in found.values()] or [str(targets()[preferred()])]

    ran = multibuild(
        "install", "--wheel", wheel, "--destdir", tmp_path / "image", "--scheme", scheme, "--impls", *given,
        workdir=tmp_path / "work",
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    library = tmp_path / "image/usr/lib" / place
    assert [path.name for path in sorted(library.glob("*.dist-info"))] == ["sample-1.0.dist-info"]
    listed = {row[0] for row in csv.reader((library / "sample-1.0.dist-info/RECORD").read_text().splitlines())}
    assert {Path(path).name for path in listed if "bin/" in path} == {
        "tool",
        *(f"tool-{short(name)}" for name in names),
    }
    assert len(list((library / "__pycache__").iterdir())) == 2 * len(names)


@pytest.mark.parametrize("policy", ["suffix", "python-exec"])
def test_staging_roots_can_have_a_policy_too(install: Callable[..., Ran], tmp_path: Path, policy: str) -> None:
    install()  # makes tmp_path/work ready
    roots = tmp_path / "roots"
    given: list[str | Path] = ["install", "--roots", roots, "--scripts", policy, *impls(*three())]
    assert multibuild(*given, workdir=tmp_path / "work").returncode == 0
    before = snapshot(roots)

    ran = multibuild(*given, workdir=tmp_path / "work")

    assert ran.returncode == 0, ran.stderr
    assert snapshot(roots) == before
    assert {impl: ran.root(impl) for impl in three()} == {impl: roots / impl for impl in three()}
    names = {impl: {path.name for path in (roots / impl / "usr/bin").iterdir()} for impl in three()}
    if policy == "suffix":
        assert [impl for impl in three() if "scripts-and-data" in names[impl]] == [preferred()]
        assert all(f"scripts-and-data-{short(impl)}" in names[impl] for impl in three())
    else:
        assert all("scripts-and-data" in names[impl] for impl in three())


def test_staging_roots_in_the_work_directory_are_replaced_whatever_the_policy_was(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, entry_points={"tool": "sample:main"})
    given: list[str | Path] = ["install", "--wheel", wheel, *impls(preferred())]
    names = []
    for policy in ("plain", "suffix", "plain"):
        ran = multibuild(*given, "--scripts", policy, workdir=tmp_path / "work")
        assert ran.returncode == 0, ran.stderr
        names.append(sorted(path.name for path in (ran.root(preferred()) / "usr/bin").iterdir()))

    assert names == [["tool"], ["tool", f"tool-{short(preferred())}"], ["tool"]]


def test_a_work_directory_that_was_damaged_is_one_sentence(tmp_path: Path) -> None:
    given: list[str | Path] = [
        "install", "--wheel", make_wheel(tmp_path), "--destdir", tmp_path / "image", *impls(preferred())
    ]  # fmt: skip
    multibuild(*given, workdir=tmp_path / "work")
    (manifest,) = (tmp_path / "work/images").glob("*/image.json")
    manifest.write_text("{")

    ran = multibuild(*given, workdir=tmp_path / "work")

    assert ran.returncode == 1
    assert "image.json cannot be read" in ran.stderr


def test_roots_and_an_image_exclude_each_other(tmp_path: Path) -> None:
    ran = multibuild("install", "--roots", tmp_path, "--destdir", tmp_path, workdir=tmp_path / "work")

    assert ran.returncode == 2
    assert ran.errors == ["roots and destdir are both in the command line; take one: separate roots, or a single image"]


# --- file lists ------------------------------------------------------------------------------------------------------


def file_list(tmp_path: Path, interpreters: str, impl: str, *options: str | Path) -> str:
    ran = multibuild(
        "files", "--shebang", interpreters, "--destdir", tmp_path / "image", *options, *impls(impl),
        workdir=tmp_path / "work",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_lists_of_all_cover_an_image(install: Callable[..., Ran], tmp_path: Path, interpreters: str) -> None:
    install()

    listed = [json.loads(file_list(tmp_path, interpreters, impl, "--filelist", "json"))["files"] for impl in three()]

    covered = {entry["path"] for files in listed for entry in files}
    image = tmp_path / "image"
    assert covered == {f"/{path.relative_to(image)}" for path in image.rglob("*")}
    owners = [impl for impl, files in zip(three(), listed, strict=True) if "/usr/bin/greet-python" in str(files)]
    assert preferred() in owners


def test_a_list_goes_to_a_file(install: Callable[..., Ran], tmp_path: Path, interpreters: str) -> None:
    install()

    assert file_list(tmp_path, interpreters, preferred(), "--output", tmp_path / "list") == ""
    assert (tmp_path / "list").read_text() == file_list(tmp_path, interpreters, preferred())


def test_a_staging_root_has_a_list_without_any_work_directory(tmp_path: Path) -> None:
    given: list[str | Path] = ["--roots", tmp_path / "roots", *impls(preferred())]
    multibuild("install", "--wheel", make_wheel(tmp_path), *given, workdir=tmp_path / "work")

    ran = multibuild("files", *given, workdir=tmp_path / "other")

    root = tmp_path / "roots" / preferred()
    assert {line for line in ran.stdout.splitlines() if not line.endswith("/")} == {
        f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()
    }


def test_the_implementation_of_a_list_may_stand_alone(tmp_path: Path) -> None:
    python = targets()[preferred()]
    given: list[str | Path] = ["--roots", tmp_path / "roots"]
    multibuild("install", "--wheel", make_wheel(tmp_path), *given, *impls(preferred()), workdir=tmp_path / "work")

    alone = multibuild("files", python, *given, workdir=tmp_path / "work")

    assert alone.returncode == 0, alone.stderr
    assert alone.stdout == multibuild("files", *given, *impls(preferred()), workdir=tmp_path / "work").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["./no-such-tree"], "there is no source no-such-tree", id="neither"),
        pytest.param(["3.11", "--impls", "3.11"], "name implementations once", id="both"),
    ],
)
def test_a_source_that_is_not_there_is_no_list(tmp_path: Path, arguments: list[str], said: str) -> None:
    ran = multibuild("files", *arguments, workdir=tmp_path / "work", cwd=tmp_path)

    assert ran.returncode == 2
    assert said in ran.errors[0]


def test_without_anything_staged_there_is_no_list(tmp_path: Path) -> None:
    ran = multibuild("files", *impls(preferred()), workdir=tmp_path / "work")

    assert ran.returncode == 3
    assert f"multibuild install --impls {preferred()}" in ran.errors[0]


SPEC = """\
Name: odd
Version: 1
Release: 1
Summary: odd names
License: MIT
BuildArch: noarch
%description
%install
cp -a @IMAGE@/. %{buildroot}
%files -f @LIST@
"""


@pytest.mark.host_rpm
def test_rpmbuild_takes_the_list_and_packs_every_file(tmp_path: Path) -> None:
    odd = [
        "a b.txt",
        "100%name.txt",
        "[x].txt",
        "{y,z}.txt",
        "st*r?.txt",
        "größe.py",
        "日本語 x.txt",
        "quo'te.txt",
        "#1.txt",
    ]
    files = {f"foo/{name}": "" for name in ["__init__.py", "with blank.py", "locale/de/LC_MESSAGES/foo.mo", *odd]}
    files |= {"foo-1.0.dist-info/licenses/LICENSE file": "x", "foo-1.0.data/data/share/man/man1/foo.1": ".TH foo 1\n"}
    wheel = make_wheel(tmp_path, "foo", files=files, entry_points={"foo": "foo:main"})
    image, workdir = tmp_path / "image", tmp_path / "work"
    given: list[str | Path] = ["--destdir", image, *impls(preferred())]
    assert multibuild("install", "--wheel", wheel, *given, workdir=workdir).returncode == 0
    listed = tmp_path / "files.list"
    multibuild("files", "--filelist", "rpm", "--output", listed, *given, workdir=workdir)
    spec = tmp_path / "odd.spec"
    spec.write_text(SPEC.replace("@IMAGE@", str(image)).replace("@LIST@", str(listed)))

    top = tmp_path / "rpm"
    done = subprocess.run(
        ["rpmbuild", "-bb", "--define", f"_topdir {top}", "--define", "__os_install_post %{nil}", spec],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "File listed twice" not in done.stderr
    (package,) = top.glob("RPMS/*/*.rpm")
    query: list[str | Path] = ["rpm", "-qp", "--qf", r"[%{FILENAMES}\t%{FILEFLAGS:fflags}\t%{FILELANGS}\n]", package]
    rows = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    packed = {path: (flags, lang) for path, flags, lang in (row.split("\t") for row in rows)}
    present = {f"/{path.relative_to(image)}" for path in image.rglob("*") if not path.is_dir() or path.is_symlink()}
    assert present <= packed.keys()
    library = f"/usr/lib/{preferred()}/site-packages"
    assert f"{library}/foo" in packed
    assert library not in packed
    assert packed[f"{library}/foo-1.0.dist-info/licenses/LICENSE file"][0] == "l"
    assert packed[f"{library}/foo/locale/de/LC_MESSAGES/foo.mo"][1] == "de"
