"""The sysconfig data of a target in a sysroot, for the Python of the build machine that runs a backend.

A copy of this file lies in a folder on PYTHONPATH under the name in ``_PYTHON_SYSCONFIGDATA_NAME``; ``sysconfig``
imports it in place of its own data, also in processes that a backend starts. The JSON file of the same name has:

implementation, version
    ``sys.implementation.name`` and ``[major, minor]`` of the Python whose data these are. Another Python that happens
    to be started, to run a tool, gets data of its own.
build_time_vars
    What ``sysconfig`` asks for.
include, platinclude
    Where the headers are, in the sysroot; not there where its data do not tell.
extension_suffixes
    What the target imports, for backends that ask ``importlib.machinery`` for a file name.

The import system of the running Python does not look at these suffixes any more, so it goes on importing its own.
"""

import json
import sys

with open(__file__.rpartition(".")[0] + ".json", encoding="utf-8") as stream:
    told = json.load(stream)

if [sys.implementation.name, *sys.version_info[:2]] == [told["implementation"], *told["version"]]:
    import importlib.machinery
    import sysconfig

    build_time_vars = told["build_time_vars"]
    importlib.machinery.EXTENSION_SUFFIXES[:] = told["extension_suffixes"]
    # No variable moves the headers alone.
    for scheme in sysconfig._INSTALL_SCHEMES.values():  # type: ignore[attr-defined]  # noqa: SLF001
        scheme.update((key, told[key]) for key in ("include", "platinclude") if key in scheme and key in told)
else:
    import importlib

    flags, multiarch = getattr(sys, "abiflags", ""), getattr(sys.implementation, "_multiarch", "")
    names = ["_sysconfigdata_%s_%s_%s" % (flags, sys.platform, multiarch), "_sysconfigdata_%s_%s" % (flags, multiarch)]
    for name in ["_sysconfigdata", *names] if sys.implementation.name == "pypy" else names:
        try:
            build_time_vars = importlib.import_module(name).build_time_vars
            break
        except ModuleNotFoundError:  # Debian and PyPy have names of their own
            pass
