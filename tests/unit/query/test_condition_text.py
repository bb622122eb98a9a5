"""Lines of conditions and words, as people type them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.query.condition_text import parse_condition, parse_search


@pytest.mark.parametrize(
    ("line", "conditions", "keyword"),
    [
        ("", [], ""),
        ("web  server", [], "web server"),
        ("region_code=us-east-1 web", [("region_code", "us-east-1", "eq")], "web"),
        ("data.size>0 name~db", [("data.size", 0, "gt"), ("name", "db", "contain")], ""),
        ('name="two words" x', [("name", "two words", "eq")], "x"),
        ('"a=b" c', [], "a=b c"),
        ('name="say \\"hi\\""', [("name", 'say "hi"', "eq")], ""),
        ('name="never closed', [("name", "never closed", "eq")], ""),
        ("updated_at<now-1d", [("updated_at", "now-1d", "timediff_lt")], ""),
        ("tags.aws.env!=prod", [("tags.aws.env", "prod", "not")], ""),
        ("=x", [], "=x"),
    ],
)
def test_a_line_is_conditions_and_words(line: str, conditions: list[tuple[str, Any, str]], keyword: str) -> None:
    search = parse_search(line)

    assert [(each["k"], each["v"], each["o"]) for each in search.conditions] == conditions
    assert search.keyword == keyword


@given(st.text(max_size=60))
def test_any_line_can_be_read(line: str) -> None:
    search = parse_search(line)

    for condition in search.conditions:
        assert condition["k"]
        assert not condition["k"][0].isspace()


@given(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(st.characters(categories=["L", "N"]), max_size=20))
def test_a_condition_is_what_it_says(key: str, value: str) -> None:
    assert parse_condition(f"{key}={value}") == {"k": key, "v": value, "o": "eq"}
