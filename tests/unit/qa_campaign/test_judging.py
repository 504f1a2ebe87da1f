from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import fake_interpreters
import pytest
import recorded_probes
from judging import Accepted, Judge, Judgement, subject
from pins import Expectation
from wheel_maker import make_wheel
from workbench import CampaignError, Workbench

from pep517_multi.wheels.decision import Builder
from pep517_multi.wheels.store import Inputs, Origin, Store

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, PYPY = "python3.10", "python3.12", "pypy3.9"
INTERPRETERS = tuple(map(recorded_probes.load, (OLD, NEW, PYPY)))

FAKE = """
command=$1
while [ $# -gt 1 ]; do
    [ "$1" = --workdir ] && work=$2
    shift
done
[ "$command" = plan ] && { cat "$0-prepared/plan" 2>/dev/null || echo '{"impls": []}'; exit; }
mkdir -p "$work" && cp -r "$0-prepared/${work##*/}/." "$work"
"""
"""A ``multibuild`` that leaves in its work directory what was prepared for a work directory of that name."""


class Scenario:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = fake_interpreters.write_script(folder / "multibuild", FAKE)

    def plans(self, **said: str) -> None:
        entries = [{"impl": impl.replace("_", "."), "plan": plan} for impl, plan in said.items()]
        self._prepared("plan").write_text(json.dumps({"impls": entries}), encoding="utf-8")

    def builds(
        self,
        label: str,
        content: dict[str, Any],
        *,
        by: str | None = None,
        setuptools: dict[str, str] | None = None,
        qa: dict[str, str] | None = None,
    ) -> None:
        """Prepare a run: implementation → keywords of its wheel, a plain string as its only module, or ``None``.

        :param by: the one whose wheel serves all.
        :param qa: implementation → what QA says of the wheel it is served, where that is not ``identical``.
        """
        work = self._prepared(label)
        work.mkdir()
        store = Store(work / "wheels")
        entries = []
        for name, given in content.items():
            entry: dict[str, Any] = {
                "impl": name,
                "action": "failed",
                "wheel": None,
                "built_by": None,
                "error": "no",
                "qa": None,
            }
            if given is not None:
                keywords = {"files": {"sample.py": given}} if isinstance(given, str) else dict(given)
                versions = {"setuptools": (setuptools or {}).get(name, "80")}
                builder = by or name
                self._store(store, builder, make_wheel(work / "made" / builder, **keywords), versions)
                action = "built" if builder == name else "reused"
                verdict = (qa or {}).get(name, "identical")
                said = {"verdict": verdict, "findings": [] if verdict == "identical" else [{"message": "so it is"}]}
                entry |= {"action": action, "built_by": builder, "error": None}
                entry |= {"qa": said if action == "reused" and verdict else None}
            entries.append(entry)
        lies = {who.name: store.relative(built.wheel) for built in store.wheels() for who in built.builders}
        for entry in entries:
            entry["wheel"] = lies.get(str(entry["built_by"]))
        evidence = {"verdict": "independent", "because": ["so it is"]}
        report = {"source": {"evidence": evidence}, "impls": entries}
        (work / "report.json").write_text(json.dumps(report), encoding="utf-8")

    def _store(self, store: Store, builder: str, wheel: Path, packages: dict[str, str]) -> None:
        interpreter = recorded_probes.load(builder)
        who = Builder(builder, interpreter.abi_family, interpreter.python, builder)
        origin = Origin(who, str(interpreter.version), Inputs("sha256:0", {}), (), packages, 0.1)
        store.add(wheel, interpreter, origin)

    def judged(self, *accepted: Accepted, expectations: tuple[Expectation, ...] = ()) -> Judgement:
        work = self.folder / "work"
        work.mkdir()
        bench = Workbench(self.command, self.folder / "sample-1.0.tar.gz", work, INTERPRETERS)
        return Judge(bench, accepted, expectations).judge()

    def _prepared(self, label: str) -> Path:
        folder = self.folder / "multibuild-prepared"
        folder.mkdir(exist_ok=True)
        return folder / label


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path)


SPEED = "sample/speed.cpython-312-x86_64-linux-gnu.so"


def test_a_wheel_that_everyone_would_have_built_is_right_for_all(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW, PYPY), "a = 1"), by=OLD)
    scenario.builds("fresh", dict.fromkeys((OLD, NEW, PYPY), "a = 1"))

    found = scenario.judged()

    assert (found.outcome, found.builds, found.minimum) == ("ok", 1, 1)


def test_other_modules_than_an_own_build_gives_are_a_false_reuse(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW, PYPY), "a = 1"), by=OLD)
    scenario.builds("fresh", {OLD: "a = 1", NEW: "a = 2", PYPY: "a = 1"})
    scenario.builds("again-python3.12", {NEW: "a = 2"})
    scenario.builds("again-python3.10", {OLD: "a = 1"})
    scenario.builds("again-pypy3.9", {PYPY: "a = 1"})

    found = scenario.judged()

    assert found.outcome == "false reuse"
    assert found.false_reuses == {NEW: ("sample.py differs",)}
    assert found.minimum == 2


def test_an_extension_module_that_only_the_own_build_has_is_lost(scenario: Scenario) -> None:
    compiled = {
        "files": {SPEED: b"\x7fELF"},
        "tags": "cp312-cp312-linux_x86_64",
        "purelib": False,
    }
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD)
    scenario.builds("fresh", {OLD: "a = 1", NEW: compiled})
    scenario.builds("again-python3.12", {NEW: compiled})

    found = scenario.judged()

    assert found.lost == {NEW: ("sample/speed",)}
    assert found.minimum == 2


def test_what_differs_between_two_builds_of_one_implementation_is_not_the_fault_of_reuse(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "time = 1"), by=OLD)
    scenario.builds("fresh", {OLD: "time = 1", NEW: "time = 2"})
    scenario.builds("again-python3.12", {NEW: "time = 3"})

    found = scenario.judged()

    assert found.outcome == "ok"
    assert found.excused == {"sample.py differs": "two builds of python3.12 differ in it"}
    assert found.minimum == 1


def test_what_the_versions_of_build_requirements_explain_is_named_as_theirs(scenario: Scenario) -> None:
    versions = {OLD: "80", NEW: "84"}
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "made_by = 80"), by=OLD, setuptools=versions)
    scenario.builds("fresh", {OLD: "made_by = 80", NEW: "made_by = 84"}, setuptools=versions)
    scenario.builds("again-python3.12", {NEW: "made_by = 84"})
    scenario.builds("versions-python3.12-python3.10", dict.fromkeys((OLD, NEW), "made_by = 84"))

    found = scenario.judged()

    assert found.outcome == "ok"
    assert found.excused == {"sample.py differs": "the versions of setuptools 80 or 84, not the implementation"}


def test_what_differs_with_the_same_versions_too_is_a_false_reuse(scenario: Scenario) -> None:
    versions = {OLD: "80", NEW: "84"}
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD, setuptools=versions)
    scenario.builds("fresh", {OLD: "a = 1", NEW: "a = 2"}, setuptools=versions)
    for impl, content in {OLD: "a = 1", NEW: "a = 2"}.items():
        scenario.builds(f"again-{impl}", {impl: content})
    for pair in ("python3.12-python3.10", "python3.10-python3.12"):
        scenario.builds(f"versions-{pair}", {OLD: "a = 1", NEW: "a = 2"})

    assert scenario.judged().outcome == "false reuse"


def test_an_accepted_difference_is_no_false_reuse(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD)
    scenario.builds("fresh", {OLD: "a = 1", NEW: "a = 2"})
    scenario.builds("again-python3.12", {NEW: "a = 2"})

    found = scenario.judged(Accepted("sample", "sample.*", "nobody reads it"))

    assert found.outcome == "ok"
    assert found.excused == {"sample.py differs": "accepted: nobody reads it"}


def test_an_implementation_that_cannot_build_does_not_count(scenario: Scenario) -> None:
    scenario.builds("shared", {OLD: "a = 1", NEW: "a = 1", PYPY: None}, by=OLD)
    scenario.builds("fresh", {OLD: "a = 1", NEW: "a = 1", PYPY: None})

    found = scenario.judged()

    assert found.impls == (OLD, NEW)
    assert (found.outcome, found.builds, found.minimum) == ("ok", 1, 1)


def test_who_is_served_without_being_able_to_build_is_named(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD)
    scenario.builds("fresh", {OLD: "a = 1", NEW: None})

    assert scenario.judged().unconfirmed == (NEW,)


def test_a_failure_where_an_own_build_succeeds_is_found(scenario: Scenario) -> None:
    scenario.builds("shared", {OLD: "a = 1", NEW: None})
    scenario.builds("fresh", {OLD: "a = 1", NEW: "a = 1"})

    found = scenario.judged()

    assert (found.outcome, found.failed) == ("failed", {NEW: "no"})


def test_a_project_that_nobody_can_build_is_not_supported(scenario: Scenario) -> None:
    scenario.builds("shared", {OLD: None, NEW: None})
    scenario.builds("fresh", {OLD: None, NEW: None})

    assert scenario.judged().outcome == "not supported"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        pytest.param({"python3_10": "build", "python3_12": "reuse"}, "ok", id="kept"),
        pytest.param({"python3_10": "build", "python3_12": "proof"}, "ok", id="left-open"),
        pytest.param({"python3_10": "build", "python3_12": "build"}, "broken promise", id="reused-after-all"),
        pytest.param({"python3_10": "reuse", "python3_12": "reuse"}, "broken promise", id="built-after-all"),
        pytest.param({"python3_10": "build", "python3_12": "fail"}, "broken promise", id="served-after-all"),
        pytest.param({"python3_10": "build", "python3_12": "odd"}, "broken promise", id="not-understood"),
    ],
)
def test_what_happened_is_held_against_what_the_plan_said(
    scenario: Scenario, said: dict[str, str], outcome: str
) -> None:
    scenario.plans(**said)
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD)
    scenario.builds("fresh", dict.fromkeys((OLD, NEW), "a = 1"))

    assert scenario.judged().outcome == outcome


BENIGN = Expectation(("pypy3.*",), "benign", "an old backend of PyPy's")


@pytest.mark.parametrize(
    ("said", "expectations", "unexpected"),
    [
        pytest.param({}, (), {}, id="identical-unless-said"),
        pytest.param({NEW: "benign"}, (), {NEW: "QA says benign, not identical; so it is"}, id="not-expected"),
        pytest.param({PYPY: "benign"}, (BENIGN,), {}, id="expected"),
        pytest.param(
            {NEW: "benign", PYPY: "benign"}, (BENIGN,), {NEW: "QA says benign, not identical; so it is"}, id="of-one"
        ),
        pytest.param({}, (BENIGN,), {PYPY: "QA says identical, not benign"}, id="no-longer"),
        pytest.param({PYPY: ""}, (), {PYPY: "QA says nothing, not identical"}, id="silent"),
    ],
)
def test_what_qa_says_is_held_against_what_the_corpus_expects(
    scenario: Scenario, said: dict[str, str], expectations: tuple[Expectation, ...], unexpected: dict[str, str]
) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW, PYPY), "a = 1"), by=OLD, qa=said)
    scenario.builds("fresh", dict.fromkeys((OLD, NEW, PYPY), "a = 1"))

    found = scenario.judged(expectations=expectations)

    assert found.unexpected == unexpected
    assert found.outcome == ("unexpected verdict" if unexpected else "ok")


@pytest.mark.parametrize(("verdict", "outcome"), [("benign", "ok"), ("differs", "unexpected verdict")])
def test_noise_of_another_version_of_a_backend_is_expected_of_every_package(
    scenario: Scenario, verdict: str, outcome: str
) -> None:
    versions = {OLD: "80", NEW: "84"}
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"), by=OLD, setuptools=versions, qa={NEW: verdict})
    scenario.builds("fresh", dict.fromkeys((OLD, NEW), "a = 1"), setuptools=versions)

    assert scenario.judged().outcome == outcome


def test_where_nothing_is_reused_qa_has_nothing_to_say(scenario: Scenario) -> None:
    scenario.builds("shared", dict.fromkeys((OLD, NEW), "a = 1"))
    scenario.builds("fresh", dict.fromkeys((OLD, NEW), "a = 1"))

    found = scenario.judged(expectations=(BENIGN,))

    assert (found.outcome, found.verdicts) == ("ok", {})


def test_a_command_that_leaves_no_report_ends_the_judgement(scenario: Scenario) -> None:
    with pytest.raises(CampaignError, match="left no report for sample-1"):
        scenario.judged()


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        pytest.param("pkg/a.py differs", "pkg/a.py", id="file"),
        pytest.param("pkg/a.py is in one of them only", "pkg/a.py", id="missing-file"),
        pytest.param("METADATA: Keywords: a is in one of them only", "METADATA: Keywords: a", id="metadata"),
        pytest.param(
            "one is purelib none any, the other platlib", "one is purelib none any, the other platlib", id="kind"
        ),
    ],
)
def test_a_difference_says_what_it_is_about(clause: str, expected: str) -> None:
    assert subject(clause) == expected
