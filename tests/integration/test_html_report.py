"""The page as people see it, in a real browser; and as a run writes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import browser as browsers
import pytest
import sample_reports
from command_line import impls, multibuild, snapshot, targets

from pep517_multi.reports.html import comparison, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import PackageCopy

CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
FOLLOW = """
[...document.querySelectorAll("a")].filter((link) => {
  link.click();
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const box = target && target.getBoundingClientRect();
  return !box || box.top >= innerHeight || box.bottom <= 0 || !target.matches(":target");
}).map((link) => link.outerHTML)
"""
ALL = (*sample_reports.KINDS, *sample_reports.COMPARED)
FOLDED = '[...document.querySelectorAll("details article")].map((one) => one.checkVisibility())'

DRAWN = '[...document.querySelectorAll("svg")].filter((one) => one.checkVisibility()).map((one) => one.classList[0])'


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsers.Browser]:
    program = browsers.program()
    if program is None:
        pytest.skip("needs a browser (Debian: chromium)")
    with browsers.started(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {kind: render(make()) for kind, make in sample_reports.KINDS.items()}
    texts |= {kind: comparison.render(compared) for kind, compared in sample_reports.COMPARED.items()}
    pages = {kind: folder / f"{kind}.html" for kind in texts}
    for kind, page in pages.items():
        page.write_text(texts[kind], encoding="utf-8")
    return pages


@pytest.mark.parametrize("kind", ALL)
def test_everything_fits_and_can_be_read(browser: browsers.Browser, pages: dict[str, Path], kind: str) -> None:
    browser.open(pages[kind])
    found = {}
    for width in (1280, 800, 420, 320):
        for dark in (False, True):
            browser.look(width=width, dark=dark)
            found[width, dark] = browser.ask(CHECKS)
    assert not {where: sentences for where, sentences in found.items() if sentences}


@pytest.mark.parametrize("kind", ALL)
def test_paper_is_wide_enough_and_shows_what_is_folded_away(
    browser: browsers.Browser, pages: dict[str, Path], kind: str
) -> None:
    browser.open(pages[kind])
    browser.look(width=718, medium="print")  # A4 with the margins of a browser
    assert browser.ask(CHECKS) == []
    assert all(browser.ask(FOLDED))


@pytest.mark.parametrize("kind", ALL)
def test_every_link_leads_to_what_it_names(browser: browsers.Browser, pages: dict[str, Path], kind: str) -> None:
    browser.open(pages[kind])
    browser.look(width=1280)
    assert browser.ask(FOLLOW) == []


def test_the_picture_is_drawn_once_for_each_width(browser: browsers.Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["pure"])
    browser.look(width=1280)
    assert browser.ask(DRAWN) == ["wide"]
    browser.look(width=420)
    assert browser.ask(DRAWN) == ["narrow"]


def test_a_browser_sees_no_markup_in_names_and_fetches_nothing(
    browser: browsers.Browser, pages: dict[str, Path]
) -> None:
    browser.open(pages["hostile"])
    assert browser.ask('document.querySelectorAll("script, img, [onerror]").length') == 0
    assert browser.ask("document.title").startswith(sample_reports.HOSTILE)
    assert [url for url in browser.requested() if not url.startswith("data:")] == [pages["hostile"].as_uri()]


def test_a_run_writes_the_page_where_it_was_asked_for(package: PackageCopy, tmp_path: Path) -> None:
    name = next(iter(targets()))
    ran = multibuild(
        package("intree-backend"), "--report-html", tmp_path / "out" / "page.html", *impls(name), workdir=tmp_path / "w"
    )
    assert ran.returncode == 0
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert ran.report["source"]["digest"] in page
    assert f"{ran.impls[name]['wheel']}: built by {name}." in page


def test_reports_inside_the_source_are_no_part_of_it(package: PackageCopy, tmp_path: Path) -> None:
    source, workdir = package("intree-backend"), tmp_path / "w"
    places: list[str | Path] = ["--report", source / "report.json", "--report-html", source / "report.html"]
    names = impls(next(iter(targets())))
    first = multibuild(source, *places, *names, workdir=workdir)
    before = snapshot(workdir / "wheels")
    second = multibuild(source, *places, *names, workdir=workdir)
    assert first.report["source"]["digest"] == second.report["source"]["digest"]
    assert snapshot(workdir / "wheels") == before
