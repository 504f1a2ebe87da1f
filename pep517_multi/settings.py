"""Settings, resolved once from their layers, weakest first; every error names the layer.

One table (:data:`SETTINGS`) says for each setting how a value is read; the configuration files, the environment, the
command line and the reference documentation are all made from it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pep517_multi.archives.limits import DEFAULT_RATIO, DEFAULT_SIZE
from pep517_multi.errors import UsageError

if TYPE_CHECKING:
    from pep517_multi.acceptance import Acceptances

if sys.version_info >= (3, 11):  # noqa: TID251 - which TOML parser the driver itself has
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "PEP517_MULTI_"
CONFIG_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG"
IMPL_VARIABLE, PYTHON_VARIABLE = f"{ENVIRONMENT_PREFIX}IMPL", f"{ENVIRONMENT_PREFIX}PYTHON"
"""What commands of ``--prepare`` are told: for whom; no settings."""
FILE_NAME = "multibuild.toml"

ConfigSettings: TypeAlias = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Layer:
    """One source of settings: a file, the environment, the command line.

    :param name: for messages: ``multibuild.toml``, ``the command line``.
    :param values: by key of :data:`SETTINGS`.
    :param folder: what relative paths are relative to.
    """

    name: str
    values: Mapping[str, object]
    folder: Path


@dataclass(frozen=True)
class AllowedImport:
    """An import that may fail in ``multibuild check``.

    :param module: a shell pattern for dotted names of modules.
    :param error: what the message must contain; everything does by default.
    :param reason: why it may fail, for whoever reads it.
    :param package: a shell pattern for normalised names of projects that are staged.
    :param impl: a shell pattern for canonical names of implementations.
    """

    module: str
    error: str
    reason: str
    package: str = "*"
    impl: str = "*"


@dataclass(frozen=True)
class Setting:
    """One row of the table: the key in files, ``--key`` and ``PEP517_MULTI_KEY`` in the environment.

    :param read: turns a value of a file (TOML) or a text into the setting's; ``ValueError`` says what it takes.
    :param takes: what it takes, for people.
    :param adds: a stronger layer adds to what weaker ones say, instead of replacing it.
    :param guards: it guards against the source, so the source itself cannot set it.
    """

    key: str
    takes: str
    help: str
    read: Callable[[object, Path], Any]
    adds: bool = False
    guards: bool = False

    @property
    def attribute(self) -> str:
        """The name of the field of :class:`Settings`."""
        return self.key.replace("-", "_")

    @property
    def variable(self) -> str:
        """The name of the environment variable."""
        return ENVIRONMENT_PREFIX + self.attribute.upper()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


@dataclass(frozen=True)
class Settings:
    """The resolved settings of a run; the table below says what each means."""

    impls: tuple[str, ...] = ()
    workdir: Path = Path(".multibuild")
    roots: Path | None = None
    destdir: Path | None = None
    sysroot: Path | None = None
    prefix: str = "/usr"
    scheme: str | None = None
    shebang: str = "{prefix}/bin/{impl}"
    scripts: str | None = None
    prefer: str | None = None
    dedupe: str = "none"
    strip: tuple[str, ...] = ()
    license_dir: str | None = None
    installer: str = "multibuild"
    filelist: str = "plain"
    reuse: str = "auto"
    abi3: bool = True
    abi3_audit: bool = False
    ext: str = "auto"
    isolation: bool = True
    sandbox: str = "off"
    build_constraint: tuple[Path, ...] = ()
    config_settings: ConfigSettings = field(default_factory=dict)
    patch: tuple[tuple[str, Path], ...] = ()
    prepare: tuple[tuple[str, str], ...] = ()
    source_for: tuple[tuple[str, Path], ...] = ()
    exclude: tuple[Path, ...] = ()
    qa: str = "off"
    qa_rules: tuple[str, ...] = ()
    qa_tool: str = "auto"
    qa_accept: Acceptances = ()
    jobs: int = field(default_factory=_cores)
    timeout: float | None = None
    max_size: int = DEFAULT_SIZE
    max_ratio: float = DEFAULT_RATIO
    wheel_names: str = "portable"
    compile: tuple[int, ...] = (0, 1)
    invalidation_mode: str = "timestamp"
    all_modules: bool = False
    deps: bool = False
    check_allow: tuple[AllowedImport, ...] = ()
    check_off: tuple[str, ...] = ()
    check_timeout: float = 60.0
    report: Path | None = None
    report_html: Path | None = None
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    progress: bool = True
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Which layer each value that is no default came from, by key."""


def _choice(*choices: str) -> Callable[[object, Path], str]:
    def read(value: object, _folder: Path) -> str:
        if not isinstance(value, str) or value not in choices:
            near = _nearest(str(value), choices)
            raise ValueError(f"it takes {_listed(choices)}" + (f"; did you mean {near!r}?" if near else ""))
        return value

    return read


def _listed(choices: Sequence[str]) -> str:
    return " or ".join([", ".join(choices[:-1]), choices[-1]])


_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "": False, "0": False, "false": False, "no": False}
_BOOLEANS["off"] = False


def _boolean(value: object, _folder: Path) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise ValueError("it takes true or false")


def _reuse(value: object, folder: Path) -> str:
    """Read a mode; a host's on/off switch is understood too."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _BOOLEANS):
        return "auto" if _boolean(value, folder) else "never"
    return _choice("auto", "tags", "never")(value, folder)


def _ext(value: object, folder: Path) -> str:
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _BOOLEANS):
        return "yes" if _boolean(value, folder) else "no"
    return _choice("auto", "yes", "no")(value, folder)


def _qa(value: object, folder: Path) -> str:
    """Read a mode; a host's on/off switch is understood too."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _BOOLEANS):
        return "warn" if _boolean(value, folder) else "off"
    return _choice("off", "warn", "fail")(value, folder)


def _sandbox(value: object, folder: Path) -> str:
    """Read a mode; a host's on/off switch is understood too."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _BOOLEANS):
        return "on" if _boolean(value, folder) else "off"
    return _choice("auto", "on", "off")(value, folder)


def _acceptances(value: object, _folder: Path) -> Acceptances:
    """Read tables of a file, or the same as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"it takes tables, or a JSON list of objects: {error}") from error
    from pep517_multi.acceptance import parse_all

    return parse_all(value)


def _path(value: object, folder: Path) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("it takes a path")
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(f"it takes a path ({error})") from error


def _texts(value: object, _folder: Path) -> tuple[str, ...]:
    """Read a list, or a text with commas or blanks between the items."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(part for item in value for part in item.replace(",", " ").split())
    raise ValueError("it takes a list of texts")


def _paths(value: object, folder: Path) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = value.split()
    if isinstance(value, list | tuple):
        return tuple(_path(item, folder) for item in value)
    raise ValueError("it takes a list of paths")


def _text(value: object, _folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it takes a text")
    return value


def _text_or_none(value: object, _folder: Path) -> str:
    if not isinstance(value, str) or "\n" in value:
        raise ValueError("it takes a text of one line, which may be empty")
    return value


def _several(*choices: str) -> Callable[[object, Path], tuple[str, ...]]:
    read = _choice(*choices)

    def several(value: object, folder: Path) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read(item, folder) for item in _texts(value, folder)))

    return several


STRIP_SETS = ("licenses", "record", "direct-url", "nspkg", "tests")
STRIPPED_BY_HOSTS: Mapping[str, tuple[str, ...]] = {
    "rpm": ("record", "direct-url"),
    "gentoo": ("licenses", "record", "direct-url", "nspkg"),
    "debian": ("licenses", "record", "direct-url"),
}
"""Host → the sets that its own Python packages do without."""


def _strip(value: object, folder: Path) -> tuple[str, ...]:
    named = _several(*STRIP_SETS, *STRIPPED_BY_HOSTS)(value, folder)
    return tuple(dict.fromkeys(each for name in named for each in STRIPPED_BY_HOSTS.get(name, (name,))))


def _prefix(value: object, _folder: Path) -> str:
    if not isinstance(value, str) or not value.startswith("/") or ".." in value.split("/"):
        raise ValueError("it takes an absolute path such as /usr")
    return "/" + value.strip("/")


def _shebang(value: object, folder: Path) -> str:
    template = _text(value, folder)
    try:
        template.format(impl="", prefix="")
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError("it takes a path in which {impl} and {prefix} are replaced") from error
    if "\n" in template:
        raise ValueError("it takes a single line")
    return template.removeprefix("#!")


def _jobs(value: object, _folder: Path) -> int:
    number = _number(value)
    if number < 1 or number != int(number):
        raise ValueError("it takes a whole number from 1")
    return int(number)


_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def _bytes(value: object, _folder: Path) -> int:
    """Read a number of bytes, or a text with a unit of 1024: ``500M``, ``4 GiB``."""
    matched = re.fullmatch(r"([0-9.]+) ?([kmgt]?)(?:i?b)?", str(value).strip().lower())
    number = _number(matched[1]) * _UNITS[matched[2]] if matched else 0
    if number < 1:
        raise ValueError("it takes a number of bytes such as 4G")
    return int(number)


def _ratio(value: object, _folder: Path) -> float:
    number = _number(value)
    if number < 1:
        raise ValueError("it takes a number from 1")
    return number


def _seconds(value: object, _folder: Path) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError("it takes a number of seconds above 0")
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("it takes a number")  # noqa: TRY004 - a value of a file is wrong, not a type of ours
    try:
        number = float(value)
    except ValueError:
        raise ValueError("it takes a number") from None
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN is the one that differs
        raise ValueError("it takes a finite number")
    return number


def _levels(value: object, _folder: Path) -> tuple[int, ...]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, str):
        value = [] if value.strip() == "none" else value.replace(",", " ").split()
    if isinstance(value, list) and all(str(level) in {"0", "1", "2"} for level in value):
        return tuple(sorted({int(level) for level in value}))
    raise ValueError("it takes levels out of 0, 1 and 2 such as 0,1, or none")


def _config_settings(value: object, _folder: Path) -> ConfigSettings:
    """Read a table, a JSON object, or ``KEY=VALUE`` items, of which repeated keys make a list."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"it takes a JSON object: {error}") from error
    if isinstance(value, Mapping):
        settings = {str(key): _config_value(item) for key, item in value.items()}
        return dict(sorted(settings.items()))
    raise ValueError("it takes a table of texts or lists of texts")


def _config_value(value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    raise ValueError("it takes a table of texts or lists of texts")


def _by_spec(read: Callable[[object, Path], Any]) -> Callable[[object, Path], Any]:
    """Read ``SPEC=VALUE`` texts, or a table of specs with one value or several each, into pairs."""

    def pairs(value: object, folder: Path) -> tuple[tuple[str, Any], ...]:
        if isinstance(value, str):
            value = value.splitlines()
        if isinstance(value, Mapping):
            several = [(spec, item if isinstance(item, list) else [item]) for spec, item in value.items()]
            return tuple((str(spec), read(item, folder)) for spec, items in several for item in items)
        if isinstance(value, list):
            split = [str(text).partition("=") for text in value]
            if all(spec and separator for spec, separator, _ in split):
                return tuple((spec, read(item, folder)) for spec, _, item in split)
        raise ValueError("it takes SPEC=VALUE, or a table of specs")

    return pairs


_ALLOWED_KEYS = ("module", "error", "reason", "package", "impl")


def _allowed_imports(value: object, _folder: Path) -> tuple[AllowedImport, ...]:
    """Read ``[[check.allow]]`` tables, or the same as a JSON array."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"it takes a JSON array: {error}") from error
    if not isinstance(value, list):
        raise ValueError("it takes tables with module, reason and perhaps error, package, impl")  # noqa: TRY004 - a value of a file
    return tuple(map(_allowed, value))


def _allowed(entry: object) -> AllowedImport:
    if not isinstance(entry, Mapping) or not all(isinstance(text, str) and text for text in entry.values()):
        raise ValueError("each is a table of texts")
    if not {"module", "reason"} <= set(entry) <= set(_ALLOWED_KEYS):
        keys = ", ".join(entry) or "nothing"
        raise ValueError(f"each has module, reason and perhaps error, package, impl; this one has {keys}")
    return AllowedImport(**{"error": "", **entry})


SETTINGS: tuple[Setting, ...] = (
    Setting("impls", "SPEC…", "which implementations; all installed ones by default", _texts),
    Setting("workdir", "DIR", "wheels, logs, state and default roots", _path),
    Setting("roots", "DIR", "one staging root per implementation, DIR/<name>; <workdir>/roots by default", _path),
    Setting("destdir", "DIR", "one image with all implementations, instead of roots", _path),
    Setting("sysroot", "DIR", "build for the Python in this root of another machine, from its sysconfig data", _path),
    Setting("prefix", "DIR", "install prefix", _prefix),
    Setting("scheme", "NAME", "install scheme; rpm_prefix if the target has it, else posix_prefix, by default", _text),
    Setting("shebang", "TEMPLATE", "interpreter of scripts; {impl} and {prefix} are replaced", _shebang),
    Setting(
        "scripts",
        "POLICY",
        "same-named scripts of several implementations: plain, suffix, python-exec or separate; by default suffix in "
        "an image, else plain",
        _choice("plain", "suffix", "python-exec", "separate"),
    ),
    Setting("prefer", "SPEC", "whose scripts have the plain names; the newest CPython's by default", _text),
    Setting(
        "dedupe",
        "none|hard|symlink",
        "link modules that implementations have in common, and levels of bytecode that do not differ",
        _choice("none", "hard", "symlink"),
    ),
    Setting(
        "strip",
        "SET…",
        "leave out licenses, record, direct-url, nspkg, tests, or what a host does without: rpm, gentoo, debian",
        _strip,
    ),
    Setting("license-dir", "DIR", "put licences here, as installed; {name} and {impl} are replaced", _text),
    Setting("installer", "NAME", "what INSTALLER says; no such file if empty", _text_or_none),
    Setting("filelist", "plain|rpm|json", "files: the format of the list", _choice("plain", "rpm", "json")),
    Setting("reuse", "auto|tags|never", "reuse where it is known to be right, where the tags fit, or never", _reuse),
    Setting("abi3", "true|false", "share stable-ABI wheels", _boolean),
    Setting("abi3-audit", "true|false", "share stable-ABI wheels only if abi3audit finds nothing in them", _boolean),
    Setting(
        "ext", "auto|yes|no", "whether the project builds extension modules; by default found from the source", _ext
    ),
    Setting("isolation", "true|false", "fresh build environments, or what the interpreter already has", _boolean),
    Setting(
        "sandbox",
        "auto|on|off",
        "run build backends without a network, with nothing to write to but what is theirs; auto: where it can be done",
        _sandbox,
    ),
    Setting("build-constraint", "FILE…", "constraints on what is installed into build environments", _paths),
    Setting("config-settings", "KEY=VALUE", "settings for the build backend", _config_settings),
    Setting("patch", "SPEC=FILE", "patch the source of the implementations that SPEC means", _by_spec(_path)),
    Setting("prepare", "SPEC=COMMAND", "run a shell command in the source of those that SPEC means", _by_spec(_text)),
    Setting("source-for", "SPEC=DIR", "another source for the implementations that SPEC means", _by_spec(_path)),
    Setting("exclude", "PATH…", "what lies in the source and is no part of it: other tools' output", _paths, adds=True),
    Setting("qa", "off|warn|fail", "build again for those who reuse a wheel, and compare", _qa),
    Setting(
        "qa-rules", "[-]NAME…", "which rules of normalisation to apply besides the usual, or not to", _texts, adds=True
    ),
    Setting(
        "qa-tool",
        "auto|builtin|diffoscope",
        "what shows differences at length: diffoscope for stable-ABI modules where it is there, nothing, or it for all",
        _choice("auto", "builtin", "diffoscope"),
    ),
    Setting("qa-accept", "TABLES", "differences that are accepted, each with its reason", _acceptances, adds=True),
    Setting("jobs", "N", "how much is done at the same time; all cores by default", _jobs),
    Setting("timeout", "SECONDS", "limit for one call of a backend; none by default", _seconds),
    Setting("max-size", "SIZE", "how many bytes a wheel or an sdist may unpack to, such as 4G", _bytes, guards=True),
    Setting(
        "max-ratio",
        "N",
        "how many times its own size a wheel or an sdist may unpack to, where that is more than 256 MiB",
        _ratio,
        guards=True,
    ),
    Setting(
        "wheel-names",
        "portable|posix",
        "names in wheels must mean the same on every system, or on POSIX alone",
        _choice("portable", "posix"),
        guards=True,
    ),
    Setting("compile", "LEVELS", "bytecode levels out of 0,1,2, or none", _levels),
    Setting(
        "invalidation-mode",
        "MODE",
        "how bytecode is checked against its source: timestamp, checked-hash or unchecked-hash",
        _choice("timestamp", "checked-hash", "unchecked-hash"),
    ),
    Setting(
        "all-modules", "true|false", "check: import every module, not only the top-level and compiled ones", _boolean
    ),
    Setting("deps", "true|false", "check: whether what is staged has what it requires", _boolean),
    Setting("check-allow", "TABLES", "check: imports that may fail, each with its reason", _allowed_imports, adds=True),
    Setting("check-off", "NAME…", "checks, or groups of them, that are switched off", _texts),
    Setting("check-timeout", "SECONDS", "check: limit for the import of one module", _seconds),
    Setting("report", "FILE", "write the report here too", _path),
    Setting("report-html", "FILE", "write the report here as an HTML page", _path),
    Setting("quiet", "true|false", "say only what went wrong", _boolean),
    Setting("verbose", "true|false", "say why", _boolean),
    Setting("color", "auto|always|never", "colours on the screen", _choice("auto", "always", "never")),
    Setting("progress", "true|false", "live progress on a terminal", _boolean),
)
BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SETTINGS}


def resolve(layers: Sequence[Layer]) -> Settings:
    """Merge ``layers``, weakest first, into settings; ``config-settings`` are merged key by key.

    :raises UsageError: a layer has an unknown key or a value that the setting does not take.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        _choose_place(layer, values)
        for key, raw in _flat(layer.values):
            setting = BY_KEY.get(key)
            if setting is None:
                raise UsageError(f"unknown setting {key!r} in {layer.name}{_did_you_mean(key, BY_KEY)}")
            try:
                value = setting.read(raw, layer.folder)
            except ValueError as error:
                raise UsageError(f"{key} in {layer.name} is {_shown(raw)}: {error}") from error
            if isinstance(value, dict):
                value = {**values.get(setting.attribute, {}), **value}
            if setting.adds:
                value = (*values.get(setting.attribute, ()), *value)
            values[setting.attribute] = value
            origins[key] = layer.name
    return Settings(**values, origins=origins)


def _flat(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield keys and values; a table that joins settings (``[qa]``: qa-rules, qa as ``mode``) is taken apart."""
    for key, value in values.items():
        if isinstance(value, Mapping) and any(known.startswith(f"{key}-") for known in BY_KEY):
            yield from ((key if part == "mode" else f"{key}-{part}", item) for part, item in value.items())
        else:
            yield key, value


def _choose_place(layer: Layer, values: dict[str, Any]) -> None:
    """Let ``roots`` of a stronger layer take the place of ``destdir`` of a weaker one, and the other way round."""
    if {"roots", "destdir"} <= layer.values.keys():
        raise UsageError(f"roots and destdir are both in {layer.name}; take one: separate roots, or a single image")
    if "roots" in layer.values:
        values.pop("destdir", None)
    if "destdir" in layer.values:
        values.pop("roots", None)


def _shown(raw: object) -> str:
    return repr(raw) if isinstance(raw, str) else json.dumps(raw, default=str)


def _did_you_mean(name: str, known: Mapping[str, object]) -> str:
    near = _nearest(name, known)
    return f" (did you mean {near!r}?)" if near else ""


def _nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return which of ``known`` looks most like ``word``, if any does."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, cutoff=cutoff)), None)


def read_toml(path: Path) -> Mapping[str, Any]:
    """Read a TOML file.

    :raises UsageError: it cannot be read, or it is no TOML.
    """
    try:
        return parse_toml(path.read_bytes(), path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def parse_toml(content: bytes, path: Path) -> Mapping[str, Any]:
    """Parse the bytes of a TOML file, which came from ``path``.

    :raises UsageError: they are no TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no valid TOML: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path} is no usable TOML: it is nested too deeply") from error


def file_layer(path: Path) -> Layer:
    """Read a configuration file of multibuild: the keys stand at its top."""
    return Layer(str(path), read_toml(path), path.parent.absolute())


def project_layer(pyproject: Mapping[str, Any], path: Path) -> Layer:
    """Take ``[tool.multibuild]`` out of a source's ``pyproject.toml``, which was read from ``path``."""
    table = pyproject.get("tool", {})
    values = table.get("multibuild", {}) if isinstance(table, Mapping) else {}
    if not isinstance(values, Mapping):
        raise UsageError(f"[tool.multibuild] in {path} must be a table")
    if guarded := sorted(key for key in values if key in BY_KEY and BY_KEY[key].guards):
        raise UsageError(
            f"{guarded[0]} in [tool.multibuild] of {path} guards against the project itself, so it cannot stand there; "
            f"give it in {FILE_NAME}, in the environment or on the command line"
        )
    return Layer(f"[tool.multibuild] of {path}", values, path.parent.absolute())


def environment_layer(environ: Mapping[str, str], folder: Path) -> Layer:
    """Take ``PEP517_MULTI_…`` out of the environment; a variable that is nearly one of ours is an error, others pass.

    Packaging hosts may have variables of their own with this prefix, so only likely typing errors are refused.
    """
    known = {setting.variable: setting.key for setting in SETTINGS}
    values = {known[name]: value for name, value in environ.items() if name in known}
    ours = {*known, CONFIG_VARIABLE, IMPL_VARIABLE, PYTHON_VARIABLE}
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in ours:
            near = _nearest(name, ours, cutoff=0.9)
            if near:
                raise UsageError(f"unknown environment variable {name} (did you mean {near}?)")
    return Layer("the environment", values, folder)


assert {setting.attribute for setting in SETTINGS} | {"origins"} == {  # noqa: S101 - the table and the type are one thing
    item.name for item in fields(Settings)
}
