"""What protobuf refuses is read as far as it goes, and never raises."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from inventory.connector.grpc.decode import MessageDecoder, deserialize
from inventory.connector.grpc.salvage import CANNOT_BE_DECODED, TOO_DEEP, salvage
from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.protobuf.struct import to_struct
from inventory.stubs.spaceone.api.inventory.plugin.collector_pb2 import ResourceInfo
from tests.unit.protobuf.test_struct_and_redact import JSON

RULES = {"1": ["reference.resource_id"]}


def sent(resource: dict[str, Any], **fields: Any) -> bytes:
    """Return a plugin's message as bytes; ``fields`` replace the usual ones."""
    usual: dict[str, Any] = {"state": 4, "resource_type": "inventory.CloudService"}
    message = ResourceInfo(**usual | fields, match_rules=to_struct(RULES, name="x"), options={"more": True})
    message.resource.CopyFrom(to_struct(resource, name="x"))
    return message.SerializeToString(deterministic=True)


def received(data: bytes) -> ResourceMessage:
    return MessageDecoder(redactor=Redactor({"key": "s3cr3t-value"})).decode(*deserialize(data))


def is_refused(data: bytes) -> bool:
    """Whether protobuf refuses these bytes."""
    try:
        ResourceInfo.FromString(data)
    except DecodeError:
        return True
    return False


@given(JSON)
def test_what_is_whole_is_read_as_protobuf_reads_it(resource: dict[str, Any]) -> None:
    data = sent(resource, message="words")

    found, whole = salvage(data), received(data)

    assert found.fault == ""
    assert (found.state, found.message, found.resource_type) == (4, "words", "inventory.CloudService")
    assert found.match_rules == whole.match_rules
    assert repr(sorted(found.resource.items())) == repr(sorted(whole.resource.items()))


@given(JSON, st.integers(0), st.sampled_from(["cut", "flip", "insert"]), st.integers(0, 255))
def test_no_bytes_raise_and_what_protobuf_refuses_is_a_fault_or_repaired(
    resource: dict[str, Any], place: int, how: str, byte: int
) -> None:
    data = sent({**resource, "reference": {"resource_id": "i-1"}})
    at = place % len(data)
    broken = {
        "cut": data[:at],
        "flip": data[:at] + bytes([byte]) + data[at + 1 :],
        "insert": data[:at] + bytes([byte]) + data[at:],
    }[how]

    found = received(broken)

    assert isinstance(found.resource, dict)
    if is_refused(broken) and not found.fault:
        repr(found.resource).encode()
        assert not _is_utf8(broken)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_any_bytes_at_all_are_received() -> None:
    chance = random.Random(1)
    for size in range(300):
        message = received(chance.randbytes(size))
        assert message.size == size


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"a\x00"])
def test_text_that_is_not_utf8_is_replaced_and_nothing_is_lost(bad: bytes) -> None:
    mark = "~" * len(bad)
    resource = {"reference": {"resource_id": "i-1"}, "data": {f"k{mark}": [f"v{mark}"], "n": 3.0, "nan": math.nan}}
    data = sent(resource, message=f"words {mark}", resource_type=f"inventory.{mark}").replace(mark.encode(), bad)

    found = received(data)

    text = bad.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert found.fault == ""
    assert found.resource == {
        "reference": {"resource_id": "i-1"},
        "data": {f"k{text}": [f"v{text}"], "n": 3, "nan": None},
    }
    assert found.match_rules == RULES
    if bad != b"a\x00":
        assert found.message == f"words {text}"
        assert found.resource_type == f"inventory.{text}"


def test_what_nests_too_deep_fails_by_its_name() -> None:
    deep: Any = 1
    for _ in range(33):
        deep = {"d": deep}

    found = received(sent({"data": deep, "name": "n", "reference": {"resource_id": "i-1"}}))

    assert found.fault == TOO_DEEP
    assert found.resource["reference"] == {"resource_id": "i-1"}
    assert found.resource["name"] == "n"
    assert found.resource_type == "inventory.CloudService"


@given(st.lists(st.booleans(), min_size=28, max_size=52))
def test_the_depth_that_can_be_read_is_protobufs_own(kinds: list[bool]) -> None:
    nested: Any = 1
    for is_dict in kinds:
        nested = {"d": nested} if is_dict else [nested]
    try:
        data = sent({"data": nested})
    except DecodeError:
        return

    assert (salvage(data).fault == TOO_DEEP) == is_refused(data)


def test_a_message_that_is_cut_off_tells_what_stands_before_the_cut() -> None:
    data = sent({"a": "x", "reference": {"resource_id": "i-1"}, "z": "y" * 100}).removesuffix(b"y" * 90)

    found = received(data[:-5])

    assert found.fault == CANNOT_BE_DECODED
    assert found.resource_type == "inventory.CloudService"


def test_a_secret_in_a_repaired_text_is_blotted_out() -> None:
    data = sent({}, message="s3cr3t-value @@").replace(b"@@", b"\xff\xfe")

    assert received(data).message == "*** \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
