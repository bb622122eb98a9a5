"""Collected text in pages: escaped, isolated, nothing invisible left unseen, no link but to http and https."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.console.text import coded, duration, parse_time, safe_link, shown, size, span, time_tag

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@given(st.text(max_size=100))
def test_whatever_the_text_no_markup_comes_of_it(text: str) -> None:
    found = str(shown(text))

    inner = found.removeprefix("<bdi>").removesuffix("</bdi>")
    for tag in ("<span", "</span"):
        inner = inner.replace(tag, "")
    assert "<" not in inner


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=100))
def test_visible_text_is_shown_as_it_is(text: str) -> None:
    assert unescape(str(shown(text)).removeprefix("<bdi>").removesuffix("</bdi>")) == text


@given(st.characters(categories=["Cc", "Cf"], exclude_characters="\n\t"))
def test_what_cannot_be_seen_is_shown_by_its_number(character: str) -> None:
    found = str(shown(f"a{character}b"))

    assert character not in found
    assert f"U+{ord(character):04X}" in found


def test_a_long_text_is_cut_and_says_so() -> None:
    found = str(shown("x" * 1000, 10))

    assert "x" * 10 in found
    assert "x" * 11 not in found
    assert "1000 characters" in found


@pytest.mark.parametrize("value", [None, 3, 1.5, True, ["a"], {"a": "<b>"}, "\ud800"])
def test_any_value_can_be_shown(value: Any) -> None:
    assert str(shown(value)).startswith("<bdi>")
    str(shown(value)).encode()


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:x", "data:text/html,x", "//host", "/path", "https:", "https://",
     "http://[", "ftp://host", "java\nscript:x", "https://a\u202eb", "", None, 3, "https://" + "x" * 5000],
)  # fmt: skip
def test_no_other_link_is_followed(link: Any) -> None:
    assert safe_link(link) == ""


@pytest.mark.parametrize("link", ["https://console.aws.test/ec2?id=i-1#x", "http://10.0.0.1:8080/"])
def test_links_to_pages_are(link: str) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (5 * 1024**4, "5.0 TiB"),
        ("?", "?"),
        (None, "None"),
        (-1e308, "-8.88e+292 PiB"),
        (10**400, "inf PiB"),
        (2**50 * 999_999, "999,999 PiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_reads_best(count: Any, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.25, "250 ms"), (1.5, "1.5 s"), (90, "90 s"), (600, "10 min"), (86400, "24 h"), (864000, "10 days")],
)
def test_lengths_of_time_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_times_are_told_from_now_and_what_is_none_is_not_guessed() -> None:
    assert ">5 min ago<" in str(time_tag("2026-01-05T11:55:00.000Z", NOW))
    assert ">in 2 h<" not in str(time_tag("2026-01-05T13:00:00Z", NOW))
    assert "never" in str(time_tag("", NOW))
    assert "&lt;b&gt;" in str(time_tag("<b>", NOW))
    assert parse_time("no time") is None
    assert parse_time("0001-01-01T00:00:00+14:00") is None
    assert duration({"created_at": "2026-01-05T11:59:30Z"}, NOW) == "30 s"
    assert duration({}, NOW) == ""


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Run `inventory migrate`.", "<bdi>Run </bdi><code><bdi>inventory migrate</bdi></code><bdi>.</bdi>"),
        ("`<b>`", "<bdi></bdi><code><bdi>&lt;b&gt;</bdi></code><bdi></bdi>"),
        ("one ` alone", "<bdi>one ` alone</bdi>"),
    ],
)
def test_what_stands_between_backticks_is_code(text: str, html: str) -> None:
    assert coded(text) == html
