"""Cross builds: an interpreter of the build machine that stands for the one in a sysroot.

What is run is the build machine's. What is asked of the target (tags, names of extension modules, install paths) comes
from the sysroot: from the ``_sysconfigdata_*.py`` of its Python, which is read as text and never run.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pep517_multi.errors import InterpreterError
from pep517_multi.interpreters.interpreter import PREFIX_PLACEHOLDER
from pep517_multi.interpreters.machines import machine_of
from pep517_multi.interpreters.tags import AbiFacts, derived_platforms, supported_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.interpreters.interpreter import Interpreter

NAME_VARIABLE, PLATFORM_VARIABLE = "_PYTHON_SYSCONFIGDATA_NAME", "_PYTHON_HOST_PLATFORM"
"""What Python itself looks at in a cross build; whoever sets them knows better than what is found here."""

_PREFIXES = ("/usr", "/usr/local")
_LIBRARIES = ("lib", "lib64", "lib32")
_NAME = re.compile(r"_sysconfigdata_(?P<flags>[a-z]*)_.*\.py")
_ABI_FIELDS = 2
"""Dash-separated fields of an extension suffix that name the ABI, ``cpython-311``; the triplet follows them."""
_GLIBC = re.compile(rb"GNU C Library [^\n]* release version (\d+\.\d+)")
_WITH_PLATFORM_LIBRARIES = ("platlib", "platstdlib", "stdlib")


@dataclass(frozen=True)
class Sysroot:
    """What a sysroot says of its Python.

    :param path: the sysroot, absolute.
    :param data: the ``_sysconfigdata_*.py``, with the ``digest`` of its bytes.
    :param variables: its ``build_time_vars``, as they are.
    :param platform: as ``sysconfig.get_platform()`` has it on the target: ``linux-aarch64``.
    """

    path: Path
    data: Path
    variables: Mapping[str, Any] = field(compare=False)
    digest: str
    platform: str

    @property
    def triplet(self) -> str:
        """The multiarch triplet, empty where there is none: ``aarch64-linux-gnu``."""
        return str(self.variables.get("MULTIARCH") or "")


def select_in_sysroot(
    interpreters: Sequence[Interpreter], sysroot: Path, *, prefix: str, environ: Mapping[str, str], named: bool
) -> tuple[Interpreter, ...]:
    """Return what builds for the Pythons in ``sysroot`` that are like ``interpreters``; see :func:`in_sysroot`.

    :param named: whether the user named them; else those are left out that the sysroot does not have.
    :raises InterpreterError: it does not have one that was named, or none at all.
    """
    found: list[Interpreter] = []
    errors: list[InterpreterError] = []
    for interpreter in interpreters:
        try:
            found.append(in_sysroot(interpreter, sysroot, prefix=prefix, environ=environ))
        except InterpreterError as error:  # noqa: PERF203 - there are few of them
            errors.append(error)
    if errors and named:
        raise errors[0]
    if errors and not found:
        names = ", ".join(interpreter.name for interpreter in interpreters)
        raise InterpreterError(f"of {names}, the sysroot {sysroot} has none; of the last: {errors[-1]}")
    return tuple(found)


def in_sysroot(interpreter: Interpreter, sysroot: Path, *, prefix: str, environ: Mapping[str, str]) -> Interpreter:
    """Return what builds for the Python in ``sysroot`` that is like ``interpreter``, which is still what is run.

    :param sysroot: an absolute path.
    :param prefix: where the Python of the sysroot is looked for first; then in ``/usr`` and ``/usr/local``.
    :raises InterpreterError: it has no sysconfig data of such a Python, or they are not what is needed.
    """
    data = _data(interpreter, sysroot, prefix, environ)
    content = data.read_bytes()
    variables = _variables(content, data)
    suffix = variables.get("EXT_SUFFIX")
    own = interpreter.extension_suffixes[0] if interpreter.extension_suffixes else ""
    if not isinstance(suffix, str) or not isinstance(variables.get("SOABI"), str):
        raise InterpreterError(f"{data} has no SOABI and EXT_SUFFIX, which extension modules are named after")
    version = ".".join(map(str, interpreter.python))
    if variables.get("VERSION", version) != version or _split(suffix)[0] != _split(own)[0]:
        raise InterpreterError(
            f"{data} is of Python {variables.get('VERSION', '?')} with the suffix {suffix}, but {interpreter.name} "
            f"({interpreter.executable}) has {own}; the two have to be of one version and ABI"
        )
    platform = environ.get(PLATFORM_VARIABLE) or _platform(variables, data)
    found = Sysroot(sysroot, data, variables, f"sha256:{hashlib.sha256(content).hexdigest()}", platform)
    facts = AbiFacts(
        implementation=interpreter.implementation,
        python=interpreter.python,
        version_nodot="".join(map(str, interpreter.python)),
        extension_suffix=suffix,
        free_threaded=interpreter.free_threaded,
        debug=interpreter.debug,
    )
    bits = 32 if variables.get("SIZEOF_VOID_P") == 4 else 64  # noqa: PLR2004 - bytes of a pointer
    platforms = derived_platforms(platform, pointer_bits=bits, libc=_libc(found))
    return replace(
        interpreter,
        platform=platform,
        extension_suffixes=tuple(_translated(interpreter.extension_suffixes, own, suffix)),
        tags=supported_tags(facts, platforms),
        schemes=_schemes(interpreter, variables),
        sysroot=found,
    )


def _data(interpreter: Interpreter, sysroot: Path, prefix: str, environ: Mapping[str, str]) -> Path:
    if not sysroot.is_dir():
        raise InterpreterError(f"there is no sysroot {sysroot}; give the directory that holds the target's /usr")
    folders = list(dict.fromkeys(_folders(interpreter, sysroot, prefix)))
    name = environ.get(NAME_VARIABLE)
    flags = "t" * interpreter.free_threaded + "d" * interpreter.debug
    found: dict[bytes, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("_sysconfigdata_*.py")):
            match = _NAME.fullmatch(path.name)
            wanted = path.stem == name if name else match is not None and match["flags"] == flags
            if wanted and path.is_file():
                found.setdefault(path.read_bytes(), path)
        if found:
            break
    if not found:
        raise InterpreterError(
            f"the sysroot {sysroot} has no sysconfig data of {interpreter.name} "
            f"({name or f'_sysconfigdata_{flags}_*'}.py in {' or '.join(map(str, folders[:2]))}); "
            f"unpack the target's {interpreter.name} into it, with its development files"
        )
    if len(found) > 1:
        names = " and ".join(path.name for path in found.values())
        raise InterpreterError(f"the sysroot {sysroot} has {names}; name the one that is meant in {NAME_VARIABLE}")
    return next(iter(found.values()))


def _folders(interpreter: Interpreter, sysroot: Path, prefix: str) -> Iterator[Path]:
    """Yield where the standard library of the target may be."""
    scheme = interpreter.schemes["posix_prefix"]
    own = scheme["stdlib"].replace(PREFIX_PLACEHOLDER, "").strip("/")
    _, _, last = own.partition("/")
    for place in (prefix, *_PREFIXES):
        yield sysroot / place.strip("/") / own
        for library in _LIBRARIES:
            yield sysroot / place.strip("/") / library / last


def _variables(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        for node in ast.parse(content).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "build_time_vars":
                variables = ast.literal_eval(node.value)
                if isinstance(variables, dict):
                    return variables
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InterpreterError(f"{path} cannot be read as sysconfig data ({error})") from error
    raise InterpreterError(f"{path} cannot be read as sysconfig data (it sets no build_time_vars)")


def _platform(variables: Mapping[str, Any], data: Path) -> str:
    if variables.get(PLATFORM_VARIABLE):  # set where that Python was cross-built itself
        return str(variables[PLATFORM_VARIABLE])
    triplets = [str(variables.get(key) or "") for key in ("HOST_GNU_TYPE", "MULTIARCH")]
    machines = [machine for triplet in triplets if "linux" in triplet and (machine := machine_of(triplet))]
    if not machines:
        told = " or ".join(filter(None, triplets)) or "no triplet"
        raise InterpreterError(
            f"{data} does not tell the platform ({told}); say it in {PLATFORM_VARIABLE}, as in linux-aarch64"
        )
    return f"linux-{machines[0]}"


def _split(suffix: str) -> tuple[str, str]:
    """Return the ABI and the triplet in an extension suffix: ``cpython-311`` and ``x86_64-linux-gnu``."""
    parts = suffix.split(".")[1].split("-") if suffix.count(".") > 1 else []
    return "-".join(parts[:_ABI_FIELDS]), "-".join(parts[_ABI_FIELDS:])


def _translated(suffixes: tuple[str, ...], own: str, suffix: str) -> Iterator[str]:
    """Yield what the import system of the target takes: the build machine's suffixes with the target's triplet."""
    here, there = _split(own)[1], _split(suffix)[1]
    for each in suffixes:
        yield suffix if each == own else (each.replace(here, there) if here and there else each)


def _schemes(interpreter: Interpreter, variables: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return the build machine's schemes with the target's folder of platform-specific libraries (``lib64``)."""
    stdlib = interpreter.schemes["posix_prefix"]["platstdlib"].removeprefix(PREFIX_PLACEHOLDER)
    here, there = stdlib.strip("/").partition("/")[0], variables.get("PLATLIBDIR")
    if not isinstance(there, str) or there == here or here not in _LIBRARIES:
        return interpreter.schemes
    return {
        name: {
            key: path.replace(f"/{here}/", f"/{there}/", 1) if key in _WITH_PLATFORM_LIBRARIES else path
            for key, path in scheme.items()
        }
        for name, scheme in interpreter.schemes.items()
    }


def _libc(sysroot: Sysroot) -> tuple[str, str] | None:
    """Return what the GNU C library of the sysroot says of itself; without it, manylinux wheels are not taken."""
    for folder in ("lib", "usr/lib", "lib64", "usr/lib64"):
        for inside in (sysroot.triplet, "."):
            library = sysroot.path / folder / inside / "libc.so.6"
            if library.is_file() and (match := _GLIBC.search(library.read_bytes())):
                return "glibc", match[1].decode()
    return None
