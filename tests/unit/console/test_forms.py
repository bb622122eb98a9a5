"""Forms from a plugin's schema, hidden secrets, and when a schedule fires."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.console.forms.field_error import FieldError
from inventory.console.forms.json_text import read_json
from inventory.console.forms.schedule_form import read_schedule
from inventory.console.forms.schema_form import filter_fields, option_fields, read_filter, read_options, secret_keys
from inventory.console.rendering import environment

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=15,
)
FIELD_OF: Any = vars(environment().get_template("collectors/fields.html").module)["field_of"]


class _Controls(HTMLParser):
    """What a browser sends for the inputs of a page that nobody touched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._open = ""
        self.feed(html.replace("\r\n", "\n").replace("\r", "\n"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            # A line of text holds no line ends, and the server joins fields of the same name.
            self.sent[name] = f"{self.sent[name]},{value}" if self.sent.get(name) else value.replace("\n", "")
        elif tag in ("textarea", "select"):
            self._open, self.sent[name] = name if tag == "textarea" else "", ""
            self._selected = name
        elif tag == "option" and "selected" in given:
            self.sent[self._selected] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.sent[self._open] = self.sent[self._open].removeprefix("\n").replace("\n", "\r\n")
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.sent[self._open] += data


def _saved(schema: Any, options: dict[str, Any], **typed: str) -> dict[str, Any]:
    """Return what is stored if the form is opened, fields are changed as ``typed``, and it is saved."""
    fields = option_fields(schema, options)
    sent = _Controls("".join(FIELD_OF(field, {}) for field in fields)).sent
    return read_options(fields, sent | {f"option.{key}": text for key, text in typed.items()})


@given(JSON)
def test_no_schema_breaks_a_form(schema: Any) -> None:
    for field in option_fields(schema, {}):
        assert isinstance(field.shown, str)
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
        ({"type": "boolean", "default": True}, "", False),
        ({"enum": ["a", "b"]}, "b", "b"),
        ({"enum": [1, 2.5, None, True]}, "1", 1),
        ({"enum": [1, 2.5, None, True]}, "true", True),
        ({"type": "array", "items": {"enum": ["a,b", "b", 3]}}, "a%2Cb,3", ["a,b", 3]),
        ({"type": "object"}, '{"a": [1]}', {"a": [1]}),
    ],
)
def test_what_is_typed_becomes_the_type_of_the_schema(about: Any, text: str, value: Any) -> None:
    fields = option_fields({"properties": {"x": about}}, {})

    assert read_options(fields, {"option.x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("about", "text"),
    [({"type": "integer"}, "x"), ({"type": "number"}, "1,5"), ({"enum": ["a"]}, "b"), ({"enum": ["a"]}, "0"), ({}, "{")]
    + [
        ({}, text)
        for text in (
            "NaN",
            '{"a": 1, "a": 2}',
            "[1e999]",
            "1" * 400,
            "[-Infinity]",
            '{"a": "\\ud800"}',
            "[" * 90 + "]" * 90,
        )
    ]
    + [({"type": "number"}, text) for text in ("nan", "inf", "-inf", "1e999", "9" * 400, "²", "9007199254740993")],
)
def test_what_does_not_fit_names_the_field(about: Any, text: str) -> None:
    fields = option_fields({"properties": {"x": {"title": "The X", **about}}}, {})

    with pytest.raises(FieldError, match="The X"):
        read_options(fields, {"option.x": text})


def test_a_required_option_must_be_there() -> None:
    fields = option_fields({"properties": {"x": {"type": "string"}}, "required": ["x"]}, {})

    with pytest.raises(FieldError, match="x: is required"):
        read_options(fields, {})


OPTIONS = st.dictionaries(st.sampled_from("abc"), JSON.filter(lambda value: value is not None), max_size=3)
ABOUT = st.sampled_from(
    [
        {"type": "boolean"},
        {"type": "integer", "enum": [1, 2]},
        {"type": "array", "items": {"enum": ["x,y", 1]}},
        {"type": "integer"},
        {"type": "string"},
        {"type": "object"},
        {},
    ]
)


@given(st.dictionaries(st.sampled_from("abc"), ABOUT), OPTIONS)
@settings(max_examples=60)
def test_a_form_that_is_saved_as_it_was_shown_changes_no_option(properties: Any, options: dict[str, Any]) -> None:
    saved = _saved({"properties": properties}, options)

    expected = {key: options[key] for key in properties if key in options}
    assert json.dumps(saved, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_what_is_not_stored_is_stored_only_if_it_is_changed_or_required() -> None:
    schema: dict[str, Any] = {
        "properties": {
            "off": {"type": "boolean"},
            "on": {"type": "boolean", "default": True},
            "level": {"type": "integer", "default": 3},
            "kind": {"enum": ["a", "b"], "default": "b"},
        }
    }
    assert _saved(schema, {}) == {}
    assert _saved(schema, {}, off="true", on="", level="4", kind="a") == {
        "off": True,
        "on": False,
        "level": 4,
        "kind": "a",
    }
    # A required one has no other way to be stored.
    needed = schema | {"required": ["off", "on", "level", "kind"]}
    assert _saved(needed, {}) == {"off": False, "on": True, "level": 3, "kind": "b"}


def test_a_stored_secret_is_removed_if_its_box_is_ticked_and_nothing_is_typed() -> None:
    schema = {"properties": {"password": {"type": "string"}, "pin": {"type": "string", "format": "password"}}}
    options = {"password": "hunter2", "pin": "4711"}
    fields = option_fields(schema, options)
    html = "".join(str(FIELD_OF(field, {})) for field in fields)

    assert all(f'type="checkbox" name="clear.{key}"' in html for key in options)
    typed = {"option.password": "", "option.pin": ""}
    assert read_options(fields, typed) == options
    assert read_options(fields, typed | {"clear.pin": "true"}) == {"password": "hunter2"}
    assert read_options(fields, typed | {"option.pin": "1", "clear.pin": "true"}) == options | {"pin": "1"}
    required = option_fields(schema | {"required": ["pin"]}, options)
    assert "clear.pin" not in "".join(str(FIELD_OF(field, {})) for field in required)
    assert read_options(required, typed | {"clear.pin": "true"}) == options


FLAGS = {
    "flag": {"type": "boolean"},
    "level": {"type": "integer", "enum": [1, 2, 3]},
    "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
}


def test_a_ticked_box_stays_ticked_and_an_integer_stays_one() -> None:
    options = {"flag": True, "level": 2, "kinds": ["b", "of an older schema"]}

    assert _saved({"properties": FLAGS}, options) == options
    assert _saved({"properties": FLAGS}, options, flag="", level="3", kinds="a") == {
        "flag": False,
        "level": 3,
        "kinds": ["a"],
    }
    assert _saved({"properties": FLAGS}, options, kinds="")["kinds"] == []


@pytest.mark.parametrize("text", ["two\nlines", "\n\nlines\n", " blanks ", "a\r\nb", "<&'\">", "postgres://u:p@h/db"])
def test_a_text_that_is_not_touched_is_kept_to_the_letter(text: str) -> None:
    assert _saved({"properties": {"x": {"type": "string"}}}, {"x": text}) == {"x": text}


def test_secrets_inside_an_option_and_secrets_that_the_schema_marks_are_not_shown_and_kept() -> None:
    schema = {
        "properties": {
            "db": {"type": "object"},
            "pin": {"type": "string", "format": "password"},
            "dsn2": {"type": "string"},
        }
    }
    options = {"db": {"password": "hunter2", "host": "h"}, "pin": "4711", "dsn2": "mongodb://u:hunter2@h"}
    shown = [field.shown for field in option_fields(schema, options)]

    assert not [text for text in shown if "hunter2" in text or "4711" in text]
    assert _saved(schema, options) == options
    changed = _saved(schema, options, db=shown[0].replace('"h"', '"other"'))
    assert changed["db"] == {"password": "hunter2", "host": "other"}
    assert secret_keys(schema) == {"pin"}


def test_json_holds_whole_numbers_as_such() -> None:
    assert read_json("[1, 2.5, true]", "X") == [1, 2.5, True]
    assert read_json("[9007199254740992, -12345678901234567890]", "X") == [2**53, "-12345678901234567890"]


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


@pytest.mark.parametrize(
    "form", [{}, {"hours": "noon"}, {"minutes": "1;2"}, {"interval": "-1"}, {"interval": "10 20"}, {"hours": "٣"}]
)
def test_a_schedule_that_says_nothing_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(FieldError):
        read_schedule(form)
