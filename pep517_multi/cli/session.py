"""From what was typed to a run: settings, interpreters, source, work directory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pep517_multi import orphans
from pep517_multi.cli.options import command_line
from pep517_multi.containment import Redaction
from pep517_multi.errors import MultibuildError, UsageError
from pep517_multi.events import Note
from pep517_multi.process import LocalRunner, inherited_environment
from pep517_multi.settings import (
    CONFIG_VARIABLE,
    FILE_NAME,
    Settings,
    environment_layer,
    file_layer,
    parse_toml,
    project_layer,
    read_toml,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pep517_multi.events import Observer
    from pep517_multi.interpreters import Finder
    from pep517_multi.pipeline.run import Run
    from pep517_multi.pipeline.workdir import WorkDirectory
    from pep517_multi.settings import Layer
    from pep517_multi.sources.tree import SourceTree

_LINKS_SHOWN = 5
APPLICATION = "pep517-multi"


def settings_of(given: Mapping[str, Any], source: Path | None = None) -> Settings:
    """Resolve the settings of a command: site file, project, ``--config``, environment, command line.

    :param source: the source directory whose ``pyproject.toml`` may have a table of ours.
    """
    try:
        folder = Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the current directory is gone; change to one that is there") from error
    environ = inherited_environment()
    layers: list[Layer] = []
    site = _site_file()
    if site.is_file():
        layers.append(file_layer(site))
    if source is not None and (pyproject := source / "pyproject.toml").is_file():
        layers.append(_project(pyproject))
    if source is not None and source.is_file():
        layers.append(_archived_project(source))
    if config := given.get("config") or environ.get(CONFIG_VARIABLE):
        layers.append(file_layer(folder / Path(config).expanduser()))
    layers += [environment_layer(environ, folder), command_line(given, folder)]
    return resolve(layers)


def _site_file() -> Path:
    from platformdirs import site_config_path

    return site_config_path(APPLICATION) / FILE_NAME


def _project(pyproject: Path) -> Layer:
    try:
        table = read_toml(pyproject)
    except UsageError:
        # Whoever reads it for the build says what is wrong with it, and says it better.
        table = {}
    return project_layer(table, pyproject)


def _archived_project(sdist: Path) -> Layer:
    """Read the table of an sdist; relative paths in it are relative to where the sdist lies."""
    from pep517_multi.sources.archive import read_pyproject

    try:
        table = parse_toml(read_pyproject(sdist), sdist)
    except MultibuildError:
        # Whoever unpacks and reads it for the build says what is wrong with it, and says it better.
        table = {}
    layer = project_layer(table, sdist)
    return replace(layer, name=f"[tool.multibuild] of pyproject.toml in {sdist}")


def runner_of() -> LocalRunner:
    """Return what runs commands, and writes no secret of the environment or of installers' settings into a log."""

    def texts() -> tuple[str, ...]:
        from pep517_multi.backends.pip_settings import texts_of_installers

        return tuple(texts_of_installers(environ))

    environ = inherited_environment()
    return LocalRunner(Redaction(environ, texts))


def finder_of(runner: LocalRunner) -> Finder:
    """Return what finds interpreters, its cache in the user's cache directory."""
    from platformdirs import user_cache_path

    from pep517_multi.interpreters import Finder

    folder = user_cache_path(APPLICATION) / "interpreters"
    # Without HOME, for a user whom the system does not know, it would lie in the current directory.
    return Finder(runner, inherited_environment(), folder if folder.is_absolute() else None)


def work_directory_of(settings: Settings) -> WorkDirectory:
    """Return the work directory, by its absolute path."""
    from pep517_multi.pipeline.workdir import WorkDirectory

    return WorkDirectory(settings.workdir.absolute())


def run_of(settings: Settings, *, runner: LocalRunner, observer: Observer) -> Run:
    """Find the interpreters and join everything that a phase needs.

    :raises InterpreterError: an implementation that was asked for is not there.
    """
    from pep517_multi.interpreters.spec import Spec
    from pep517_multi.pipeline.run import Run

    work = work_directory_of(settings)
    environ = inherited_environment()
    named = bool(settings.impls) and "all" not in settings.impls
    finder = finder_of(runner)
    if distrusted := finder.distrusted:
        observer(Note(f"what interpreters are is not remembered: {distrusted}", level="warning"))
    interpreters = finder.select(settings.impls)
    if settings.sysroot is not None:
        from pep517_multi.interpreters.sysroots import select_in_sysroot

        interpreters = select_in_sysroot(
            interpreters, settings.sysroot.absolute(), prefix=settings.prefix, environ=environ, named=named
        )
    return Run(
        settings=settings,
        interpreters=interpreters,
        work=work,
        runner=runner,
        environ=orphans.marked(environ, work.path),
        observer=observer,
        named=named,
        prefer=Spec.parse(settings.prefer) if settings.prefer else None,
    )


def open_for(run: Run, source: Path, *, imports: bool = True) -> SourceTree:
    """Read the source of a run; an sdist is unpacked into the work directory.

    :param imports: whether an interpreter may import the backend meanwhile.
    """
    from pep517_multi.sources.opening import open_source

    run.work.refuse_source(source)
    for path in run.settings.build_constraint:
        if not path.is_file():
            raise UsageError(f"there is no build constraint {path}; give the path of a file")
    tree = open_source(
        source,
        unpack_to=run.work.sources / "sdist",
        work_directory=run.work.path,
        outputs=run.outputs[1:],
        begun=partial(run.expect_build, imports=imports),
        limits=run.limits,
    )
    if tree.links_out:
        shown = ", ".join(tree.links_out[:_LINKS_SHOWN]) + (", …" if len(tree.links_out) > _LINKS_SHOWN else "")
        run.observer(Note(f"links in the source lead out of it, and do so in its copies: {shown}", level="warning"))
    return tree
