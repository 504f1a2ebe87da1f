from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staging_roots import newest

from pep517_multi.process import LocalRunner
from pep517_multi.qa.check_target import Target, how_it_ended

if TYPE_CHECKING:
    from pathlib import Path


def target(scratch: Path) -> Target:
    scratch.mkdir()
    return Target(newest(), LocalRunner(), {"PATH": "/usr/bin:/bin"}, scratch)


def test_answers_are_told_from_noise_and_survive_the_time_limit(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, sys, time\n"
        "request = json.load(sys.stdin)\n"
        "print('noise')\n"
        "print('\\x1e' + json.dumps({'said': request['word']}) + '\\x1e', flush=True)\n"
        "time.sleep(600)\n"
    )
    said = target(tmp_path / "scratch").ask(script, ["-I"], {"word": "hello"}, timeout=3)
    assert said.answers == ({"said": "hello"},)
    assert said.rest == ("noise",)
    assert said.ended == "was still running after 3 seconds"


@pytest.mark.parametrize(
    ("status", "told"),
    [(0, None), (3, "ended with status 3"), (-9, "was ended by SIGKILL"), (-99, "was ended by signal 99")],
)
def test_the_end_of_a_process_is_told(status: int, told: str | None) -> None:
    assert how_it_ended(status) == told


def test_of_a_crash_the_beginning_is_kept_where_the_stack_of_c_comes_last(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print(*range(99), sep='\\n')\n"
        "print('Fatal Python error: Segmentation fault\\n\\nStack:\\n  File \"a.py\", line 7')\n"
        "print(*(f'  Binary file \"python\", at {n}' for n in range(99)), sep='\\n')\n"
    )
    said = target(tmp_path / "scratch").ask(script, ["-I"], {}, timeout=30)
    assert said.rest[0] == "Fatal Python error: Segmentation fault"
    assert '  File "a.py", line 7' in said.rest
