"""The three packages that the kill harness builds: one pure, one for the stable ABI, one for each version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PURE, STABLE, SPECIFIC = "kill-pure", "kill-stable", "kill-specific"
NAMES = (PURE, STABLE, SPECIFIC)

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "kill_backend"
backend-path = ["backend"]

[project]
name = "{name}"
version = "1.0"
"""

_BACKEND = '''\
"""Compiles with the compiler alone and writes the wheel with the standard library: fast, and the same every time."""

import base64, hashlib, os, subprocess, sys, sysconfig, zipfile

NAME, KIND = "{module}", "{kind}"
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files, tag = {{}}, "py3-none-any"
    for folder, folders, names in os.walk(os.path.join(HERE, "src")):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                files[os.path.relpath(path, os.path.join(HERE, "src"))] = stream.read()
    if KIND != "kill-pure":
        version = "cp{{}}{{}}".format(*sys.version_info[:2])
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        suffix, flags = sysconfig.get_config_var("EXT_SUFFIX"), []
        tag = "-".join([version, version, platform])
        if KIND == "kill-stable":
            suffix, flags = ".abi3.so", ["-DPy_LIMITED_API=0x030A0000"]
            tag = "-".join(["cp310", "abi3", platform])
        made = os.path.join(HERE, "speed.so")
        source = os.path.join("src", NAME, "speed.c")
        include = "-I" + sysconfig.get_paths()["include"]
        subprocess.run(["cc", "-shared", "-fPIC", include, *flags, source, "-o", made], check=True, cwd=HERE)
        with open(made, "rb") as stream:
            files[NAME + "/speed" + suffix] = stream.read()
    return write(wheel_directory, files, tag)


def write(folder, files, tag):
    info = NAME + "-1.0.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: {{}}\\nVersion: 1.0\\n".format(KIND).encode()
    pure = str(tag.endswith("any")).lower()
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: {{}}\\nTag: {{}}\\n".format(pure, tag).encode()
    files[info + "entry_points.txt"] = "[console_scripts]\\n{{}} = {{}}:main\\n".format(KIND, NAME).encode()
    rows = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append("{{}},sha256={{}},{{}}\\n".format(name, digest, len(data)))
    files[info + "RECORD"] = ("".join(rows) + info + "RECORD,,\\n").encode()
    wheel = "{{}}-1.0-{{}}.whl".format(NAME, tag)
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return wheel
'''

_SPEED = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "speed", NULL, 0, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_speed(void) { return PyModule_Create(&module); }
"""


def write_tree(folder: Path, name: str, *, modules: int = 8, content: int = 1) -> Path:
    """Write the source tree of the package ``name`` below ``folder``.

    :param modules: how many modules it has besides.
    :param content: a number that stands in each of them: another one makes another tree.
    """
    module, tree = name.replace("-", "_"), folder / name
    package = tree / "src" / module
    package.mkdir(parents=True, exist_ok=True)
    (tree / "backend").mkdir(exist_ok=True)
    (tree / "pyproject.toml").write_text(_PYPROJECT.format(name=name), encoding="utf-8")
    (tree / "backend" / "kill_backend.py").write_text(_BACKEND.format(module=module, kind=name), encoding="utf-8")
    (package / "__init__.py").write_text("def main():\n    pass\n", encoding="utf-8")
    for number in range(modules):
        (package / f"part{number}.py").write_text(f"VALUE = {content}\n", encoding="utf-8")
    if name != PURE:
        (package / "speed.c").write_text(_SPEED, encoding="utf-8")
    return tree
