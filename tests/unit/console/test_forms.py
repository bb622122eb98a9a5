"""Forms from a plugin's schema, hidden secrets, and when a schedule fires."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.console.forms.masking import MASK, masked, unmasked
from inventory.console.forms.schedule_form import read_schedule
from inventory.console.forms.schema_form import FieldError, filter_fields, option_fields, read_filter, read_options

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=15,
)
KEYS = st.sampled_from(["name", "password", "api_key", "secret_access_key", "token", "size"])


@given(JSON)
def test_no_schema_breaks_a_form(schema: Any) -> None:
    for field in option_fields(schema, {}):
        assert field.shown is not ...
    option_fields({"properties": schema}, {})
    option_fields({"properties": {"x": schema}, "required": schema, "order": schema}, {})
    filter_fields(schema)


@pytest.mark.parametrize(
    ("about", "text", "value"),
    [
        ({"type": "string"}, "x", "x"),
        ({"type": "integer"}, "12", 12),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "", False),
        ({"enum": ["a", "b"]}, "b", "b"),
        ({"type": "array", "items": {"enum": ["a", "b", "c"]}}, "a,c", ["a", "c"]),
        ({"type": "object"}, '{"a": [1]}', {"a": [1]}),
    ],
)
def test_what_is_typed_becomes_the_type_of_the_schema(about: Any, text: str, value: Any) -> None:
    fields = option_fields({"properties": {"x": about}}, {})

    assert read_options(fields, {"option.x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("about", "text"),
    [({"type": "integer"}, "x"), ({"type": "number"}, "1,5"), ({"enum": ["a"]}, "b"), ({}, "{"), ({}, "NaN")],
)
def test_what_does_not_fit_names_the_field(about: Any, text: str) -> None:
    fields = option_fields({"properties": {"x": {"title": "The X", **about}}}, {})

    with pytest.raises(FieldError, match="The X"):
        read_options(fields, {"option.x": text})


def test_a_required_option_must_be_there() -> None:
    fields = option_fields({"properties": {"x": {"type": "string"}}, "required": ["x"]}, {})

    with pytest.raises(FieldError, match="x: is required"):
        read_options(fields, {})


@given(st.recursive(st.text(max_size=5) | st.integers(), lambda v: st.dictionaries(KEYS, v) | st.lists(v, max_size=3)))
def test_what_was_left_masked_is_what_was_stored(value: Any) -> None:
    assert unmasked(masked(value), value) == value


@given(
    st.dictionaries(st.sampled_from(["password", "x_token", "apiKey"]), st.text("0123456789", min_size=6), min_size=1)
)
def test_no_secret_is_shown(value: dict[str, str]) -> None:
    assert set(masked(value).values()) == {MASK}
    assert masked([{"deep": value}]) == [{"deep": dict.fromkeys(value, MASK)}]


def test_a_filter_is_lists_and_texts() -> None:
    fields = filter_fields([{"key": "a", "type": "list"}, {"key": "b", "type": "str"}, {"no": "key"}, "x"])

    assert read_filter(fields, {"option.a": " x ,y,", "option.b": "z", "option.c": "?"}) == {"a": ["x", "y"], "b": "z"}


@pytest.mark.parametrize(
    ("form", "schedule"),
    [
        ({"hours": "0, 6 12"}, {"hours": [0, 6, 12]}),
        ({"hours": "all", "minutes": "30"}, {"hours": list(range(24)), "minutes": [30]}),
        ({"interval": "600"}, {"interval": 600}),
        ({"cron": " 0 2 * * 1 "}, {"cron": "0 2 * * 1"}),
    ],
)
def test_a_schedule_is_read(form: dict[str, str], schedule: Any) -> None:
    assert read_schedule(form) == schedule


@pytest.mark.parametrize("form", [{}, {"hours": "noon"}, {"minutes": "1;2"}, {"interval": "-1"}])
def test_a_schedule_that_says_nothing_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(FieldError):
        read_schedule(form)
