"""How staging roots are laid out: install paths and the interpreter of scripts."""

from __future__ import annotations

import difflib
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pep517_multi.errors import UsageError
from pep517_multi.interpreters.interpreter import PREFIX_PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.interpreters.interpreter import Interpreter

_KEYS = {"purelib": "purelib", "platlib": "platlib", "scripts": "scripts", "data": "data", "headers": "include"}
"""Key of a wheel's ``.data`` folder → key of an install scheme."""

_PREFERRED = ("rpm_prefix", "posix_prefix")
"""The target's default is none of these: Debian's inserts ``local`` into every prefix, Fedora patches posix_prefix."""


@dataclass(frozen=True)
class Layout:
    """How every staging root of a run is laid out.

    :param prefix: absolute path below which packages will live once installed.
    :param scheme: name of an install scheme of the target; by default ``rpm_prefix`` if it has that, else
        ``posix_prefix``.
    :param shebang: path of the interpreter of scripts; ``{impl}`` (the canonical name) and ``{prefix}`` are replaced.
    :param levels: optimisation levels to compile bytecode for, ascending; none for no bytecode.
    :param invalidation: how Python tells that bytecode is stale: ``timestamp``, ``checked-hash``, ``unchecked-hash``.
    :param installer: what goes into ``INSTALLER`` (:pep:`376`); nothing is written if empty.
    :param strip: names of :data:`pep517_multi.staging.stripping.SETS`: what is left out.
    :param license_dir: where licences go instead of ``.dist-info``; ``{name}`` (the normalised project) and ``{impl}``
        are replaced.
    """

    prefix: str = "/usr"
    scheme: str | None = None
    shebang: str = "{prefix}/bin/{impl}"
    levels: tuple[int, ...] = (0, 1)
    invalidation: str = "timestamp"
    installer: str = "multibuild"
    strip: tuple[str, ...] = ()
    license_dir: str | None = None

    def paths(self, interpreter: Interpreter, *, distribution: str) -> Mapping[str, str]:
        """Return the absolute path for each key of a wheel's contents (``purelib``, ``headers`` …).

        :raises UsageError: the target has no such scheme, or the prefix is not an absolute path.
        """
        scheme = interpreter.schemes[self._scheme_name(interpreter)]
        prefix = self._checked_prefix()
        paths = {
            key: posixpath.normpath(scheme[theirs].replace(PREFIX_PLACEHOLDER, prefix)) for key, theirs in _KEYS.items()
        }
        return {**paths, "headers": posixpath.join(paths["headers"], distribution)}

    def libraries(self, interpreter: Interpreter) -> tuple[str, ...]:
        """Return the absolute paths of site-packages, one or two.

        :raises UsageError: as :meth:`paths` does.
        """
        paths = self.paths(interpreter, distribution="")
        return tuple(dict.fromkeys((paths["purelib"], paths["platlib"])))

    def script_interpreter(self, interpreter: Interpreter) -> str:
        """Return what stands after ``#!`` in the scripts of ``interpreter``.

        :raises UsageError: the template names something unknown.
        """
        try:
            return self.shebang.format(impl=interpreter.name, prefix=self._checked_prefix())
        except (LookupError, ValueError) as error:
            message = f"the shebang {self.shebang!r} cannot be used; only {{impl}} and {{prefix}} are replaced in it"
            raise UsageError(message) from error

    def _checked_prefix(self) -> str:
        if not self.prefix.startswith("/") or ".." in self.prefix.split("/"):
            raise UsageError(f"the prefix {self.prefix!r} is not an absolute path without '..'; an example is /usr")
        return "/" + self.prefix.strip("/") if self.prefix.strip("/") else ""

    def _scheme_name(self, interpreter: Interpreter) -> str:
        schemes = interpreter.schemes
        wanted = (self.scheme,) if self.scheme else _PREFERRED
        for name in wanted:
            if name in schemes:
                return name
        near = difflib.get_close_matches(wanted[0], schemes, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        has = ", ".join(sorted(schemes)) or "none"
        raise UsageError(f"{interpreter.name} has no install scheme {wanted[0]!r} (it has: {has}){hint}")
