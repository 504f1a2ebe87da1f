"""What is killed: scenes, each a run on a work directory in a known state, and what has to hold after it was killed."""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251 - what is killed must be a process of our own
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kill_judging import State, look, strays
from kill_trees import write_tree
from killed import ASKED
from killed import kill as kill_process

from pep517_multi import files, orphans
from pep517_multi.cli.endings import INTERRUPTED
from pep517_multi.process import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KILLED = Path(__file__).with_name("killed.py")
_FOREIGN = "usr/share/foreign/data"
_MOMENT = "1600000000"


@dataclass(frozen=True)
class Scene:
    """One run of ``arguments`` on the tree of ``package`` after runs of ``before``.

    :param before: what the state that it begins in was made by; each a command line and the content of the tree then.
    :param merges: it merges into an image that has files of others in it.
    """

    name: str
    package: str
    arguments: tuple[str, ...]
    before: tuple[tuple[tuple[str, ...], int], ...] = ()
    merges: bool = False

    def __str__(self) -> str:
        return f"{self.name} of {self.package}"


def scenes(packages: Sequence[str]) -> list[Scene]:
    """Return the scenes for ``packages``: the whole job, each phase, and the whole job over an older one."""
    here = "--no-isolation"  # the packages require nothing, and environments are the slowest of all
    job, build, qa, install = ("--qa", "warn", here), ("build", here), ("qa", "--qa", "warn", here), ("install",)
    merge = ("install", "--destdir", "{place}/image")
    return [
        scene
        for package in packages
        for scene in (
            Scene("job", package, job),
            Scene("build", package, build),
            Scene("qa", package, qa, ((build, 1),)),
            Scene("install", package, install, ((build, 1), (install, 1))),
            Scene("again", package, job, ((job, 0),)),
            Scene("merge", package, merge, ((build, 0), (merge, 0), (build, 1)), merges=True),
        )
    ]


@dataclass(frozen=True)
class Kill:
    """When: before a step, or after some seconds; and whom: the driver, or all its children as well.

    :param signals: instead of a kill, what the driver is asked with to end in order: ``SIGINT``, or ``SIGINT+SIGTERM``
        for one more while it clears up. Only before a step.
    """

    step: int = 0
    seconds: float = 0.0
    tree: bool = False
    signals: str = ""

    def __str__(self) -> str:
        when = f"before step {self.step}" if self.step else f"after {self.seconds:.2f} s"
        return f"{when}, {self.signals or ('with all its children' if self.tree else 'alone')}"

    @property
    def whom(self) -> str:
        """What ``killed.py`` is told."""
        return self.signals or ("tree" if self.tree else "driver")


@dataclass(frozen=True)
class Rehearsed:
    """How a scene goes when nobody kills it."""

    before: State
    after: State
    steps: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What came of a kill: ``how`` it hit, and what is wrong."""

    how: str
    problems: tuple[str, ...]


@dataclass
class Bench:
    """Where runs are killed, always in the same place, so that paths in what is built are the same."""

    folder: Path
    interpreters: tuple[Path, ...]
    slowest: float = 0.0
    """Seconds from a signal to the end of the run."""
    _rehearsed: dict[Scene, Rehearsed] = field(default_factory=dict)

    @property
    def place(self) -> Path:
        """Where the current scene plays."""
        return self.folder / "place"

    def rehearse(self, scene: Scene) -> Rehearsed:
        """Play ``scene`` to its end, once."""
        if scene not in self._rehearsed:
            self._make_ready(scene)
            shutil.copytree(self.place, self._stock(scene), symlinks=True)
            before, began = look(self.place), time.monotonic()
            steps = int(self._run(scene, "0", "driver").splitlines()[-1])
            self._rehearsed[scene] = Rehearsed(before, look(self.place), steps, time.monotonic() - began)
        return self._rehearsed[scene]

    def attempt(self, scene: Scene, kill: Kill) -> Outcome:
        """Play ``scene``, kill it, look at what is there, play it again, and compare."""
        rehearsed = self.rehearse(scene)
        files.remove_tree(self.place)
        shutil.copytree(self._stock(scene), self.place, symlinks=True)
        how, told = self._play_and_kill(scene, kill)
        problems = [f"after the kill: {each}" for each in look(self.place).torn(rehearsed.before, rehearsed.after)]
        if kill.signals:
            problems += self._disorder(how, told)
        problems += self._foreign_problems(scene)
        try:
            self._run(scene, "0", "driver")
        except subprocess.CalledProcessError as error:
            return Outcome(how, (*problems, f"the second run ended with {error.returncode}: {error.stderr[-2000:]}"))
        problems += [f"after the second run: {each}" for each in look(self.place).unlike(rehearsed.after)]
        problems += [f"left over: {each}" for each in strays(self.place)]
        problems += [f"process {pid} goes on" for pid in orphans.found(self.place / "work")]
        return Outcome(how, tuple(problems))

    def _stock(self, scene: Scene) -> Path:
        return self.folder / "stock" / f"{scene.name}-{scene.package}"

    def _make_ready(self, scene: Scene) -> None:
        files.remove_tree(self.place)
        self.place.mkdir(parents=True)
        if scene.merges:
            foreign = self.place / "image" / _FOREIGN
            foreign.parent.mkdir(parents=True)
            foreign.write_text("not ours", encoding="utf-8")
        for arguments, content in scene.before:
            write_tree(self.place, scene.package, content=content)
            self._run(scene, "0", "driver", arguments)
        write_tree(self.place, scene.package)

    def _foreign_problems(self, scene: Scene) -> Iterator[str]:
        if scene.merges and (self.place / "image" / _FOREIGN).read_text(encoding="utf-8") != "not ours":
            yield "a file of another package in the image has changed"

    def _command(self, scene: Scene, step: str, whom: str, arguments: Sequence[str] = ()) -> list[str]:
        given = [one.format(place=self.place) for one in arguments or scene.arguments]
        impls = [text for path in self.interpreters for text in ("--impls", str(path))]
        common = [*impls, "--workdir", str(self.place / "work"), "--", str(self.place / scene.package)]
        python = sys.executable  # noqa: TID251 - multibuild runs in the Python of this harness
        return [python, str(_KILLED), step, whom, *given, *common]

    def _environ(self) -> dict[str, str]:
        scratch = self.folder / "scratch"  # what a killed run leaves in TMPDIR is for whoever clears that
        scratch.mkdir(parents=True, exist_ok=True)
        return {**inherited_environment(), "SOURCE_DATE_EPOCH": _MOMENT, "TMPDIR": str(scratch)}

    def _run(self, scene: Scene, step: str, whom: str, arguments: Sequence[str] = ()) -> str:
        command = self._command(scene, step, whom, arguments)
        done = subprocess.run(command, env=self._environ(), capture_output=True, text=True, check=True)
        return done.stderr

    def _disorder(self, how: str, told: str) -> Iterator[str]:
        """Say what a run that was asked to end has done wrong; one that was asked twice may leave things lying."""
        said = [line for line in told.splitlines() if not line.startswith(ASKED)]
        if how == "killed" and not said:
            return  # it had not begun to do anything, so that nothing had to be cleared up or said
        errors = [line for line in said if line.startswith("multibuild: error: ")]
        if how not in {"ended", "ended at once", "had ended"} or len(errors) != (how != "had ended"):
            yield f"it {how} and said: {told[-2000:]}"
        if "Traceback" in told or "Exception ignored" in told:
            yield f"it showed its inside: {told[-2000:]}"
        if how != "ended at once":
            yield from (f"left over after the signal: {each}" for each in strays(self.place))
        yield from (f"process {pid} goes on after the signal" for pid in orphans.found(self.place / "work"))

    def _play_and_kill(self, scene: Scene, kill: Kill) -> tuple[str, str]:
        """Answer how it ended, and what it said on standard error."""
        command = self._command(scene, str(kill.step or 10**9), kill.whom)
        with subprocess.Popen(
            command, env=self._environ(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            if not kill.step:
                try:
                    process.wait(kill.seconds)
                except subprocess.TimeoutExpired:
                    kill_process(process.pid, tree=kill.tree)
            _, told = process.communicate()
        asked = [float(line.removeprefix(ASKED)) for line in told.splitlines() if line.startswith(ASKED)]
        if process.returncode == INTERRUPTED:
            self.slowest = max(self.slowest, time.monotonic() - min(asked, default=time.monotonic()))
            return ("ended at once" if "ended at once" in told else "ended"), told
        if process.returncode == 0:
            return "had ended", told
        return ("killed" if process.returncode < 0 else f"failed with {process.returncode}"), told
