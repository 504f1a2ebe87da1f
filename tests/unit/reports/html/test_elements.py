from __future__ import annotations

import pytest

from pep517_multi.reports.html.elements import element, markup, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("naïve 日本語 🐍\tand\nmore", "naïve 日本語 🐍\tand\nmore", id="ordinary"),
        pytest.param("\x00\x1b[2J\x7f\x9b", "\\x00\\x1b[2J\\x7f\\x9b", id="controls"),
        pytest.param("a\u202eb\u2066c\u200bd", "a\\u202eb\\u2066c\\u200bd", id="direction and invisible"),
        pytest.param("caf\udce9", "caf\\xe9", id="undecodable byte"),
        pytest.param("\ud800", "\\ud800", id="half a character"),
        pytest.param("one\r\ntwo", "one\\x0d\ntwo", id="carriage return"),
    ],
)
def test_what_would_hide_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_text_and_attributes_are_escaped_as_far_as_html_asks_for_it() -> None:
    made = element("p", "<i>", element("b", "&"), '"', None, class_='"><script>', title=None, aria_label="<", x=1.256)
    assert markup(made) == (
        '<!DOCTYPE html>\n<p class="&quot;&gt;<script&gt;" aria-label="<" x="1.26">&lt;i&gt;<b>&amp;</b>"</p>\n'
    )
