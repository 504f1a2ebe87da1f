"""Where pip gets packages from, read from its variables and configuration files, and the same told to uv.

uv reads no setting of pip. A machine that is set up for pip (a company's index, a folder of wheels) is set up for
multibuild all the same, whichever of the two installs.
"""

from __future__ import annotations

import configparser
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class _Translation:
    """An option of pip and its like in uv, which gives way where the user has set one of uv's own variables.

    :param flag: the option that each value is given to; a switch, when ``switch`` is set.
    :param is_path: values that are no URL are paths, and made absolute.
    :param variable: a variable of uv that says the same: everybody may read options, which may have passwords in them.
    """

    option: str
    flag: str
    own: tuple[str, ...]
    switch: bool = False
    is_path: bool = False
    variable: str = ""


_TRANSLATIONS = (
    _Translation("index-url", "", ("UV_DEFAULT_INDEX", "UV_INDEX_URL"), variable="UV_DEFAULT_INDEX"),
    _Translation("extra-index-url", "", ("UV_INDEX", "UV_EXTRA_INDEX_URL"), variable="UV_INDEX"),
    _Translation("find-links", "--find-links", ("UV_FIND_LINKS",), is_path=True),
    _Translation("no-index", "--no-index", ("UV_NO_INDEX",), switch=True),
    _Translation("trusted-host", "--allow-insecure-host", ("UV_INSECURE_HOST",)),
    _Translation("no-binary", "--no-binary", ("UV_NO_BINARY", "UV_NO_BINARY_PACKAGE")),
    _Translation("only-binary", "--only-binary", ("UV_NO_BUILD", "UV_NO_BUILD_PACKAGE")),
    _Translation("pre", "--prerelease=allow", ("UV_PRERELEASE",), switch=True),
    _Translation("constraint", "--constraints", ("UV_CONSTRAINT",), is_path=True),
    _Translation("build-constraint", "--constraints", (), is_path=True),
)
_ENVIRON = (
    ("cert", "SSL_CERT_FILE"),
    ("client-cert", "SSL_CLIENT_CERT"),
    ("proxy", "ALL_PROXY"),
    ("timeout", "UV_HTTP_TIMEOUT"),
)
_FALSE = frozenset({"", "0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True)
class PipSettings:
    """The options of ``pip install`` as variables and files set them: name without dashes before it → text."""

    options: Mapping[str, str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> PipSettings:
        """Read pip's files and variables; weakest first: the system, the user, ``PIP_CONFIG_FILE``, variables.

        :raises UsageError: a configuration file cannot be understood.
        """
        everywhere: dict[str, str] = {}
        on_install: dict[str, str] = {}
        for path in _files(environ):
            parser = configparser.RawConfigParser()
            try:
                parser.read(path, encoding="utf-8")
            except (configparser.Error, UnicodeDecodeError) as error:
                message = f"pip's configuration file {path} cannot be understood: {str(error).splitlines()[0]}"
                raise UsageError(message) from error
            for section, options in (("global", everywhere), ("install", on_install)):
                if parser.has_section(section):
                    options.update((_option(name), value) for name, value in parser.items(section))
        variables = {
            _option(name.removeprefix("PIP_")): value
            for name, value in environ.items()
            if name.startswith("PIP_") and value
        }
        if "default-timeout" in variables:
            variables["timeout"] = variables["default-timeout"]
        return cls(everywhere | on_install | variables)

    def values(self, option: str) -> list[str]:
        """Return what is set for an option that takes several values: separated by white space, as pip has it."""
        return self.options.get(option, "").split()

    def uv_options(self, environ: Mapping[str, str]) -> list[str]:
        """Return options of ``uv pip install`` that say the same, but for what ``environ`` tells uv itself."""
        options: list[str] = []
        for translation in _TRANSLATIONS:
            if not translation.variable and not any(environ.get(name) for name in translation.own):
                options += self._translated(translation)
        if "UV_INDEX" in self.uv_environ(environ) and not environ.get("UV_INDEX_STRATEGY"):
            # pip takes the best candidate of all indexes; uv would stop at the first index that knows the name
            options += ["--index-strategy", "unsafe-best-match"]
        return options

    def uv_environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return variables that say what options do not, or should not, but for what ``environ`` tells uv itself."""
        told = {variable: self.options[option] for option, variable in _ENVIRON if self.options.get(option)}
        for translation in _TRANSLATIONS:
            if translation.variable and not any(environ.get(name) for name in translation.own):
                told |= {translation.variable: " ".join(self.values(translation.option))}
        return {variable: value for variable, value in told.items() if value}

    def _translated(self, translation: _Translation) -> Iterator[str]:
        if translation.switch:
            if self.options.get(translation.option, "").lower() not in _FALSE:
                yield translation.flag
            return
        for value in self.values(translation.option):
            yield translation.flag
            is_path = translation.is_path and "://" not in value and not value.startswith("file:")
            yield str(Path(value).expanduser().absolute()) if is_path else value


def texts_of_installers(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what stands in the configuration files of pip and uv; passwords of indexes may be in them."""
    home = environ.get("HOME", "")
    uv = Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "uv", "uv.toml")
    given = filter(None, (environ.get("UV_CONFIG_FILE"),))
    for path in (*_files(environ), Path("/etc/uv/uv.toml"), uv, *map(Path, given)):
        with contextlib.suppress(OSError):
            yield path.read_text(encoding="utf-8", errors="replace")


def _option(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's configuration files, weakest first, whether they are there or not."""
    given = environ.get("PIP_CONFIG_FILE", "")
    if given == os.devnull:
        return
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        yield Path(folder) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    if home := environ.get("HOME"):
        yield Path(home) / ".pip" / "pip.conf"
        yield Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config") / "pip" / "pip.conf"
    if given:
        yield Path(given).expanduser()
