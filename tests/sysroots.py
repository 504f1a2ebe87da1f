"""Small sysroots of an aarch64 machine, made of what a Python of this machine says of itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

TRIPLET = "aarch64-linux-gnu"
_ASK = """
import json, sys, sysconfig
variables = {key: value for key, value in sysconfig.get_config_vars().items() if isinstance(value, (str, int))}
flags = getattr(sys, "abiflags", "")
print(json.dumps([sysconfig.get_path("stdlib", "posix_prefix"), sysconfig.get_path("include"), flags, variables]))
"""


def make_sysroot(folder: Path, *pythons: Path, **variables: object) -> Path:
    """Make ``folder`` a sysroot with the headers and the sysconfig data of ``pythons``, as if built for aarch64.

    :param variables: what the data say besides, or otherwise.
    """
    for python in pythons:
        done = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, text=True, check=True)
        stdlib, include, flags, known = json.loads(done.stdout)
        here = known.get("MULTIARCH") or "x86_64-linux-gnu"
        headers = folder / "usr/include" / Path(include).name
        told = {
            **{key: _translated(value, here) for key, value in known.items()},
            "MULTIARCH": TRIPLET,
            "HOST_GNU_TYPE": TRIPLET,
            "CC": f"{TRIPLET}-gcc",
            "LDSHARED": f"{TRIPLET}-gcc -shared",
            "CFLAGS": "-O1",
            "LDFLAGS": "",
            "INCLUDEPY": f"/usr/include/{headers.name}",
            "CONFINCLUDEPY": f"/usr/include/{headers.name}",
            "LIBDIR": "/usr/lib",
            **variables,
        }
        library = folder / "usr/lib" / Path(stdlib).name
        library.mkdir(parents=True)
        text = f"build_time_vars = {told!r}\n"
        (library / f"_sysconfigdata_{flags}_linux_{TRIPLET}.py").write_text(text)
        if Path(include).is_dir():
            shutil.copytree(include, headers)
            own = Path("/usr/include", here, headers.name, "pyconfig.h")  # Debian's other one only includes this one
            if own.is_file():
                shutil.copy(own, headers / "pyconfig.h")
    return folder


def _translated(value: object, here: str) -> object:
    return value.replace(here, TRIPLET) if isinstance(value, str) else value
