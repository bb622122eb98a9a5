"""Documents on the wire, read back by protobuf itself."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import DBRef, Decimal128, Int64, MinKey, ObjectId, Timestamp
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.protobuf.encoder import MessageEncoder, struct_bytes
from inventory.protobuf.requests import decode, struct_to_dict
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_pb2,
    collector_rule_pb2,
    job_task_pb2,
    region_pb2,
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**52), 2**52)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300)
)
_keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4))


def read(message_type: type[Message], document: dict[str, Any]) -> dict[str, Any]:
    encoded = MessageEncoder(message_type.DESCRIPTOR)(document)
    return MessageToDict(message_type.FromString(encoded), preserving_proto_field_name=True)


@given(st.dictionaries(_keys, _values, max_size=6))
def test_a_struct_reads_back_as_it_was(content: dict[str, Any]) -> None:
    struct = Struct.FromString(struct_bytes(content))

    assert struct_to_dict(struct) == content


def test_what_json_lacks_becomes_text_or_null_and_never_an_object_id() -> None:
    content = {
        "at": datetime(2022, 6, 17, 6, 33, 27, 195_000, tzinfo=UTC),
        "id": ObjectId(),
        "long": Int64(5),
        "bytes": b"x",
        "ref": DBRef("other", "key"),
        "tuple": (1, 2),
    }

    struct = struct_to_dict(Struct.FromString(struct_bytes(content)))

    assert struct == {
        "at": "2022-06-17T06:33:27.195Z",
        "id": None,
        "long": 5,
        "bytes": None,
        "ref": {"$ref": "other", "$id": "key"},
        "tuple": [1, 2],
    }


def test_what_is_nested_too_deep_for_protobuf_is_sent_as_text() -> None:
    deep: Any = {"leaf": 1}
    for _ in range(150):
        deep = {"d": deep}

    inner: Any = listed({"data": deep})["data"]

    for _ in range(32):
        inner = inner["d"]
    assert isinstance(inner["d"], str)
    assert inner["d"].startswith('{"d": {"d"')


@given(st.lists(st.booleans(), max_size=60))
def test_any_nesting_can_be_read_in_a_list_and_is_unaltered_where_protobuf_can_carry_it(kinds: list[bool]) -> None:
    nested: Any = 1
    for is_dict in kinds:
        nested = {"d": nested} if is_dict else [nested]
    content = {"d": nested}

    found = listed({"data": content, "metadata": {"aws": content}})

    for name, sent in (("data", content), ("metadata", {"aws": content})):
        if fits({name: sent}):
            assert found[name] == sent


def listed(service: dict[str, Any]) -> dict[str, Any]:
    """Return the only CloudService of a list as its client reads it."""
    row = MessageEncoder(cloud_service_pb2.CloudServiceInfo.DESCRIPTOR)(service)
    answer = MessageEncoder(cloud_service_pb2.CloudServicesInfo.DESCRIPTOR)({"results": [row]})
    return decode(cloud_service_pb2.CloudServicesInfo.FromString(answer).results[0])


def fits(service: dict[str, Any]) -> bool:
    """Whether protobuf reads a list with this CloudService in it."""
    try:
        answer = cloud_service_pb2.CloudServicesInfo(results=[cloud_service_pb2.CloudServiceInfo(**service)])
        cloud_service_pb2.CloudServicesInfo.FromString(answer.SerializeToString())
    except DecodeError:
        return False
    return True


def test_a_number_that_json_does_not_know_is_null() -> None:
    rotten = {"data": {"nan": math.nan, "list": [math.inf, 1.5]}, "instance_size": math.nan}

    assert listed(rotten) == {"data": {"nan": None, "list": [None, 1.5]}}


def test_absent_and_null_members_stay_unset() -> None:
    document = {"collector_id": "c", "last_collected_at": None, "unknown": 1, "tags": None, "state": "SLEEPING"}

    assert read(collector_pb2.CollectorInfo, document) == {"collector_id": "c"}


def test_present_but_empty_structs_and_messages_are_set() -> None:
    assert read(collector_pb2.CollectorInfo, {"tags": {}, "plugin_info": {"options": {}}}) == {
        "tags": {},
        "plugin_info": {"options": {}},
    }


@pytest.mark.parametrize(
    ("message_type", "document"),
    [
        (collector_pb2.Scheduled, {"cron": "* * * * *", "interval": 3600, "minutes": [0, 30], "hours": [0, 23, 5]}),
        (job_task_pb2.JobTaskInfo, {"status": "FAILURE", "created_count": 2**31 - 1, "failure_count": -1}),
        (cloud_service_pb2.CloudServiceInfo, {"instance_size": 0.5, "ip_addresses": ["", "10.0.0.1"]}),
        (cloud_service_pb2.CloudServiceInfo, {"collection_info": [{"provider": "aws"}, {"secret_id": "s"}]}),
        (cloud_service_type_pb2.CloudServiceTypeInfo, {"is_major": True, "labels": ["a", {"b": [1]}]}),
        (region_pb2.RegionInfo, {"name": "é" * 3000, "tags": {"k" * 200: "v" * 5000}}),
        (
            change_history_pb2.RecordInfo,
            {"action": "UPDATE", "diff": [{"key": "data.a", "before": None, "after": "1"}]},
        ),
        (
            collector_rule_pb2.CollectorRuleInfo,
            {
                "conditions": [{"key": "provider", "value": "aws", "operator": "eq"}],
                "conditions_policy": "ANY",
                "actions": {"match_project": {"source": "a", "target": "b"}, "add_additional_info": {"x": {"y": [1]}}},
                "options": {"stop_processing": True},
            },
        ),
    ],
)
def test_every_kind_of_field_reads_back(message_type: type[Message], document: dict[str, Any]) -> None:
    assert read(message_type, document) == document


def test_numbers_beyond_a_field_are_cut_to_its_range() -> None:
    message = job_task_pb2.JobTaskInfo.FromString(
        MessageEncoder(job_task_pb2.JobTaskInfo.DESCRIPTOR)({"created_count": 2**40})
    )
    assert message.created_count == 2**31 - 1
    assert read(cloud_service_pb2.CloudServiceInfo, {"instance_size": 1e300})["instance_size"] > 3e38


_ODD = st.sampled_from(
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        1e308,
        2**63 - 1,
        Int64(-(2**63)),
        Decimal128("NaN"),
        ObjectId(b"0" * 12),
        MinKey(),
        Timestamp(1, 1),
        DBRef("collector", "id"),
        b"\x9b\xff",
        "\x1b[31m\x9b\u202e",
        "half \ud800",
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
)
_odd_keys = st.sampled_from(["a.b", "$set", "", "half \ud800", "\x9b", "$ref", "$id"]) | _keys
_odd_values = st.recursive(
    _scalars | _ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_odd_keys, inner, max_size=3)
)
MESSAGES = (
    collector_pb2.CollectorInfo,
    collector_pb2.ScheduleInfo,
    collector_pb2.JobInfo,
    job_task_pb2.JobTaskInfo,
    cloud_service_pb2.CloudServiceInfo,
    cloud_service_type_pb2.CloudServiceTypeInfo,
    region_pb2.RegionInfo,
    change_history_pb2.RecordInfo,
    collector_rule_pb2.CollectorRuleInfo,
)


@given(st.sampled_from(MESSAGES), st.data())
def test_whatever_is_stored_in_any_field_is_a_message_that_every_client_can_read_and_print(
    message_type: type[Message], data: st.DataObject
) -> None:
    fields = [field.name for field in message_type.DESCRIPTOR.fields]
    document = data.draw(st.dictionaries(st.sampled_from(fields), _odd_values, max_size=6))

    printed = json.dumps(read(message_type, document), allow_nan=False)

    assert printed.startswith("{")


def test_numbers_that_json_lacks_are_null_however_deep_they_lie() -> None:
    content: Any = {"a": float("nan")}
    for _ in range(40):
        content = {"in": [content, float("inf")]}

    text = json.dumps(MessageToDict(Struct.FromString(struct_bytes(content))), allow_nan=False)

    assert "NaN" not in text
    assert "null" in text
