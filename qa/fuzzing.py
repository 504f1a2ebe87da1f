"""Run a fuzzer that is guided by coverage, for as long as one likes.

    python qa/fuzzing.py wheel --seconds 600

Needs atheris. What it finds is written to the folder as ``crash-…``, with the traceback on the screen; give that file
as ``--input`` to see it again, and put what it showed into ``tests/unit/test_fuzzing.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from collections.abc import Mapping

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

with atheris.instrument_imports(include=["pep517_multi"]):
    import fuzz_targets

import malformed_sdists
import raw_zip

from pep517_multi import temporaries


def seeds() -> Mapping[str, list[bytes]]:
    """Return what each fuzzer begins with."""
    wheel = raw_zip.archive(raw_zip.wheel_parts())
    table = b'[build-system]\nrequires = ["setuptools"]\n[project]\nname = "x"\nversion = "1"\n[tool.setuptools]\n'
    code = b"from setuptools import setup, Extension\nsetup(name='x', ext_modules=[Extension('x', ['x.c'])])\n"
    return {
        "wheel": [wheel],
        "record": [raw_zip.wheel_parts()[-1].content],
        "recorded": [raw_zip.wheel_parts()[-1].content],
        "pyproject": [table],
        "setup_py": [code],
        "setup_cfg": [b"[metadata]\nname = x\n[options]\npackages = find:\n"],
        "sdist": [gzip.compress(malformed_sdists.tar()), wheel],
        "spec": [b"3.12", b"cpython3.13t", b"pypy3_11"],
    }


def main() -> None:
    """Fuzz one target until the given number of runs or seconds is over; libFuzzer's status is the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=fuzz_targets.TARGETS)
    parser.add_argument("--seconds", type=int, default=0, help="how long (no limit)")
    parser.add_argument("--runs", type=int, default=-1, help="how many inputs (no limit)")
    parser.add_argument("--folder", type=Path, help="where the corpus is kept and what was found is written")
    parser.add_argument("--input", type=Path, help="run this one alone")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or stack.enter_context(temporaries.scratch("fuzzing"))
        fuzz(options, folder)


def fuzz(options: argparse.Namespace, folder: Path) -> None:
    """Fuzz in ``folder``; libFuzzer ends the process, so that a folder of nobody is swept by the next run."""
    corpus, work = folder / "corpus", folder / "work"
    for place in (corpus, work):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[options.target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = fuzz_targets.TARGETS[options.target]
    arguments = [
        sys.argv[0],
        f"-artifact_prefix={folder}/",
        f"-runs={options.runs}",
        "-max_len=4096",
        "-rss_limit_mb=1024",
    ]
    arguments += [f"-max_total_time={options.seconds}"] if options.seconds else []
    arguments.append(str(options.input or corpus))
    atheris.Setup(arguments, lambda data: target(data, work))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
