"""From what an interpreter says of itself, as JSON, to an :class:`Interpreter`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from packaging.version import InvalidVersion, Version

from pep517_multi.errors import InterpreterError
from pep517_multi.interpreters.interpreter import Interpreter, canonical_name, oldest_supported
from pep517_multi.interpreters.tags import AbiFacts, supported_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer: TypeAlias = dict[str, Any]
"""What ``target_probe.py`` writes (see there), and ``platforms``: the platform tags of the target, best first."""


class ProbeError(InterpreterError):
    """An executable is no interpreter that can be used; the message is the clause that says why."""


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_null(value: object) -> bool:
    return value is None or isinstance(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _pair_or_null(value: object) -> bool:
    return value is None or (_texts(value) and len(cast("list[str]", value)) == 2)  # noqa: PLR2004 - name and version


def _mapping(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


def _mappings(value: object) -> bool:
    return isinstance(value, dict) and all(map(_mapping, value.values()))


_SHAPES: Mapping[str, Callable[[object], bool]] = {
    "executable": _text,
    "implementation": _text,
    "version_nodot": _text,
    "free_threaded": _flag,
    "debug": _flag,
    "virtual": _flag,
    "cache_tag": _text_or_null,
    "extension_suffixes": _texts,
    "extension_suffix": _text_or_null,
    "platform": _text,
    "pointer_bits": lambda value: isinstance(value, int),
    "byteorder": _text,
    "libc": _pair_or_null,
    "schemes": _mappings,
    "markers": _mapping,
}


def checked(answer: object) -> Answer:
    """Return ``answer`` if it is what ``target_probe.py`` promises, from a Python that is supported.

    :raises ProbeError: it is not.
    """
    if not isinstance(answer, dict):
        raise ProbeError("its answer is no description of a Python")
    if isinstance(old := answer.get("unsupported"), list):
        raise ProbeError(_too_old("cpython", ".".join(map(str, old))))
    for key, has_shape in _SHAPES.items():
        if not has_shape(answer.get(key)):
            message = f"its answer is no description of a Python ({key} is {answer.get(key)!r:.60})"
            raise ProbeError(message)
    implementation, python = answer["implementation"], _version(answer).release[:2]
    if python < oldest_supported(implementation):
        raise ProbeError(_too_old(implementation, ".".join(map(str, python))))
    return answer


def interpreter_from(answer: Answer, *, executable: Path, found: str = "given") -> Interpreter:
    """Return the interpreter that a :func:`checked` answer with ``platforms`` describes.

    :param executable: what is to be run for it.
    """
    version = _version(answer)
    python = version.major, version.minor
    facts = AbiFacts(
        implementation=answer["implementation"],
        python=python,
        version_nodot=answer["version_nodot"],
        extension_suffix=answer["extension_suffix"],
        free_threaded=answer["free_threaded"],
        debug=answer["debug"],
    )
    return Interpreter(
        name=canonical_name(facts.implementation, python, free_threaded=facts.free_threaded, debug=facts.debug),
        executable=Path(executable),
        implementation=facts.implementation,
        version=version,
        free_threaded=facts.free_threaded,
        debug=facts.debug,
        cache_tag=answer["cache_tag"] or "",
        extension_suffixes=tuple(answer["extension_suffixes"]),
        platform=answer["platform"],
        tags=supported_tags(facts, answer["platforms"]),
        schemes=answer["schemes"],
        markers=answer["markers"],
        is_virtual=answer["virtual"],
        found=found,
    )


def _version(answer: Answer) -> Version:
    try:
        return Version(answer["markers"].get("python_full_version", ""))
    except InvalidVersion as error:
        message = f"its version is no version ({error})"
        raise ProbeError(message) from error


def _too_old(implementation: str, version: str) -> str:
    major, minor = oldest_supported(implementation)
    shown = {"cpython": "Python", "pypy": "PyPy"}.get(implementation, implementation)
    return f"{shown} {version} is not supported ({major}.{minor} or newer)"
