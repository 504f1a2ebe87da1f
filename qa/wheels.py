"""Validate real wheels of many tools and years, so that no check is too strict for what is on the index.

    python qa/wheels.py                   # download what is missing, about 1.3 GiB, and validate all
    python qa/wheels.py Django wheel      # some of them

The wheels are pinned in ``qa/wheels.toml``; a table with ``refused`` says why one is not taken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename
from platformdirs import user_cache_path

from pep517_multi import files
from pep517_multi.errors import IntegrityError, PlanError
from pep517_multi.process import Command, LocalRunner, inherited_environment
from pep517_multi.settings import read_toml
from pep517_multi.wheels.validation import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

_CACHE = user_cache_path("pep517-multi-tests") / "wheels"
_TABLE = Path(__file__).with_name("wheels.toml")


def fetch(file: str, sha256: str) -> Path:
    """Return the wheel ``file``, from the cache where it is there already; pip downloads it.

    :raises PlanError: pip does not get it.
    :raises IntegrityError: it is not what was pinned.
    """
    path = _CACHE / file
    if not path.is_file():
        name, version, _, tags = parse_wheel_filename(file)
        tag = min(tags, key=str)
        python = tag.interpreter[2:] if len(tag.interpreter) > len("py3") else f"{tag.interpreter[2:]}.7"
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")  # noqa: TID251 - whose pip
        kind = ("--implementation", tag.interpreter[:2], "--abi", tag.abi, "--python-version", python)
        platforms = [part for each in tags for part in ("--platform", each.platform)]
        argv = (*pip, "--ignore-requires-python", *kind, *platforms, "--dest", str(_CACHE), f"{name}=={version}")
        answer = LocalRunner().run(Command(argv, cwd=Path.cwd(), env=inherited_environment()))
        if answer.returncode or not path.is_file():
            raise PlanError(f"pip does not get {file}: {answer.stderr.decode(errors='replace').strip()}")
    if files.sha256(path) != sha256:
        raise IntegrityError(f"{path} is not what was pinned; delete it, and see who changed it")
    return path


def judge(pin: Mapping[str, str]) -> str | None:
    """Validate the wheel of a pin; return what is not as expected, or ``None``."""
    try:
        validate(fetch(pin["file"], pin["sha256"]))
    except IntegrityError as error:
        expected = pin.get("refused")
        return None if expected and expected in str(error) else str(error)
    return f"{pin['file']} is taken, and was expected to be refused" if "refused" in pin else None


def main() -> None:
    """Validate the pinned wheels, or those of the projects that are named; status 1 if one is not as expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("projects", nargs="*", help="names, as in the table")
    wanted = parser.parse_args().projects
    pins = {name: pin for name, pin in read_toml(_TABLE).items() if not wanted or name in wanted}
    surprises = [surprise for pin in pins.values() if (surprise := judge(pin)) is not None]
    print(*surprises, f"{len(pins)} wheels, {len(surprises)} surprises", sep="\n")  # noqa: T201 - the result
    sys.exit(bool(surprises))


if __name__ == "__main__":
    main()
