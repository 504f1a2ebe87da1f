"""The wheels of a work directory, each with its provenance, and which of them serves whom."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pep517_multi import files, state
from pep517_multi.containment import without_credentials
from pep517_multi.errors import BuildError, IntegrityError
from pep517_multi.events import Note
from pep517_multi.state import maybe, number, texts, the
from pep517_multi.wheels.decision import Builder, Built
from pep517_multi.wheels.installed import Installed
from pep517_multi.wheels.wheel import Wheel, read_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.events import Observer
    from pep517_multi.interpreters.interpreter import Interpreter

_PROVENANCE_SCHEMA = 1
_STATE = ".served.json"


@dataclass(frozen=True)
class Inputs:
    """What goes into a build besides the interpreter; wheels are shared only where all of it is the same.

    :param source: digest of the source tree.
    :param settings: everything else by name, as plain JSON values: config settings, recorded environment, isolation.
    """

    source: str
    settings: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """One digest over all inputs."""
        return hashlib.sha256(json.dumps([self.source, self.settings], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Origin:
    """One build of a wheel: who, from what, with what."""

    builder: Builder
    version: str
    inputs: Inputs
    requires: tuple[str, ...]
    packages: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Served:
    """Which wheel an implementation uses, as the build phase left it for the later ones.

    :param wheel: its path below the store; ``None`` where ``action`` is ``failed`` and ``because`` says why.
    """

    impl: str
    wheel: str | None
    sha256: str | None
    action: str
    built_by: str | None
    because: tuple[str, ...]
    inputs: str
    source: str
    seconds: Mapping[str, float]


class Store:
    """``wheels/`` of a work directory.

    Every file there is whole, and has its provenance beside it; a wheel without provenance is not the store's.
    Where two implementations made different wheels of one name, each lies in ``wheels/<impl>/``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[tuple[str, int, int], Wheel] = {}

    def wheels(self) -> tuple[Built, ...]:
        """Return every wheel that has its provenance, in the order of their names.

        :raises IntegrityError: a wheel is no longer what its provenance says.
        """
        return tuple(built for built, _ in self._entries())

    def strangers(self) -> tuple[Path, ...]:
        """Return the wheels that lie here without provenance: dropped by hand, not built here."""
        found = sorted(self.folder.glob("*.whl")) + sorted(self.folder.glob("*/*.whl"))
        return tuple(path for path in found if not _provenance(path).exists())

    def add(self, made: Path, interpreter: Interpreter, origin: Origin) -> Built:
        """Take a wheel that ``interpreter`` has just built into the store, and return it where it lies now.

        The same bytes built by several implementations from the same inputs are one file with several builders.
        """
        wheel = read_wheel(made)
        same_name = [entry for entry in self._entries() if entry[0].wheel.name.filename == made.name]
        for built, origins in same_name:
            if built.wheel.sha256 == wheel.sha256 and built.inputs == origin.inputs.digest:
                others = [known for known in origins if known.builder.name != origin.builder.name]
                return self._write(built.wheel, tuple(sorted([*others, origin], key=_order_of_work)))
        users = {entry.wheel: name for name, entry in self.served().items() if name != interpreter.name}
        stayed = [self._settle(built, origins, without=origin.builder, users=users) for built, origins in same_name]
        place = self.folder / interpreter.name / made.name if any(stayed) else self.folder / made.name
        place.parent.mkdir(parents=True, exist_ok=True)
        with files.explained(f"store {made.name}"):
            # At every moment each wheel has its provenance: what has none was not built here.
            place.unlink(missing_ok=True)
            built = self._write(replace(wheel, path=place), (origin,))
            temporary = files.beside(place)
            try:
                shutil.move(made, temporary)
                temporary.replace(place)
            except BaseException:
                temporary.unlink(missing_ok=True)
                _provenance(place).unlink()
                raise
        return built

    def served(self) -> Mapping[str, Served]:
        """Return what each implementation uses, as earlier phases recorded it, by canonical name."""
        try:
            return state.read(self.folder / _STATE, _served, otherwise="run multibuild clean and build again")
        except FileNotFoundError:
            return {}

    def serve(self, served: Iterable[Served], *, source: str) -> None:
        """Record what implementations use, beside what is recorded of others; what was made from other sources goes.

        What is known already stays as it is, with its reasons and times: to serve the same again changes nothing.

        :param source: digest of the sources of the run.
        """
        entries = dict(self.served())
        for entry in served:
            if entry.impl not in entries or _differs(entries[entry.impl], entry):
                entries[entry.impl] = entry
        kept = [vars(entry) for name, entry in sorted(entries.items()) if entry.source == source]
        self._write_state(kept)
        self._drop_unused({str(entry["wheel"]) for entry in kept})

    def mend(self, observer: Observer) -> None:
        """Drop what a run that was killed, or a machine that died, left damaged: it will be built again.

        Only a machine that died can have damaged anything; a process that was killed leaves at most provenance of a
        wheel that is not there yet.
        """
        if not self.folder.is_dir():
            return
        for path in [*self.folder.glob("*.whl.json"), *self.folder.glob("*/*.whl.json")]:
            wheel = path.with_suffix("")
            try:
                if wheel.exists():
                    self._load(wheel)
            except IntegrityError as error:
                observer(Note(f"{wheel} is dropped: {error}", level="warning"))
                wheel.unlink(missing_ok=True)
            if not wheel.exists():
                path.unlink()
        try:
            self.served()
        except IntegrityError as error:
            observer(Note(f"what was known of who uses which wheel is dropped: {error}", level="warning"))
            (self.folder / _STATE).unlink()
        self._drop_empty()

    def locate(self, served: Served) -> Wheel:
        """Return the wheel that ``served`` names.

        :raises BuildError: there is none, because the build failed.
        :raises IntegrityError: it is gone, or no longer what it was.
        """
        if served.wheel is None:
            raise BuildError(f"its build failed: {'; '.join(served.because)}")
        strangers = (read_wheel(path) for path in self.strangers() if path == self.folder / served.wheel)
        for wheel in (*(built.wheel for built in self.wheels()), *strangers):
            if self.relative(wheel) == served.wheel and wheel.sha256 == served.sha256:
                return wheel
        raise IntegrityError(
            f"{served.wheel}, which serves {served.impl}, is not in {self.folder}; run the build phase again"
        )

    def second_name(self, wheel: Wheel, folder: Path) -> Wheel:
        """Give a stored wheel another name below ``folder``, which stays while :meth:`add` makes room for others."""
        path = folder / wheel.sha256 / wheel.path.name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            files.link_or_copy(wheel.path, path)
        return replace(wheel, path=path)

    def current(self, built: Built) -> Built:
        """Return a stored wheel as it is now: others of its name, or other builders of it, may have come since."""
        for known in self.wheels():
            if known.wheel.sha256 == built.wheel.sha256 and known.inputs == built.inputs:
                return known
        return built

    def relative(self, wheel: Wheel) -> str:
        """Return the path of a stored wheel below the store, as reports name it."""
        return wheel.path.relative_to(self.folder).as_posix()

    def packages(self) -> Mapping[str, Mapping[str, str]]:
        """Return what each builder of the wheels here built with: canonical name → package → version."""
        return {origin.builder.name: origin.packages for _, origins in self._entries() for origin in origins}

    def _entries(self) -> Iterator[tuple[Built, tuple[Origin, ...]]]:
        for path in sorted(self.folder.glob("*.whl")) + sorted(self.folder.glob("*/*.whl")):
            if _provenance(path).exists():
                yield self._load(path)

    def _load(self, path: Path) -> tuple[Built, tuple[Origin, ...]]:
        origins, expected = _read_provenance(path)
        stat = path.stat()
        key = str(path), stat.st_size, stat.st_mtime_ns
        wheel = self._read.get(key)
        digest = wheel.sha256 if wheel else files.sha256(path)
        if digest != expected:
            raise IntegrityError(f"{path} is not the file that was built: its hash changed; delete it and build again")
        wheel = self._read[key] = wheel or read_wheel(path)
        return _built(wheel, origins), origins

    def _settle(
        self, built: Built, origins: tuple[Origin, ...], *, without: Builder, users: Mapping[str | None, str]
    ) -> bool:
        """Make room for another wheel of the same name: this one moves to the folder of another builder or user of it.

        Answers whether it stays at all: one that ``without`` alone built, and nobody else uses, gives way.

        :param users: path below the store → who uses that wheel.
        """
        remaining = tuple(origin for origin in origins if origin.builder.name != without.name)
        user = users.get(self.relative(built.wheel))
        if not remaining and user is None:
            self._remove(built)
            return False
        home = remaining[0].builder.name if remaining else user
        place = self.folder / str(home) / built.wheel.path.name
        old = built.wheel.path
        place.parent.mkdir(parents=True, exist_ok=True)
        self._write(replace(built.wheel, path=place), remaining or origins)
        if place != old:  # for a while it is in both, each whole and with its provenance
            temporary = files.beside(place)
            files.link_or_copy(old, temporary)
            temporary.replace(place)
            self._repoint(old.relative_to(self.folder).as_posix(), place.relative_to(self.folder).as_posix())
            self._remove(built)
        return True

    def _repoint(self, old: str, new: str) -> None:
        entries = [vars(replace(entry, wheel=new) if entry.wheel == old else entry) for entry in self.served().values()]
        self._write_state(entries)

    def _write_state(self, entries: Sequence[Mapping[str, object]]) -> None:
        path, data = self.folder / _STATE, json.dumps(entries, indent=1, sort_keys=True).encode() + b"\n"
        with files.explained(f"record in {path} which wheel serves whom"):
            if not path.exists() or path.read_bytes() != data:
                files.write_whole(path, data)

    def _write(self, wheel: Wheel, origins: tuple[Origin, ...]) -> Built:
        document = {
            "schema": _PROVENANCE_SCHEMA,
            "wheel": wheel.name.filename,
            "sha256": wheel.sha256,
            "built": [_plain(origin) for origin in origins],
        }
        text = json.dumps(document, indent=1, sort_keys=True)
        files.write_whole(_provenance(wheel.path), text.encode() + b"\n")
        return _built(wheel, origins)

    @staticmethod
    def _remove(built: Built) -> None:
        built.wheel.path.unlink()
        _provenance(built.wheel.path).unlink()

    def _drop_unused(self, used: set[str]) -> None:
        for built in self.wheels():
            if self.relative(built.wheel) not in used:
                self._remove(built)
        self._drop_empty()

    def _drop_empty(self) -> None:
        for folder in self.folder.iterdir():
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _differs(one: Served, other: Served) -> bool:
    return replace(one, because=(), seconds={}) != replace(other, because=(), seconds={})


def _provenance(wheel: Path) -> Path:
    return wheel.with_name(f"{wheel.name}.json")


def _built(wheel: Wheel, origins: tuple[Origin, ...]) -> Built:
    return Built(wheel, tuple(origin.builder for origin in origins), origins[0].inputs.digest)


def _plain(origin: Origin) -> dict[str, Any]:
    installed = origin.builder.installed
    return {
        "by": origin.builder.name,
        "abi_family": origin.builder.abi_family,
        "identity": origin.builder.identity,
        "python": list(origin.builder.python),
        "version": origin.version,
        "source": origin.inputs.source,
        "settings": origin.inputs.settings,
        "requires": list(map(without_credentials, origin.requires)),
        "packages": dict(origin.packages),
        "seconds": round(origin.seconds, 3),
        **({"installed": {"path": installed.path, "packages": installed.packages}} if installed is not None else {}),
    }


def _origin(plain: Mapping[str, Any]) -> Origin:
    major, minor = (the(int, part) for part in plain["python"])
    return Origin(
        builder=Builder(
            the(str, plain["by"]),
            the(str, plain["abi_family"]),
            (major, minor),
            the(str, plain["identity"]),
            _installed(the(dict, plain["installed"])) if "installed" in plain else None,
        ),
        version=the(str, plain["version"]),
        inputs=Inputs(the(str, plain["source"]), the(dict, plain["settings"])),
        requires=texts(plain["requires"]),
        packages={name: the(str, version) for name, version in the(dict, plain["packages"]).items()},
        seconds=number(plain["seconds"]),
    )


def _installed(plain: Mapping[str, Any]) -> Installed:
    packages = ((the(str, name), the(str, place), the(str, digest)) for name, place, digest in plain["packages"])
    return Installed(texts(plain["path"]), tuple(packages))


def _served(plain: object) -> dict[str, Served]:
    served = (
        Served(
            impl=the(str, entry["impl"]),
            wheel=maybe(str, entry["wheel"]),
            sha256=maybe(str, entry["sha256"]),
            action=the(str, entry["action"]),
            built_by=maybe(str, entry["built_by"]),
            because=texts(entry["because"]),
            inputs=the(str, entry["inputs"]),
            source=the(str, entry["source"]),
            seconds=the(dict, entry["seconds"]),
        )
        for entry in the(list, plain)
    )
    return {entry.impl: entry for entry in served}


def _order_of_work(origin: Origin) -> tuple[bool, str, tuple[int, int]]:
    family = origin.builder.abi_family
    return not family.startswith("cpython"), family, origin.builder.python


def _read_provenance(path: Path) -> tuple[tuple[Origin, ...], str]:
    def understand(document: Mapping[str, Any]) -> tuple[tuple[Origin, ...], str]:
        state.schema(document["schema"], _PROVENANCE_SCHEMA)
        origins = tuple(map(_origin, the(list, document["built"])))
        if not origins:
            raise ValueError("nobody has built it")
        return origins, the(str, document["sha256"])

    return state.read(_provenance(path), understand, otherwise=f"delete {path.name} and build again")
