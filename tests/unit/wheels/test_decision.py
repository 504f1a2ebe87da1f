from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
import recorded_probes
from packaging.specifiers import SpecifierSet

from pep517_multi.wheels.decision import (
    Build,
    Builder,
    Built,
    Comparison,
    Dependence,
    Policy,
    Reuse,
    ReuseMode,
    decide,
)
from pep517_multi.wheels.names import WheelName
from pep517_multi.wheels.wheel import Wheel

LINUX = "linux_x86_64"
NO_EXTENSIONS = Policy(dependence=Dependence.INDEPENDENT, because=("always the same wheel",))
EXTENSIONS = Policy(dependence=Dependence.EXTENSION, because=("setup.py: ext_modules",))
UNKNOWN = Policy(dependence=Dependence.UNKNOWN, because=("setup.py:3: looks at sys.version_info",))

_BUILDER_OF = {"py313": "python3.13", "cp312": "python3.12", "cp313": "python3.13", "cp315": "python3.15"}


def built(
    tag: str,
    *,
    by: str | None = None,
    extensions: tuple[str, ...] | None = None,
    requires: str | None = None,
    inputs: str = "same",
    prefix: str = "sample-1.0",
) -> Built:
    """Describe a wheel as its tag suggests: the stable ABI holds an ``.abi3.so``, a version's ABI its suffix."""
    name = WheelName.parse(f"{prefix}-{tag}.whl")
    python, abi, _ = tag.split("-")[-3:]
    if by is None:
        by = next((builder for known, builder in _BUILDER_OF.items() if python.startswith(known)), "python3.11")
        by += "t" if abi.endswith("t") and abi != "abi3.abi3t" else ""
    builder = recorded_probes.load(by)
    if extensions is None:
        extensions = {"none": (), "abi3": ("x.abi3.so",), "abi3t": ("x.abi3t.so",), "abi3.abi3t": ("x.abi3t.so",)}.get(
            abi, (f"x{builder.extension_suffixes[0]}",)
        )
    return Built(
        wheel=Wheel(
            path=Path(name.filename),
            name=name,
            sha256=f"{tag} by {by}",
            requires_python=SpecifierSet(requires) if requires else None,
            extensions=extensions,
        ),
        builders=(Builder.of(builder),),
        inputs=inputs,
    )


def served_by(
    name: str, wheels: list[Built], policy: Policy, *, comparisons: tuple[Comparison, ...] = ()
) -> str | None:
    decision = decide(recorded_probes.load(name), wheels, policy=policy, inputs="same", comparisons=comparisons)
    return decision.built.wheel.name.tag_text if isinstance(decision, Reuse) else None


def reasons(
    name: str, wheel: Built, policy: Policy, *, inputs: str = "same", comparisons: tuple[Comparison, ...] = ()
) -> str:
    decision = decide(recorded_probes.load(name), [wheel], policy=policy, inputs=inputs, comparisons=comparisons)
    assert isinstance(decision, Build)
    return "; ".join(decision.because)


TARGETS = ("python3.12", "python3.13", "python3.15", "python3.15t", "pypy3.11")
CP312, CP313 = f"cp312-cp312-{LINUX}", f"cp313-cp313-{LINUX}"
ABI312, ABI313 = f"cp312-abi3-{LINUX}", f"cp313-abi3-{LINUX}"
BOTH315, ABI3T = f"cp315-abi3.abi3t-{LINUX}", f"cp315-abi3t-{LINUX}"


@pytest.mark.parametrize(
    ("wheels", "policy", "outcomes"),
    [
        pytest.param(["py3-none-any"], NO_EXTENSIONS, ["py3-none-any"] * 5, id="pure"),
        pytest.param(["py2.py3-none-any"], NO_EXTENSIONS, ["py2.py3-none-any"] * 5, id="pure, compressed tag set"),
        pytest.param(["py3-none-any"], EXTENSIONS, [None] * 5, id="pure, but extensions are built"),
        pytest.param(["py313-none-any"], NO_EXTENSIONS, [None, *["py313-none-any"] * 3, None], id="pure from 3.13 on"),
        pytest.param([f"py3-none-{LINUX}"], NO_EXTENSIONS, [f"py3-none-{LINUX}"] * 5, id="bundled program"),
        pytest.param([CP312, CP313], EXTENSIONS, [CP312, CP313, None, None, None], id="one ABI each"),
        pytest.param([ABI312], EXTENSIONS, [ABI312, ABI312, ABI312, None, None], id="stable ABI"),
        pytest.param([ABI312, ABI313], EXTENSIONS, [ABI312, ABI313, ABI313, None, None], id="highest stable ABI wins"),
        pytest.param(
            [ABI312, BOTH315], EXTENSIONS, [ABI312, ABI312, BOTH315, BOTH315, None], id="abi3 and abi3t in one"
        ),
        pytest.param([ABI312, ABI3T], EXTENSIONS, [ABI312, ABI312, ABI312, ABI3T, None], id="abi3t apart"),
    ],
)
def test_the_table_of_the_design_holds_in_any_order(
    wheels: list[str], policy: Policy, outcomes: list[str | None]
) -> None:
    for order in permutations([built(tag) for tag in wheels]):
        assert [served_by(target, list(order), policy) for target in TARGETS] == outcomes


def test_a_build_tag_and_a_local_version_are_no_part_of_the_tags() -> None:
    wheel = built("7cp-py3-none-any", prefix="sample-1.0+local", by="python3.12")
    assert served_by("pypy3.9", [wheel], NO_EXTENSIONS) == "py3-none-any"


@pytest.mark.parametrize(
    ("target", "wheel", "policy", "reason"),
    [
        pytest.param(
            "python3.13",
            built("py3-none-any", requires="<3.13"),
            NO_EXTENSIONS,
            "requires Python <3.13",
            id="requires-python",
        ),
        pytest.param(
            "python3.13",
            built("py3-none-any", extensions=("x.cpython-312-x86_64-linux-gnu.so",)),
            NO_EXTENSIONS,
            "cannot import x.cpython-312",
            id="pure tag, foreign extension",
        ),
        pytest.param(
            "python3.13",
            built("py3-none-any", extensions=("x.so",)),
            NO_EXTENSIONS,
            "no ABI, but it holds x.so",
            id="pure tag, plain extension",
        ),
        pytest.param(
            "python3.13",
            built(ABI312, extensions=("x.cpython-312-x86_64-linux-gnu.so",)),
            EXTENSIONS,
            "cannot import x.cpython-312",
            id="stable tag, version-specific module",
        ),
        pytest.param(
            "python3.13",
            built(ABI312, by="python3.15", extensions=("x.abi3-x86_64-linux-gnu.so",)),
            EXTENSIONS,
            "cannot import x.abi3-x86_64",
            id="suffix of a newer Debian interpreter",
        ),
        pytest.param(
            "python3.12",
            built(f"cp39-abi3-{LINUX}", by="python3.13"),
            EXTENSIONS,
            "built with the headers of python3.13",
            id="older than the builder",
        ),
        pytest.param(
            "python3.13",
            built(ABI312, extensions=()),
            EXTENSIONS,
            "holds no extension module",
            id="stable tag, nothing inside",
        ),
        pytest.param(
            "python3.13",
            built(ABI312),
            Policy(dependence=Dependence.EXTENSION, share_stable_abi=False),
            "--no-abi3",
            id="no-abi3",
        ),
        pytest.param(
            "python3.13",
            built("py3-none-any"),
            EXTENSIONS,
            "may be one build's accident",
            id="the compiler failed quietly",
        ),
        pytest.param("python3.13", built("py3-none-any"), UNKNOWN, "not known whether", id="unknown"),
        pytest.param("python3.13", built(ABI312), UNKNOWN, "not known whether", id="unknown, stable ABI"),
        pytest.param(
            "python3.13",
            built("py3-none-any"),
            Policy(mode=ReuseMode.NEVER, dependence=Dependence.INDEPENDENT),
            "--reuse never",
            id="never",
        ),
        pytest.param(
            "python3.13",
            built("py3-none-any", inputs="others"),
            NO_EXTENSIONS,
            "other sources, patches, settings or flags",
            id="other inputs",
        ),
        pytest.param(
            "python3.13t",
            built(f"cp39-abi3.abi3t-{LINUX}"),
            EXTENSIONS,
            "does not take the tag",
            id="abi3t before 3.15",
        ),
        pytest.param(
            "pypy3.11",
            built(f"cp311-abi3-{LINUX}", by="python3.11"),
            EXTENSIONS,
            "does not take the tag",
            id="PyPy never takes a stable ABI",
        ),
        pytest.param(
            "pypy3.11",
            built(
                f"pp311-pypy311_pp73-{LINUX}", by="pypy3.11-pp73", extensions=("x.pypy311-pp73-x86_64-linux-gnu.so",)
            ),
            EXTENSIONS,
            "does not take the tag",
            id="another ABI of the same PyPy",
        ),
    ],
)
def test_a_wheel_that_may_not_serve_is_refused_with_its_reason(
    target: str, wheel: Built, policy: Policy, reason: str
) -> None:
    # An implementation's own wheel is its own business, so the builder must be somebody else here.
    wheel = Built(
        wheel.wheel, tuple(replace(b, name=f"{b.name}*", identity="another") for b in wheel.builders), wheel.inputs
    )
    assert reason in reasons(target, wheel, policy)


def test_an_implementation_is_always_served_by_what_it_built_itself() -> None:
    own = built(CP312)
    never = Policy(mode=ReuseMode.NEVER, dependence=Dependence.UNKNOWN)
    assert served_by("python3.12", [own, built("py3-none-any", by="python3.11")], never) == CP312


def test_another_interpreter_of_the_same_name_is_somebody_else() -> None:
    own = built(CP312)
    elsewhere = Built(own.wheel, tuple(replace(one, identity="/opt/python3.12") for one in own.builders), "same")
    assert "belongs to one implementation" in reasons("python3.12", elsewhere, EXTENSIONS)


def test_what_it_built_itself_from_other_inputs_is_refused() -> None:
    assert "other sources" in reasons("python3.12", built(CP312, inputs="old"), EXTENSIONS)


def test_trusting_the_tags_waives_the_proof_and_nothing_else() -> None:
    trusting = Policy(mode=ReuseMode.TAGS, dependence=Dependence.UNKNOWN)
    assert served_by("pypy3.11", [built("py3-none-any")], trusting) == "py3-none-any"
    trusting_extensions = Policy(mode=ReuseMode.TAGS, dependence=Dependence.EXTENSION)
    assert served_by("pypy3.11", [built("py3-none-any")], trusting_extensions) is None


def compared(wheel: Built, *, equal: bool) -> Comparison:
    wheels = frozenset({wheel.wheel.sha256})
    return Comparison("cpython", (3, 10), (3, 13), wheels, equal, "python3.10 and python3.13 were compared")


def test_a_proof_covers_its_range_and_its_family_only() -> None:
    wheel = built("py3-none-any", by="python3.10")
    proof = compared(wheel, equal=True)
    served = {name: served_by(name, [wheel], UNKNOWN, comparisons=(proof,)) for name in recorded_probes.NAMES}
    assert {name for name, tag in served.items() if tag} == {"python3.10", "python3.11", "python3.12", "python3.13"}


def test_a_proof_says_nothing_of_a_version_that_the_build_speaks_of() -> None:
    wheel = built("py3-none-any", by="python3.10")
    speaking = replace(UNKNOWN, turning_points=lambda: frozenset({11, 12}))
    proof = compared(wheel, equal=True)
    served = {name for name in recorded_probes.NAMES if served_by(name, [wheel], speaking, comparisons=(proof,))}
    assert served == {"python3.10", "python3.12", "python3.13"}
    assert "sets python3.11 apart" in reasons("python3.11", wheel, speaking, comparisons=(proof,))

    settled = replace(proof, alike=frozenset({(3, 10), (3, 11), (3, 13)}))
    assert served_by("python3.11", [wheel], speaking, comparisons=(settled,)) == "py3-none-any"


def test_where_the_build_stops_for_old_pythons_no_newer_one_speaks_for_them() -> None:
    stopping = replace(NO_EXTENSIONS, stops_below=12)
    assert "the build stops for Pythons that are too old" in reasons(
        "python3.11", built("py3-none-any", by="python3.12"), stopping
    )
    assert served_by("python3.11", [built("py3-none-any", by="python3.10")], stopping) == "py3-none-any"
    assert served_by("python3.12", [built("py3-none-any", by="python3.13")], stopping) == "py3-none-any"
    assert served_by("pypy3.9", [built("py3-none-any", by="python3.10")], stopping) is None


def test_a_proof_speaks_of_the_wheels_that_were_compared_only() -> None:
    proof = compared(built("py3-none-any", by="python3.10"), equal=True)
    assert served_by("python3.12", [built("py3-none-any", by="python3.11")], UNKNOWN, comparisons=(proof,)) is None


def test_a_difference_is_the_reason_for_a_build() -> None:
    wheel = built("py3-none-any", by="python3.10")
    decision = decide(
        recorded_probes.load("python3.12"),
        [wheel],
        policy=UNKNOWN,
        inputs="same",
        comparisons=[compared(wheel, equal=False)],
    )
    assert decision == Build((f"{wheel.wheel.name} of python3.10: python3.10 and python3.13 were compared",))


def test_ext_yes_overrules_the_evidence_and_ext_no_leaves_it_open() -> None:
    yes = NO_EXTENSIONS.with_ext(ext=True)
    no = EXTENSIONS.with_ext(ext=False)
    assert (yes.dependence, yes.extension_required) == (Dependence.EXTENSION, True)
    assert (no.dependence, no.extension_required) == (Dependence.UNKNOWN, False)
    assert NO_EXTENSIONS.with_ext(ext=None) == NO_EXTENSIONS.with_ext(ext=False) == NO_EXTENSIONS


def test_what_an_audit_found_keeps_a_wheel_from_others_and_not_from_its_builder() -> None:
    audited = replace(built(ABI312), objections=("abi3audit: x uses a symbol",))
    assert "abi3audit: x uses a symbol" in reasons("python3.13", audited, EXTENSIONS)
    assert served_by("python3.12", [audited], EXTENSIONS) == ABI312


def test_reuse_tells_why_it_is_right() -> None:
    decision = decide(recorded_probes.load("pypy3.9"), [built("py3-none-any")], policy=NO_EXTENSIONS, inputs="same")
    assert isinstance(decision, Reuse)
    assert decision.because == ("pypy3.9 takes py3-none-any", "always the same wheel")


DOUBTED = replace(EXTENSIONS, doubts=("setup.py:3: looks at sys.version_info", "setup.py:5: eval"))


def _ends(wheel: Built, *, equal: bool) -> Comparison:
    because = (
        "python3.11 and python3.13 built the same" if equal else "python3.11 and python3.13 built different wheels"
    )
    return Comparison("cpython", (3, 11), (3, 13), frozenset({wheel.wheel.sha256}), equal, because)


def test_a_stable_abi_wheel_waits_for_proof_where_the_rest_of_the_wheel_is_in_doubt() -> None:
    wheel = built(f"cp311-abi3-{LINUX}")
    between = recorded_probes.load("python3.12")

    unproved = decide(between, [wheel], policy=DOUBTED, inputs="same")
    refuted = decide(between, [wheel], policy=DOUBTED, inputs="same", comparisons=[_ends(wheel, equal=False)])
    proved = decide(between, [wheel], policy=DOUBTED, inputs="same", comparisons=[_ends(wheel, equal=True)])

    assert isinstance(unproved, Build)
    assert "looks at sys.version_info and 1 more" in unproved.because[0]
    assert isinstance(refuted, Build)
    assert "built different wheels" in refuted.because[0]
    assert isinstance(proved, Reuse)
    assert "python3.11 and python3.13 built the same" in proved.because


def test_a_stable_abi_wheel_serves_its_side_of_a_version_that_may_decide_on_the_stable_abi() -> None:
    wheel = built(f"cp311-abi3-{LINUX}", by="python3.11")
    policy = replace(EXTENSIONS, tag_doubts=("setup.py:3: sys.version_info",), turning_points=lambda: frozenset({13}))

    assert served_by("python3.12", [wheel], policy) is not None
    assert "would use the stable ABI is not known" in reasons("python3.13", wheel, policy)
    assert served_by("python3.13", [wheel], replace(policy, mode=ReuseMode.TAGS)) is not None


def test_the_tags_alone_need_no_proof_of_a_stable_abi_wheel_either() -> None:
    policy = replace(DOUBTED, mode=ReuseMode.TAGS)
    wheel = built(f"cp311-abi3-{LINUX}")
    assert isinstance(decide(recorded_probes.load("python3.12"), [wheel], policy=policy, inputs="same"), Reuse)


def test_whoever_builds_first_is_told_of_the_doubts() -> None:
    decision = decide(recorded_probes.load("python3.12"), [], policy=DOUBTED, inputs="same")
    assert any("whether the rest of the wheel would be the same" in reason for reason in decision.because)


def test_what_is_not_known_of_a_project_stays_in_doubt_whatever_ext_says() -> None:
    assert UNKNOWN.with_ext(ext=True).doubts == UNKNOWN.because
    assert DOUBTED.with_ext(ext=True).doubts == DOUBTED.doubts
    overruled = DOUBTED.with_ext(ext=False)
    assert (overruled.dependence, overruled.doubts) == (Dependence.UNKNOWN, ())
    assert set(DOUBTED.doubts) <= set(overruled.because)
