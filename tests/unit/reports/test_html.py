from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import sample_reports

from pep517_multi.findings import Finding, QaReport
from pep517_multi.report import PHASES, EvidenceReport, ImplReport, SourceReport
from pep517_multi.reports.html import comparison, render
from pep517_multi.reports.html.elements import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

VOID = {"col", "meta", "link", "br", "hr", "img", "input"}


def rendered(kind: str) -> str:
    """Render a report, or what ``multibuild diff`` found."""
    if kind in sample_reports.COMPARED:
        return comparison.render(sample_reports.COMPARED[kind])
    return render(sample_reports.KINDS[kind]())


def data(kind: str) -> Any:  # noqa: ANN401 - JSON
    if kind in sample_reports.COMPARED:
        return asdict(sample_reports.COMPARED[kind])
    return sample_reports.KINDS[kind]().plain()


PAGES = {kind: rendered(kind) for kind in (*sample_reports.KINDS, *sample_reports.COMPARED)}


@dataclass
class Tag:
    name: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What a page holds, read by a parser that knows nothing of how it was written."""

    source: str
    tags: list[Tag] = field(default_factory=list)
    open: list[Tag] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(self.tags[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            tag.text += data

    def named(self, *names: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name in names]

    def values(self, attribute: str) -> list[str]:
        return [value for tag in self.tags if (value := tag.attributes.get(attribute)) is not None]

    @property
    def text(self) -> str:
        return self.named("body")[0].text


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(PAGES[request.param])


def test_each_element_ends_where_it_should(page: Page) -> None:
    assert page.open == []
    assert page.source.startswith("<!DOCTYPE html>\n<html")


def test_links_lead_to_places_of_the_page_that_exist_once(page: Page) -> None:
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    links = [tag.attributes["href"] or "" for tag in page.named("a")]
    assert {link.removeprefix("#") for link in links} <= set(identifiers)
    described = " ".join(page.values("aria-labelledby")).split()
    assert set(described) <= set(identifiers)


def test_nothing_is_loaded_and_no_script_is_in_it(page: Page) -> None:
    assert not page.named("script", "img", "iframe", "object", "embed", "image", "use", "base")
    assert [tag.attributes["href"] for tag in page.named("link")] == ["data:,"]
    assert not [name for tag in page.tags for name in tag.attributes if name.startswith("on") or name == "src"]
    assert not re.search(r"url\(|@import|expression\(", page.named("style")[0].text)
    policies = [tag for tag in page.named("meta") if tag.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert [tag.attributes["content"] for tag in policies] == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag.name[1]) for tag in page.named("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_headers_that_say_for_what(page: Page) -> None:
    assert len(page.named("caption")) == len(page.named("table"))
    assert {tag.attributes.get("scope") for tag in page.named("th")} <= {"col", "row"}


def test_pictures_are_told_in_words(page: Page) -> None:
    pictures = page.named("svg")
    assert {tag.attributes["role"] for tag in pictures} <= {"img"}
    assert all(tag.attributes["aria-labelledby"] for tag in pictures)


@pytest.mark.parametrize("kind", PAGES)
def test_the_same_report_gives_the_same_bytes(kind: str) -> None:
    assert rendered(kind).encode() == PAGES[kind].encode()


@pytest.mark.parametrize("kind", PAGES)
def test_every_text_of_the_report_is_on_the_page(kind: str) -> None:
    text = blank(Page(PAGES[kind]).text)
    assert [value for value in texts(data(kind)) if blank(visible(value)) not in text] == []


@pytest.mark.parametrize("part", [ImplReport, QaReport, Finding, SourceReport, EvidenceReport])
def test_the_hostile_report_has_every_text_that_a_report_can_hold(part: type) -> None:
    report = sample_reports.hostile()
    entry = report.impls[0]
    assert entry.qa is not None
    assert report.source.evidence is not None
    parts = (entry, entry.qa, entry.qa.findings[0], report.source, report.source.evidence)
    filled = next(value for value in parts if isinstance(value, part))
    kinds = {name.name: str(name.type) for name in fields(filled)}
    assert [name for name, kind in kinds.items() if "str" in kind and not getattr(filled, name)] == []


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON may hold
    """Give every text of a report; of the keys only those that are data: the names of rules."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value.get("hidden", ())
        yield from (text for item in value.values() for text in texts(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in texts(item))


def blank(text: str) -> str:
    return " ".join(text.split())


def test_markup_in_names_stays_text() -> None:
    hostile = Page(PAGES["hostile"])
    assert hostile.named("title")[0].text.count("<script>") == 2
    assert not re.search("[\x00\x1b\u202e\udcff]", hostile.source)
    assert "\\x00\\x1b[31m\\u202egpj.\\xff" in hostile.text


def test_the_style_ends_where_we_end_it() -> None:
    assert PAGES["hostile"].count("</style>") == 1


def test_the_picture_says_in_words_who_reuses_what() -> None:
    words = [tag.text for tag in Page(PAGES["stable-abi"]).named("desc")]
    told = (
        "sample-1.0-cp39-abi3-linux_x86_64.whl: built by python3.9, reused for python3.10, python3.11, python3.12. "
        "sample-1.0-pp311-pypy311_pp73-linux_x86_64.whl: built by pypy3.11."
    )
    assert words == [told, told]  # of the wide picture and of the narrow one


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param("ready", "any.whl: a ready wheel for python3.8, python3.9, pypy3.11.", id="ready"),
        pytest.param("failing", "python3.8: skipped, no wheel.", id="skipped"),
        pytest.param("failing", "python3.10: failed, no wheel.", id="failed"),
        pytest.param("elsewhere", "built by python3.8, reused for python3.10, python3.11, pypy3.11.", id="elsewhere"),
        pytest.param("quality", "pypy3.11. A fresh build differs for python3.11.", id="differs"),
        pytest.param("unstaged", "built by python3.8, reused for python3.9, python3.10, pypy3.11.", id="unstaged"),
    ],
)
def test_the_picture_tells_every_kind_of_box(kind: str, words: str) -> None:
    assert words in Page(PAGES[kind]).named("desc")[0].text


@pytest.mark.parametrize(
    ("kind", "arrows"),
    [("pure", 4), ("own", 0), ("stable-abi", 3), ("failing", 2), ("many", 10), ("ready", 0), ("elsewhere", 3)],
)
def test_an_arrow_leads_to_each_who_reuses(kind: str, arrows: int) -> None:
    heads = [tag for tag in Page(PAGES[kind]).named("path") if tag.attributes["class"] == "head"]
    assert len(heads) == 2 * arrows  # in the wide picture and in the narrow one


def test_who_reuses_what_differs_is_marked_in_the_picture() -> None:
    words = [tag.text for tag in Page(PAGES["quality"]).named("text") if tag.attributes["class"] == "word"]
    assert words == ["built", "reused", "reused", "differs", "reused", "reused"]


def test_a_crowd_is_drawn_in_rows_only() -> None:
    assert [tag.attributes["class"] for tag in Page(PAGES["crowd"]).named("svg")] == ["rows"]


def test_a_builder_that_is_not_in_the_report_is_named() -> None:
    assert "Built by an implementation that is not part of this report: python3.8." in Page(PAGES["elsewhere"]).text


def test_a_failure_stands_first_with_its_sentence_and_its_log() -> None:
    failing = Page(PAGES["failing"])
    first = failing.named("section")[0]
    assert first.attributes["id"] == "failures"
    assert sample_reports.FAILURE in first.text
    assert "/builds/sample/logs/python3.10.log" in first.text
    assert "exit 1: a build, install or check failed" in failing.named("header")[0].text


def test_a_report_without_trouble_has_no_section_about_it() -> None:
    sections = [tag.attributes["id"] for tag in Page(PAGES["pure"]).named("section")]
    assert sections == ["wheels", "time", "impls", "source"]


def test_an_empty_report_is_a_page_too() -> None:
    empty = Page(PAGES["empty"])
    assert empty.named("section", "nav") == []
    assert "exit 0: done" in empty.text


def test_bars_are_as_long_as_the_time_was() -> None:
    widths = [re.findall(r"width:([\d.]+)%", tag.attributes.get("style") or "") for tag in Page(PAGES["pure"]).tags]
    lengths = [float(width) for found in widths for width in found]
    first = sample_reports.pure().impls[0].seconds
    longest = sum(first.values())
    assert lengths[:4] == [pytest.approx(100 * value / longest, abs=0.01) for value in first.values() if value]
    assert sum(lengths[:4]) == pytest.approx(100, abs=0.05)
    assert lengths[4:6] == lengths[2:4]


def test_a_phase_that_took_no_time_has_no_column() -> None:
    columns = [tag.text for tag in Page(PAGES["pure"]).named("th") if tag.attributes["scope"] == "col"]
    assert columns[3:] == ["implementation", "share", "total", "environment", "build", "install", "bytecode"]


def test_differences_are_marked_as_removed_and_added() -> None:
    quality = Page(PAGES["quality"])
    assert {tag.text for tag in quality.named("del")} == {
        "-BUILT_WITH = (3, 8)",
        "-<b>bold</b>\t& more",
        "--- removed, and no heading",
    }
    assert {tag.text for tag in quality.named("ins")} == {"+BUILT_WITH = (3, 12)"}


def test_noise_is_folded_away_and_what_counts_is_not() -> None:
    shut = [tag for tag in Page(PAGES["quality"]).named("details") if "open" not in tag.attributes]
    folded = "".join(tag.text for tag in shut)
    assert "sample/_path.py" in folded
    assert "noise: generator" in folded
    assert "sample/version.py" not in folded


def test_of_many_findings_only_the_first_are_open() -> None:
    several = tuple(replace(sample_reports.FINDINGS["version"], file=f"sample/_{number}.py") for number in range(9))
    report = sample_reports.pure()
    entry = replace(report.impls[1], qa=QaReport("differs", several))
    folds = Page(render(replace(report, impls=(report.impls[0], entry)))).named("details")
    assert ["open" in tag.attributes for tag in folds] == [True] * 5 + [False] * 4


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        pytest.param("failing", ["failed python3.10: there is nothing to install"], id="failed"),
        pytest.param(
            "quality",
            [
                "differs python3.11: the reused wheel is not",
                "error python3.12: there was no",
                "nondeterministic pypy3.11:",
            ],
            id="QA",
        ),
        pytest.param(
            "checked", ["errors python3.8: a check found", "warnings python3.8, python3.9: a check found"], id="checks"
        ),
        pytest.param("flawless", ["ready nothing to do"], id="nothing"),
        pytest.param("pure", [], id="nobody looked"),
    ],
)
def test_the_page_begins_with_what_is_to_be_done(kind: str, told: list[str]) -> None:
    text = "".join(tag.text for tag in Page(PAGES[kind]).named("ul") if tag.attributes.get("class") == "advice")
    assert [sentence for sentence in told if sentence not in text] == []
    assert bool(text) == bool(told)


def test_a_check_that_found_the_same_for_several_is_told_once_with_all_of_them() -> None:
    found = [
        tag.text for tag in Page(PAGES["checked"]).named("article") if "checked" in (tag.attributes["class"] or "")
    ]
    (strays,) = [text for text in found if "top-level package" in text]
    assert strays.endswith("python3.8python3.9")
    assert [found[0].startswith("error"), found[-1].startswith("accepted")] == [True, True]


def test_each_verdict_has_its_row() -> None:
    rows = [tag.text for tag in Page(PAGES["quality"]).named("tr")]
    for verdict in ("identical", "benign", "differs", "error", "nondeterministic"):
        assert [row for row in rows if verdict in row]


def test_a_rule_is_counted_for_each_implementation() -> None:
    rows = [tag.text for tag in Page(PAGES["quality"]).named("tr")]
    assert "zip-times14141401" in rows
    assert "record-order22000" in rows


def test_files_without_bytecode_are_listed_once_with_all_whom_they_concern() -> None:
    report = sample_reports.pure()
    odd = tuple(replace(entry, not_compiled=("sample/_new.py",)) for entry in report.impls[:2])
    rows = [tag.text for tag in Page(render(replace(report, impls=(*odd, *report.impls[2:])))).named("tr")]
    assert rows[-1] == "sample/_new.pypython3.8python3.9"


def test_a_phase_of_a_later_schema_is_shown_by_its_key() -> None:
    report = sample_reports.pure()
    for phase in PHASES:
        seconds = {**dict.fromkeys(PHASES, 0.0), phase: 1.0}
        page = Page(render(replace(report, impls=(replace(report.impls[0], seconds=seconds),))))
        assert [tag for tag in page.named("span") if tag.attributes.get("class") == phase]


def test_a_source_of_which_nothing_is_concluded_is_described_all_the_same() -> None:
    report = sample_reports.pure()
    page = Page(render(replace(report, source=replace(report.source, evidence=None))))
    source = page.named("section")[-1].text
    assert report.source.digest is not None
    assert report.source.digest in source
    assert "Evidence" not in source
