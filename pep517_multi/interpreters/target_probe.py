"""What an interpreter says of itself, on standard output as one JSON object between two record separators (U+001E).

Run inside the target: ``X -I -S -B target_probe.py PLACEHOLDER``. PLACEHOLDER stands for every prefix in the answer.
Keys of the answer, all of them always there unless ``unsupported`` is:

executable, implementation, cache_tag, platform, byteorder
    ``sys.executable``, ``sys.implementation.name`` ...
version_nodot
    The ``py_version_nodot`` that wheel tags are made of.
free_threaded, debug, virtual
    true or false.
extension_suffixes, extension_suffix
    What the import system takes for an extension module, and what builds give to theirs (null where unset).
pointer_bits, libc
    64 or 32; ``["glibc", "2.36"]`` or null where it is not glibc.
schemes
    Name of an install scheme -> key -> path, expanded here, because the variables in them differ between versions.
markers
    The environment markers of PEP 508; ``python_full_version`` is the version of the language.

A Python that is too old answers ``{"unsupported": [2, 7], "executable": ...}``; therefore this file must also compile
on Python 2.7, and what stands before the version gate must run there.
"""

# Annotations do not compile on Python 2.7.
# mypy: allow-untyped-defs, allow-untyped-calls

import sys

OLDEST = (3, 8)


def write(answer):
    """Write ``answer`` so that it can be told from what else is on standard output."""
    import json

    sys.stdout.write("\x1e" + json.dumps(answer) + "\x1e\n")
    sys.stdout.flush()


def schemes(placeholder):
    """Return every install scheme with its paths, for a prefix that ``placeholder`` stands for."""
    import os
    import sysconfig

    names = ("base", "platbase", "installed_base", "installed_platbase", "userbase")
    variables = dict.fromkeys(names, placeholder)
    expanded = {}
    for scheme in sysconfig.get_scheme_names():
        if os.name == "posix" and scheme.startswith("nt"):
            continue
        try:
            expanded[scheme] = sysconfig.get_paths(scheme, variables)
        except (AttributeError, KeyError, TypeError):  # needs a variable that this build does not set: of no use to us
            continue
    return expanded


def version_text(info):
    """Return PEP 440's spelling of a version; ``platform.python_version()`` has a "+" on development builds."""
    level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(info[3])
    text = "%d.%d.%d" % tuple(info[:3])
    return text + "%s%d" % (level, info[4]) if level else text


def markers():
    """Return the environment markers of PEP 508."""
    import os
    import platform

    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version_text(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": version_text(sys.version_info),
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }


def libc():
    """Return name and version of the GNU C library, or None for another."""
    import os

    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (AttributeError, OSError, ValueError):  # not Unix, or not glibc
        return None
    return [name, version]


def is_virtual():
    """Return whether this is a virtual environment's python; under ``-S`` the prefixes do not tell before 3.14."""
    import os

    folder = os.path.dirname(sys.executable or "")
    places = (folder, os.path.dirname(folder))
    return sys.prefix != sys.base_prefix or any(os.path.isfile(os.path.join(place, "pyvenv.cfg")) for place in places)


def describe(placeholder):
    """Return the whole answer of a supported Python."""
    import struct
    import sysconfig
    from importlib.machinery import EXTENSION_SUFFIXES

    variable = sysconfig.get_config_var
    return {
        "executable": sys.executable,
        "implementation": sys.implementation.name,
        "version_nodot": str(variable("py_version_nodot") or "%d%d" % sys.version_info[:2]),
        "free_threaded": bool(variable("Py_GIL_DISABLED")),
        "debug": bool(variable("Py_DEBUG")) or hasattr(sys, "gettotalrefcount"),
        "virtual": is_virtual(),
        "cache_tag": sys.implementation.cache_tag,
        "extension_suffixes": EXTENSION_SUFFIXES,
        "extension_suffix": variable("EXT_SUFFIX"),
        "platform": sysconfig.get_platform(),
        "pointer_bits": struct.calcsize("P") * 8,
        "byteorder": sys.byteorder,
        "libc": libc(),
        "schemes": schemes(placeholder),
        "markers": markers(),
    }


if sys.version_info[:2] < OLDEST:
    write({"unsupported": list(sys.version_info[:2]), "executable": sys.executable})
else:
    write(describe(sys.argv[1]))
