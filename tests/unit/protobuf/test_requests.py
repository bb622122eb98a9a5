"""Requests as plain dicts, by the contract's rules of presence."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from inventory.errors import InvalidParameterError, InventoryError
from inventory.protobuf.requests import decode, parse
from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2, collector_pb2, collector_rule_pb2, job_pb2


def test_scalars_at_zero_are_absent() -> None:
    assert decode(collector_pb2.CollectorQuery(collector_id="", priority=0, state="NONE")) == {}


def test_optional_fields_can_be_zero_and_false() -> None:
    request = collector_pb2.CreateCollectorRequest(name="one", priority=0, is_public=False)

    assert decode(request) == {"name": "one", "priority": 0, "is_public": False}


def test_an_empty_struct_is_a_value_and_an_unset_one_is_not() -> None:
    sent = collector_pb2.UpdatePluginRequest(collector_id="c")
    sent.options.SetInParent()

    assert decode(sent) == {"collector_id": "c", "options": {}}
    assert decode(collector_pb2.UpdatePluginRequest(collector_id="c")) == {"collector_id": "c"}


def test_struct_values_keep_their_types() -> None:
    content = {"i": 3, "big": 2.0**60, "f": 0.5, "s": "x", "n": None, "b": False, "l": [1, [2], {}], "d": {"e": {}}}
    request = ParseDict({"tags": content}, collector_pb2.UpdateCollectorRequest())

    tags = decode(request)["tags"]

    assert tags == content
    assert isinstance(tags["i"], int)
    assert isinstance(tags["big"], float)
    assert isinstance(tags["f"], float)


def test_a_query_has_the_shape_the_parser_takes() -> None:
    raw = {
        "filter": [{"k": "name", "v": [1, "a"], "o": "in"}, {"key": "tags.a", "value": None, "operator": "eq"}],
        "sort": {"keys": [{"key": "name", "desc": True}]},
        "page": {"start": 1, "limit": 5},
        "only": ["name", "state"],
        "minimal": True,
    }
    request = ParseDict({"query": raw, "status": "ERROR"}, job_pb2.JobsQuery())

    assert decode(request) == {"query": raw, "status": "ERROR"}


def test_enums_are_names_and_unknown_numbers_are_refused_with_their_field() -> None:
    request = collector_rule_pb2.CreateCollectorRuleRequest(conditions_policy="ALWAYS")
    assert decode(request) == {"conditions_policy": "ALWAYS"}

    unknown = collector_pb2.CreateCollectorRequest()
    unknown.plugin_info.upgrade_mode = 77  # type: ignore[assignment]
    with pytest.raises(InvalidParameterError) as caught:
        decode(unknown)
    assert caught.value.field == "plugin_info.upgrade_mode"
    assert "MANUAL, AUTO" in caught.value.message


def test_keys_with_nul_are_refused() -> None:
    request = ParseDict({"tags": {"outer": {"a\0b": 1}}}, collector_pb2.UpdateCollectorRequest())

    with pytest.raises(InvalidParameterError) as caught:
        decode(request)
    assert caught.value.field == "tags.outer"


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe"])
def test_bytes_that_are_no_message_are_the_callers_mistake(data: bytes) -> None:
    with pytest.raises(InvalidParameterError):
        parse(collector_pb2.CollectorRequest, data)


@pytest.mark.parametrize("size", [0.1, 2.5, 16777215.0, 1e30, -0.3, 123456.78])
def test_single_precision_arrives_as_it_was_meant(size: float) -> None:
    assert decode(cloud_service_pb2.CreateServiceRequest(instance_size=size)) == {"instance_size": size}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"a": ...}, "tags.a"),
        ({"ok": 1, "a": {"b.c": [0, {"d": ...}]}}, "tags.a.b.c.1.d"),
        ({"l": [[...]]}, "tags.l.0.0"),
    ],
)
def test_a_number_that_json_does_not_know_is_refused_by_its_path(
    number: float, content: dict[str, Any], path: str
) -> None:
    request = collector_pb2.UpdateCollectorRequest(tags=_with(content, number))

    with pytest.raises(InventoryError) as caught:
        decode(request)

    assert caught.value.code == "ERROR_INVALID_PARAMETER"
    assert caught.value.message == f"Parameter is invalid. (key = {path}, reason = a number must be finite)"


def _with(content: Any, number: float) -> Any:
    """Return ``content`` with ``number`` in place of the ellipsis."""
    if isinstance(content, dict):
        return {key: _with(part, number) for key, part in content.items()}
    if isinstance(content, list):
        return [_with(part, number) for part in content]
    return number if content is ... else content


@pytest.mark.parametrize("size", [math.nan, math.inf, -math.inf])
def test_a_field_of_type_number_is_refused_where_it_is_not_finite(size: float) -> None:
    with pytest.raises(InvalidParameterError, match="instance_size"):
        decode(cloud_service_pb2.CreateServiceRequest(instance_size=size))
