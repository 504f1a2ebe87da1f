from __future__ import annotations

import json
from typing import TYPE_CHECKING

import fake_interpreters
import pytest
import recorded_probes

from pep517_multi.interpreters.answer import ProbeError
from pep517_multi.interpreters.probe import Prober, probe_environment
from pep517_multi.process import LocalRunner, inherited_environment

if TYPE_CHECKING:
    from pathlib import Path


def ask(executable: Path, *, timeout: float = 15) -> dict[str, object]:
    return Prober(LocalRunner(), inherited_environment(), timeout).ask(executable)


def good_answer() -> dict[str, object]:
    return recorded_probes.answer_of("python3.12")


def test_the_answer_is_told_from_noise_around_it(tmp_path: Path) -> None:
    script = f"echo noise; {fake_interpreters.saying(good_answer())}; echo more noise; echo warning >&2"
    assert ask(fake_interpreters.write_script(tmp_path / "python", script))["version_nodot"] == "312"


def test_an_executable_that_hangs_is_given_up_at_the_time_limit(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=r"did not answer within 0\.2 seconds"):
        ask(fake_interpreters.write_script(tmp_path / "python", "sleep 600"), timeout=0.2)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param("exit 127", "exit status 127", id="dead shim"),
        pytest.param("echo 'pyenv: python3.12: not found' >&2; exit 127", "not found", id="shim that says why"),
        pytest.param("kill -SEGV $$", "signal 11", id="crash"),
        pytest.param("echo hello", "no answer", id="something else"),
        pytest.param("printf '\\036{not json\\036'", "not JSON", id="no JSON"),
        pytest.param("printf '\\036%010000d\\036' 0 | tr 0 '['", "not JSON", id="JSON too deep to read"),
        pytest.param(fake_interpreters.saying(["python"]), "no description", id="a list"),
        pytest.param(fake_interpreters.saying({}), "no description", id="nothing in it"),
        pytest.param(fake_interpreters.saying({"unsupported": [2, 7]}), "Python 2.7 is not supported", id="2.7"),
    ],
)
def test_what_is_no_usable_python_is_a_problem_that_says_why(script: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=why):
        ask(fake_interpreters.write_script(tmp_path / "python", script))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("implementation", None),
        ("free_threaded", 1),
        ("extension_suffixes", [1]),
        ("libc", ["glibc"]),
        ("schemes", {"posix_prefix": {"purelib": None}}),
        ("markers", {}),
        ("markers", {"python_full_version": "three"}),
        ("pointer_bits", "64"),
    ],
)
def test_an_answer_with_something_wrong_in_it_is_not_believed(key: str, value: object, tmp_path: Path) -> None:
    script = fake_interpreters.saying({**good_answer(), key: value})
    with pytest.raises(ProbeError):
        ask(fake_interpreters.write_script(tmp_path / "python", script))


def test_pypy_is_supported_later_than_cpython(tmp_path: Path) -> None:
    answer = recorded_probes.answer_of("pypy3.9")
    answer["markers"]["python_full_version"] = "3.8.16"
    with pytest.raises(ProbeError, match=r"PyPy 3\.8 is not supported \(3\.9 or newer\)"):
        ask(fake_interpreters.write_script(tmp_path / "pypy3", fake_interpreters.saying(answer)))


def test_a_python_that_takes_isolation_for_a_mistake_still_says_that_it_is_too_old(tmp_path: Path) -> None:
    script = f"""[ "$1" = -I ] && {{ echo 'Unknown option: -I' >&2; exit 2; }}
{fake_interpreters.saying({"unsupported": [2, 7], "executable": "python2.7"})}"""
    with pytest.raises(ProbeError, match=r"Python 2\.7 is not supported \(3\.8 or newer\)"):
        ask(fake_interpreters.write_script(tmp_path / "python2.7", script))


def test_a_file_that_no_kernel_runs_is_a_problem(tmp_path: Path) -> None:
    program = fake_interpreters.write_script(tmp_path / "python", "")
    program.write_bytes(b"\x7fELF not really")
    with pytest.raises(ProbeError, match="does not start"):
        ask(program)


def test_nothing_in_the_environment_that_changes_answers_reaches_the_target() -> None:
    misleading = {
        "PYTHONHOME": "/", "PYTHONPATH": "/", "_PYTHON_HOST_PLATFORM": "linux-arm", "__PYVENV_LAUNCHER__": "/x",
        "DEB_PYTHON_INSTALL_LAYOUT": "deb", "RPM_BUILD_ROOT": "/root", "LC_ALL": "tlh_KX",
    }  # fmt: skip
    assert probe_environment({**misleading, "PATH": "/bin", "LD_LIBRARY_PATH": "/lib"}) == {
        "PATH": "/bin",
        "LD_LIBRARY_PATH": "/lib",
        "LC_ALL": "C.UTF-8",
    }


def speaking_packaging(answer: object, platforms: object) -> str:
    """Return the script of an interpreter that answers both questions: what it is, and for which platforms."""
    return f"""case "$*" in
*target_platforms*) {fake_interpreters.saying(platforms)} ;;
*) {fake_interpreters.saying(answer)} ;;
esac"""


def test_a_target_of_another_machine_is_asked_for_its_platforms(tmp_path: Path) -> None:
    script = speaking_packaging({**good_answer(), "platform": "plan9-mips"}, ["plan9_mips"])
    assert ask(fake_interpreters.write_script(tmp_path / "python", script))["platforms"] == ["plan9_mips"]


@pytest.mark.parametrize("platforms", [None, [], {"a": 1}, [1]], ids=json.dumps)
def test_platforms_are_derived_where_the_target_cannot_tell_them(platforms: object, tmp_path: Path) -> None:
    answer = {**good_answer(), "platform": "linux-s390x", "libc": ["glibc", "2.18"]}
    script = speaking_packaging(answer, platforms)
    expected = ["linux_s390x", "manylinux_2_18_s390x", "manylinux_2_17_s390x", "manylinux2014_s390x"]
    assert ask(fake_interpreters.write_script(tmp_path / "python", script))["platforms"] == expected
