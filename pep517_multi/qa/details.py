"""Longer comparisons: what diffoscope says of differing files, kept in the work directory and linked from findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pep517_multi import files
from pep517_multi.qa.diffoscope import Diffoscope, DiffoscopeError, find_diffoscope, required_diffoscope
from pep517_multi.wheels.trees import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pep517_multi.findings import Finding, QaReport
    from pep517_multi.process import Runner
    from pep517_multi.wheels.differences import Difference


@dataclass(frozen=True)
class Details:
    """Adds longer comparisons to findings.

    :param diffoscope: ``None`` where there is none, or none is wanted.
    :param everything: of all that differs; else of modules for the stable ABI only.
    :param base: what the paths in findings are relative to.
    """

    diffoscope: Diffoscope | None
    everything: bool
    base: Path

    @classmethod
    def chosen(cls, tool: str, *, runner: Runner, environ: Mapping[str, str], base: Path) -> Details:
        """Read the setting ``qa-tool``.

        :raises UsageError: diffoscope is asked for, and is not there.
        """
        everything = tool == "diffoscope"
        found = required_diffoscope(environ) if everything else find_diffoscope(environ) if tool == "auto" else None
        return cls(Diffoscope(found, runner, environ) if found else None, everything, base)

    def add(
        self, report: QaReport, differences: Sequence[Difference], *, folder: Path, trees: tuple[Path, Path]
    ) -> QaReport:
        """Let diffoscope compare, and link what it wrote from the findings of the same files.

        :param folder: where its reports go.
        :param trees: both installed; compared as a whole where everything is wanted and they are there.
        """
        if self.diffoscope is None or not report.findings:
            return report
        links: dict[str, tuple[str, ...]] = {}
        try:
            whole: tuple[str, ...] = ()
            if self.everything and all(tree.is_dir() for tree in trees):
                whole = self._written(trees[0], trees[1], folder / "diffoscope")
            for number, difference in enumerate(self._modules(differences)):
                pair = _extracted(difference, folder / "modules" / str(number))
                links[difference.aspect.file] = self._written(*pair, folder / f"diffoscope-{number}")
        except DiffoscopeError as error:
            return replace(report, findings=tuple(_remarked(report.findings, str(error))))
        finally:
            files.remove_tree(folder / "modules")
        return replace(report, findings=tuple(_linked(report.findings, links, whole)))

    def _modules(self, differences: Iterable[Difference]) -> Iterator[Difference]:
        for difference in differences:
            both = isinstance(difference.one, Blob) and isinstance(difference.other, Blob)
            if both and difference.aspect.nature == "stable-abi-extension" and difference.aspect.kind == "bytes":
                yield difference

    def _written(self, one: Path, other: Path, report: Path) -> tuple[str, ...]:
        if self.diffoscope is None:
            return ()
        return tuple(
            path.relative_to(self.base).as_posix() for path in self.diffoscope.compare(one, other, report=report)
        )


def _extracted(difference: Difference, folder: Path) -> tuple[Path, Path]:
    """Write both sides of a difference under the file's own name, which is what diffoscope shows."""
    name = difference.aspect.file.rpartition("/")[2].replace("{", "").replace("}", "")
    paths = folder / "one" / name, folder / "other" / name
    for path, value in zip(paths, (difference.one, difference.other), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value.read() if isinstance(value, Blob) else b"")
    return paths


def _linked(
    findings: Iterable[Finding], links: Mapping[str, tuple[str, ...]], whole: tuple[str, ...]
) -> Iterator[Finding]:
    for finding in findings:
        yield replace(finding, details=(*finding.details, *links.get(finding.file, ()), *whole))


def _remarked(findings: Iterable[Finding], remark: str) -> Iterator[Finding]:
    for finding in findings:
        yield replace(finding, message=f"{finding.message} ({remark})")
