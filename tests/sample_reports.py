"""Reports as runs of every kind make them, for tests of what is made from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pep517_multi.findings import Finding, QaReport
from pep517_multi.qa.check_report import ChecksTotal, ImplChecks
from pep517_multi.qa.check_table import Problem, problem
from pep517_multi.qa.diffing import Compared
from pep517_multi.report import EvidenceReport, ImplReport, Report, SourceReport

if TYPE_CHECKING:
    from collections.abc import Callable

CPYTHONS = ("3.8.18", "3.9.18", "3.10.13", "3.11.7", "3.12.4", "3.13.0", "3.14.0", "3.15.0")
FAILURE = "the backend setuptools.build_meta failed for python3.12: command 'cc' failed with exit code 1"


def source(name: str = "sample", verdict: str = "independent") -> SourceReport:
    evidence = EvidenceReport(verdict, ("flit_core always makes the same wheel", "pyproject.toml:7: no build script"))
    return SourceReport(f"src/{name}", name, "1.0", "sha256:" + "5a" * 32, "flit_core.buildapi", evidence)


def impl(name: str, version: str, built_by: str, *, tag: str = "py3-none-any", package: str = "sample") -> ImplReport:
    """Describe one that built, or that reuses what ``built_by`` built."""
    own = built_by == name
    return ImplReport(
        impl=name,
        executable=f"/usr/bin/{name}",
        version=version,
        implementation="pypy" if name.startswith("pypy") else "cpython",
        action="built" if own else "reused",
        wheel=f"{package}-1.0-{tag}.whl",
        wheel_sha256=f"{sum(tag.encode()):02x}"[-2:] * 32,
        built_by=built_by,
        tag=tag,
        because=("no wheel is there yet",) if own else (f"{tag} fits", "the same, whichever interpreter builds it"),
        root=f"/builds/sample/roots/{name}",
        log=f"/builds/sample/logs/{name}-build.log" if own else None,
        seconds={"env": 1.4 * own, "build": 0.9 * own, "install": 0.04, "bytecode": 0.31, "qa": 0.0},
    )


def named(version: str) -> str:
    return f"python{version.rpartition('.')[0]}"


def pure(count: int = 4) -> Report:
    """One wheel for all: the oldest built it."""
    builder = named(CPYTHONS[0])
    impls = [impl(named(version), version, builder) for version in CPYTHONS[:count]]
    return Report(source(), (*impls, impl("pypy3.11", "3.11.13", builder)), 3.42, 0)


def own() -> Report:
    """Each builds for itself."""
    impls = []
    for version in CPYTHONS[1:6]:
        short = version.rpartition(".")[0].replace(".", "")
        tag = f"cp{short}-cp{short}-linux_x86_64"
        impls.append(impl(named(version), version, named(version), tag=tag, package="markupsafe"))
    tag = "pp311-pypy311_pp73-linux_x86_64"
    impls.append(impl("pypy3.11", "3.11.13", "pypy3.11", tag=tag, package="markupsafe"))
    return Report(source("markupsafe", "extension"), tuple(impls), 14.5, 0)


def stable_abi() -> Report:
    """One wheel for CPython, another for PyPy."""
    builder = named(CPYTHONS[1])
    impls = [impl(named(one), one, builder, tag="cp39-abi3-linux_x86_64") for one in CPYTHONS[1:5]]
    other = impl("pypy3.11", "3.11.13", "pypy3.11", tag="pp311-pypy311_pp73-linux_x86_64")
    return Report(source(verdict="extension"), (*impls, other), 8.1, 0)


def failing() -> Report:
    """One fails to build, one is not supported, one has files that it cannot compile."""
    whole = pure()
    failed = replace(bare(whole.impls[2]), action="failed", error=FAILURE, log="/builds/sample/logs/python3.10.log")
    skipped = replace(bare(whole.impls[0]), action="skipped", error="sample needs Python >=3.9, and this is 3.8.18")
    odd = replace(whole.impls[4], not_compiled=("sample/_py313.py", "sample/templates/{{name}}.py"))
    built = replace(whole.impls[1], action="built", built_by="python3.9")
    served = [replace(one, built_by="python3.9") for one in (whole.impls[3], odd)]
    return Report(replace(whole.source), (skipped, built, failed, *served), 5.0, 1)


def bare(entry: ImplReport) -> ImplReport:
    """Take away what only an implementation with a wheel has."""
    nothing: dict[str, float] = dict.fromkeys(entry.seconds, 0.0)
    gone = replace(entry, wheel=None, wheel_sha256=None, tag=None, built_by=None, root=None, log=None)
    return replace(gone, because=(), seconds={**nothing, "build": 0.4})


DIFF = (
    "--- reused/sample/version.py",
    "+++ fresh/sample/version.py",
    "@@ -1,3 +1,3 @@",
    ' """The version."""',
    "-BUILT_WITH = (3, 8)",
    "+BUILT_WITH = (3, 12)",
    "-<b>bold</b>\t& more",
    "--- removed, and no heading",
)
FINDINGS = {
    "version": Finding("sample/version.py", "text", None, "the file differs", DIFF, None, ("qa/python3.10/diff.html",)),
    "times": Finding("sample-1.0.dist-info/WHEEL", "metadata", "generator", "another version of the backend"),
    "path": Finding("sample/_path.py", "text", None, "the file differs", (), "the path of the build is in it"),
}


def quality() -> Report:
    """Every verdict once."""
    whole = pure(5)
    hidden = {"zip-times": 14, "record-order": 2}
    error = "the fresh build failed; its log is /builds/sample/logs/python3.12-qa.log"
    verdicts = (
        QaReport("identical", (), hidden),
        QaReport("benign", (FINDINGS["times"], FINDINGS["path"]), hidden),
        QaReport("differs", tuple(FINDINGS.values()), {"zip-times": 14}),
        QaReport("error", (), {}, error),
        QaReport("nondeterministic", (FINDINGS["version"],), {"zip-times": 1}),
    )
    seconds = {"install": 0.05, "bytecode": 0.3, "qa": 2.2}
    reusing = zip(whole.impls[1:], verdicts, strict=True)
    compared = (replace(entry, qa=qa, seconds=seconds) for entry, qa in reusing)
    remarks = ("qa.accept of file sample/_old.py (gone) accepts nothing; remove it",)
    return replace(whole, impls=(whole.impls[0], *compared), exit=4, remarks=remarks)


PROBLEMS = (
    problem(
        "import-dies", "sample/_speed.so", "the process was ended by SIGSEGV", lines=("Fatal Python error: x", "y")
    ),
    problem("top-level-name", "tests", "any project could have a top-level package 'tests'"),
    problem("import-hangs", "gui.py", "importing gui takes more than 60 seconds", accepted="needs a screen"),
)


def _checks(entry: ImplReport, *problems: Problem) -> ImplReport:
    return replace(entry, checks=ImplChecks(entry.impl, entry.root or "", files=12, modules=3, problems=problems))


def checked() -> Report:
    """Every severity of a check: for one alone, for several, and accepted."""
    first, second, *others = pure().impls
    impls = (_checks(first, *PROBLEMS), _checks(second, PROBLEMS[1]), *map(_checks, others))
    total = ChecksTotal(1, 2, ("the check.allow of gone (was needed once) was not needed; drop it",), 1.4)
    return replace(pure(), impls=impls, exit=1, checks=total)


def flawless() -> Report:
    """Compared and checked, and nothing was found."""
    impls = [_checks(replace(entry, qa=QaReport("identical"))) for entry in pure().impls]
    return replace(pure(), impls=tuple(impls), checks=ChecksTotal(0, 0, (), 0.9))


def many() -> Report:
    """Twelve, of which some have wheels of their own, in turns."""
    whole = pure(8)
    threads = [impl(f"python3.{minor}t", f"3.{minor}.0", "python3.13t", tag="py313-none-any") for minor in (13, 14, 15)]
    return replace(whole, impls=(*whole.impls[:8], *threads, whole.impls[8]))


def each_own_many() -> Report:
    """Twelve wheels for twelve."""
    impls = []
    for entry in many().impls:
        tag = f"{entry.impl}-{entry.impl}-manylinux_2_17_x86_64.manylinux2014_x86_64"
        impls.append(impl(entry.impl, entry.version, entry.impl, tag=tag))
    return replace(many(), impls=tuple(impls))


def long_names() -> Report:
    """Names that no page is wide enough for."""
    name = "a_project_with_a_name_that_goes_on_and_on_" * 5
    tag = "cp39.cp310.cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_2_x86_64"
    first, *others = [impl(one, "3.12.4", "python3.12" + "x" * 90, tag=tag, package=name) for one in ("a" * 120, "b")]
    deep = "/".join(["very-deep"] * 30)
    found = Finding(f"{deep}/file.py", "text", None, "x" * 300, ("+" + "y" * 500,), None, (deep,))
    first = replace(first, executable=deep, root=deep, because=("z" * 400,), not_compiled=(deep,))
    first = replace(first, qa=QaReport("differs", (found,), {"rule" * 30: 3}))
    failed = replace(bare(others[0]), impl="c" * 60, action="failed", error="w" * 500, log=deep)
    return Report(source(name), (first, *others, failed), 1.0, 1)


HOSTILE = "</style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"&amp;"


def ugly(what: str) -> str:
    return f"{HOSTILE}\x00\x1b[31m\u202egpj.\udcff]]>--> {what}"


def hostile() -> Report:
    """Markup, control characters and turned text wherever a text can stand, each another one."""
    lines = (ugly("line"), f"-{ugly('removed')}", f"+{ugly('added')}")
    found = Finding(
        ugly("file"), ugly("kind"), ugly("rule"), ugly("message"), lines, ugly("accepted"), (ugly("details"),)
    )
    counting = replace(found, rule=None, accepted=None)
    entry = replace(
        ImplReport(ugly("impl"), ugly("executable"), ugly("version"), ugly("implementation"), "reused"),
        wheel=ugly("wheel"),
        wheel_sha256=ugly("sha256"),
        tag=ugly("tag"),
        root=ugly("root"),
        log=ugly("log"),
        built_by=ugly("built by"),
        because=(ugly("because"),),
        notes=(ugly("notes"),),
        error=ugly("error"),
        not_compiled=(ugly("not compiled"),),
        platform=ugly("platform"),
        sysroot=ugly("sysroot"),
        qa=QaReport("differs", (found, counting), {ugly("hidden"): 1}, ugly("qa error")),
        checks=ImplChecks(ugly("impl"), ugly("root"), 1, 1, (Problem(PROBLEMS[0].check, found),)),
    )
    failed = replace(entry, impl=ugly("failed"), action="failed", built_by=None, wheel=None, wheel_sha256=None)
    evidence = EvidenceReport(ugly("verdict"), (ugly("evidence"),))
    known = SourceReport(ugly("path"), ugly("name"), ugly("of the source"), ugly("digest"), ugly("backend"), evidence)
    total = ChecksTotal(1, 0, (ugly("unused"),), 1.0)
    return Report(known, (entry, failed), 1.0, 1, (ugly("remark"),), total)


def ready() -> Report:
    """Ready wheels that nobody here built."""
    impls = tuple(replace(entry, action="reused", built_by=None, log=None) for entry in pure(2).impls)
    return Report(SourceReport(), impls, 0.4, 0)


def elsewhere() -> Report:
    """A phase for some implementations only: their wheel was built for one that is not among them."""
    whole = pure()
    return replace(whole, impls=whole.impls[2:])


def unstaged() -> Report:
    """A wheel was built, but could not be staged for its builder."""
    whole = pure(3)
    first = replace(whole.impls[0], action="failed", error="python3.8 cannot be staged: no space left", root=None)
    return replace(whole, impls=(first, *whole.impls[1:]), exit=1)


KINDS: dict[str, Callable[[], Report]] = {
    "pure": pure,
    "own": own,
    "stable-abi": stable_abi,
    "failing": failing,
    "quality": quality,
    "checked": checked,
    "flawless": flawless,
    "many": many,
    "each-own-many": each_own_many,
    "long-names": long_names,
    "hostile": hostile,
    "ready": ready,
    "elsewhere": elsewhere,
    "unstaged": unstaged,
    "single": lambda: pure(0),
    "crowd": lambda: replace(many(), impls=many().impls * 2),
    "empty": lambda: Report(SourceReport(), (), 0.0, 0),
}


def _long() -> Compared:
    long = long_names().impls[0].qa
    assert long is not None
    return Compared("a" * 300 + ".whl", "b/" * 150, long)


def _hostile() -> Compared:
    ugliest = hostile().impls[0].qa
    assert ugliest is not None
    return Compared(ugly("one"), ugly("other"), replace(ugliest, error=None), (ugly("remark"),))


COMPARED: dict[str, Compared] = {
    "two that differ": Compared(
        "old/sample-1.0-py3-none-any.whl",
        "new/sample-1.0-py3-none-any.whl",
        QaReport("differs", tuple(FINDINGS.values()), {"archive-times": 14, "generator": 1}),
        ("qa.accept of file sample/_old.py (gone) expired on 2020-01-01; look again, or remove it",),
    ),
    "two with noise": Compared(
        "roots/python3.12", "roots/pypy3.9", QaReport("benign", (FINDINGS["times"],), {"bytecode": 3})
    ),
    "two that are the same": Compared("a.whl", "b.whl", QaReport("identical")),
    "two with long names": _long(),
    "two with hostile names": _hostile(),
}
"""What ``multibuild diff`` shows."""
