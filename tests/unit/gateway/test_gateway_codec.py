"""JSON → messages → JSON, by protobuf's mapping."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import InvalidParameterError, InvalidParameterTypeError, InventoryError
from inventory.gateway.codec import MAX_DEPTH, MAX_VALUES, parse_request
from inventory.gateway.errors import RequestTooLargeError
from inventory.protobuf.answers import to_json
from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2, collector_pb2

CREATE = collector_pb2.CreateCollectorRequest
QUERY = collector_pb2.CollectorQuery


def parse(kind: Any, body: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return kind.FromString(parse_request(kind.DESCRIPTOR, data))


def refused(kind: Any, body: Any) -> InventoryError:
    with pytest.raises(InventoryError) as caught:
        parse(kind, body)
    return caught.value


def present(message: Any) -> Any:
    return json.loads(to_json(message.DESCRIPTOR, message.SerializeToString()))


def test_both_spellings_of_a_name_are_taken() -> None:
    original = parse(CREATE, {"plugin_info": {"plugin_id": "p", "upgrade_mode": "AUTO"}, "is_public": False})
    other = parse(CREATE, {"pluginInfo": {"pluginId": "p", "upgradeMode": "AUTO"}, "isPublic": False})

    assert original == other
    assert original.HasField("is_public")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"isPublic": True, "is_public": False}, "is_public"),
        ({"pluginInfo": {"pluginId": "a", "plugin_id": "b"}}, "plugin_info.plugin_id"),
    ],
)
def test_a_field_given_by_both_its_names_is_refused(body: Any, field: str) -> None:
    error = refused(CREATE, body)
    assert (error.field, "twice" in error.message) == (field, True)


def test_names_within_a_struct_are_free() -> None:
    assert dict(parse(CREATE, {"tags": {"isPublic": "a", "is_public": "b"}}).tags) == {
        "isPublic": "a",
        "is_public": "b",
    }


def test_an_empty_body_is_the_empty_request() -> None:
    assert parse(QUERY, b"") == QUERY()


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert parse(CREATE, b'{"name": "\\ud83d\\ude00"}').name == "\U0001f600"


def test_an_empty_struct_is_a_value() -> None:
    assert parse(CREATE, {"tags": {}}).HasField("tags")
    assert not parse(CREATE, {"tags": None}).HasField("tags")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "the body is not JSON at line 1, column 2"),
        (b"\xff\xfe{}", "the body is not UTF-8"),
        (b'{"name": "\xe9"}', "the body is not UTF-8"),
        (b'{"name": "a", "name": "b"}', "a name occurs twice in one object"),
        (b'{"name": "\\ud800"}', "a text holds half a surrogate pair"),
        (b'{"\\uD800": 1}', "a text holds half a surrogate pair"),
        (b'{"tags": {"\\udc00": 1}}', "a text holds half a surrogate pair"),
        (b'{"tags": {"a": NaN}}', "JSON has no NaN and no Infinity"),
        (b'{"tags": {"a": -Infinity}}', "JSON has no NaN and no Infinity"),
        (b'{"tags": {"a": 1e999}}', "a number is out of range"),
        (b'{"tags": {"a": ' + b"9" * 5000 + b"}}", "a number is out of range"),
        (b'{"tags": ' + b'{"a":' * 40 + b"1" + b"}" * 41, "nested too deeply"),
        (b'{"tags": ' + b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH + b"}", "nested too deeply"),
        (b"[" * 90_000, "nested too deeply"),
        (b'{"a":' * 90_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_by_its_reason(body: bytes, reason: str) -> None:
    error = refused(CREATE, body)

    assert isinstance(error, InvalidParameterError)
    assert f"reason = {reason}" in error.message


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
def test_a_body_other_than_an_object_is_refused(body: bytes) -> None:
    assert isinstance(refused(CREATE, body), InvalidParameterTypeError)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"priority": "hunter2"}, "Parameter type is invalid. (key = priority, type = int32)"),
        ({"priority": 1.5}, "Parameter type is invalid. (key = priority, type = int32)"),
        ({"priority": 2**40}, "Parameter type is invalid. (key = priority, type = int32)"),
        ({"priority": 10**400}, "Parameter type is invalid. (key = priority, type = int32)"),
        ({"name": 5}, "Parameter type is invalid. (key = name, type = string)"),
        ({"isPublic": "hunter2"}, "Parameter type is invalid. (key = is_public, type = bool)"),
        ({"tags": ["hunter2"]}, "Parameter type is invalid. (key = tags, type = object)"),
        ({"tags": {"a": 10**400}}, "Parameter type is invalid. (key = tags, type = object)"),
        (
            {"plugin_info": {"upgrade_mode": "hunter2"}},
            "Parameter type is invalid. (key = plugin_info.upgrade_mode, type = one of NONE, MANUAL, AUTO)",
        ),
        ({"plugin_info": "hunter2"}, "Parameter type is invalid. (key = plugin_info, type = object)"),
        ({"nmae": "hunter2"}, "Parameter is invalid. (key = nmae, reason = there is no such field)"),
        (
            {"plugin_info": {"x": "hunter2"}},
            "Parameter is invalid. (key = plugin_info.x, reason = there is no such field)",
        ),
        (
            {"is_public": True, "isPublic": False},
            "Parameter is invalid. (key = is_public, reason = given twice, once by each of its names)",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_name_and_type_and_never_by_value(body: dict[str, Any], message: str) -> None:
    error = refused(CREATE, body)

    assert error.message == message
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ({"filter": [{"k": "a"}, {"k": 5}]}, "query.filter[1].k"),
        ({"filter": {"k": "a"}}, "query.filter"),
        ({"filter": [5]}, "query.filter"),
        ({"page": {"limit": -1}}, "query.page.limit"),
        ({"only": "name"}, "query.only"),
        ({"filter": [{"k": "a", "key": "b"}]}, "query.filter[0]"),
    ],
)
def test_a_misfit_deep_inside_is_found(query: dict[str, Any], key: str) -> None:
    assert refused(QUERY, {"query": query}).field == key


def test_too_many_values_are_refused_before_they_are_converted() -> None:
    body = b'{"tags": {"a": [' + b"1," * MAX_VALUES + b"1]}}"

    assert isinstance(refused(CREATE, body), RequestTooLargeError)


def test_whole_numbers_stay_whole_and_names_stay_the_protos() -> None:
    tags = Struct()
    tags.update({"whole": 3, "half": 0.5, "large": 2**53 - 1, "null": None, "list": [1, {"a": True}]})
    info = collector_pb2.CollectorInfo(
        collector_id="c", state="ENABLED", plugin_info={"plugin_id": "p"}, tags=tags, priority=7
    )

    text = to_json(info.DESCRIPTOR, info.SerializeToString()).decode()

    assert '"whole":3,' in text or '"whole":3}' in text
    assert json.loads(text) == {
        "collector_id": "c",
        "state": "ENABLED",
        "plugin_info": {"plugin_id": "p"},
        "priority": 7,
        "tags": {"whole": 3, "half": 0.5, "large": 2**53 - 1, "null": None, "list": [1, {"a": True}]},
    }


def test_numbers_that_json_cannot_say_become_null() -> None:
    data = Struct()
    data.update({"inf": float("inf"), "minus": float("-inf"), "nan": float("nan")})

    assert present(data) == {"inf": None, "minus": None, "nan": None}


def test_an_enum_number_without_a_name_stays_a_number() -> None:
    assert present(collector_pb2.CollectorInfo(state=77)) == {"state": 77}


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_single_precision_numbers_are_short_and_exact(number: float) -> None:
    info = cloud_service_pb2.CloudServiceInfo(instance_size=number)

    shown = present(info).get("instance_size", 0.0)

    assert cloud_service_pb2.CloudServiceInfo(instance_size=shown).instance_size == number
    assert len(f"{shown!r}".replace("-", "").replace(".", "")) <= 9 + len("e308") or shown == number


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_a_struct_comes_back_as_it_was_sent(tags: dict[str, Any]) -> None:
    request = parse(CREATE, {"tags": tags})

    assert present(request) == {"tags": tags}


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_request_or_an_expected_error(body: bytes) -> None:
    with contextlib.suppress(InventoryError):
        parse(QUERY, body)
