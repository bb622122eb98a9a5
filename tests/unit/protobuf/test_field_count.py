"""A request's fields are counted on its bytes: more than a request may have are refused before they are decoded."""

from __future__ import annotations

import contextlib
import time

import pytest
from google.protobuf.struct_pb2 import ListValue, Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import LimitExceededError
from inventory.protobuf import requests
from inventory.protobuf.encoder import delimited, struct_bytes, tag
from inventory.protobuf.field_count import MAX_FIELDS, TooManyFieldsError, check_field_count
from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=200), inner, max_size=5),
    max_leaves=30,
)


def fields_of(value: object) -> int:
    """How many fields a Value with ``value`` holds: its kind, and what is in that."""
    if isinstance(value, dict):
        return 1 + sum(3 + fields_of(item) for item in value.values())
    if isinstance(value, list):
        return 1 + sum(1 + fields_of(item) for item in value)
    return 1


@given(st.dictionaries(st.text(max_size=200), VALUES, max_size=8))
def test_every_field_counts_once(content: dict[str, object]) -> None:
    data, count = struct_bytes(content), fields_of(content) - 1

    check_field_count(Struct.DESCRIPTOR, data, count)
    if count > 1 and len(data) > 2 * (count - 1):
        with pytest.raises(TooManyFieldsError):
            check_field_count(Struct.DESCRIPTOR, data, count - 1)


@given(st.binary(max_size=300))
def test_any_bytes_end_without_an_error(data: bytes) -> None:
    with contextlib.suppress(TooManyFieldsError):
        check_field_count(Struct.DESCRIPTOR, data, 20)


REQUEST = cloud_service_pb2.CreateServiceRequest
DATA = tag(REQUEST.DESCRIPTOR.fields_by_name["data"].number, 2)
SIXTEEN_MB = 16 * 1024 * 1024
NUMBER = b"\x0a\x09\x11" + b"\0" * 8
DEAR: dict[str, bytes] = {
    "numbers": NUMBER * (SIXTEEN_MB // len(NUMBER)),
    "empty values": b"\x0a\x00" * (SIXTEEN_MB // 2),
    "unknown fields": b"\x78\x01" * (SIXTEEN_MB // 2),
}


@pytest.mark.parametrize("kind", DEAR)
def test_a_dear_request_is_refused_at_once(kind: str) -> None:
    value = delimited(b"\x32", DEAR[kind])
    data = delimited(b"\x0a", b"\x0a\x01a" + delimited(b"\x12", value))

    def seconds() -> float:
        begun = time.process_time()
        with pytest.raises(LimitExceededError, match=f"{MAX_FIELDS} values in one request"):
            requests.parse(REQUEST, delimited(DATA, data))
        return time.process_time() - begun

    assert any(seconds() < 2.0 for _ in range(3))


def test_a_large_request_of_few_fields_is_taken() -> None:
    message = REQUEST()
    message.data.update({"text": "x" * 10_000_000, "more": ["y" * 1000] * 1000})

    assert requests.parse(type(message), message.SerializeToString()) == message


def test_as_many_ids_as_may_be_are_taken() -> None:
    ids = ListValue()
    ids.extend([f"cloud-svc-{number:012x}" for number in range(MAX_FIELDS // 2)])

    check_field_count(ListValue.DESCRIPTOR, ids.SerializeToString())
