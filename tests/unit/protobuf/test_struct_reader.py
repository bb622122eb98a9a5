"""Reading serialized structs gives what walking the messages gives, whatever they hold."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.texts import fitted
from inventory.protobuf.struct import to_dict, to_struct
from inventory.protobuf.struct_reader import StructReader
from tests.streams import ec2
from tests.streams.recording import on_the_wire
from tests.unit.protobuf.test_struct_and_redact import JSON


def written(struct: Struct) -> bytes:
    return struct.SerializeToString(deterministic=True)


@given(st.lists(JSON, max_size=3))
def test_any_content_is_read_as_it_was_written(contents: list[dict[str, Any]]) -> None:
    reader = StructReader()
    for content in contents * 2:
        assert reader.read(written(to_struct(content, name="x"))) == fitted(content)


@pytest.mark.parametrize("size", [0, 1, 50, 58, 59, 60, 61, 62, 126, 127, 128, 129, 16_380, 16_390, 2_100_000])
def test_texts_keys_and_lists_may_have_any_length(size: int) -> None:
    text = "x" * size
    content = {"a": text, text: "b", "l": [text, [text]], "metadata": {"a": text}, "é" * 70: "ü" * size}
    assert StructReader().read(written(to_struct(content, name="x"))) == content


def test_kinds_of_values_stay_apart() -> None:
    struct = Struct()
    for key, value in {"t": True, "f": False, "one": 1.0, "zero": 0.0, "half": 0.5, "huge": 1e300}.items():
        struct.update({key: value})
    struct.fields["null"].null_value = 0  # type: ignore[assignment]
    struct.fields["unset"].SetInParent()
    struct.fields["nan"].number_value = math.nan
    struct.fields["list"].list_value.values.add()
    struct.fields["empty"].struct_value.SetInParent()
    found = StructReader().read(written(struct))
    assert repr(found) == repr(dict(sorted(to_dict(struct).items())))


def test_a_real_stream_is_read_alike_with_its_equal_parts_shared() -> None:
    reader = StructReader()
    messages = [message.resource for message in on_the_wire(ec2.stream(40))]
    found = [reader.read(written(resource)) for resource in messages]
    assert found == [to_dict(resource) for resource in messages]
    metadata = {id(resource["metadata"]) for resource in found if resource.get("metadata")}
    assert len(metadata) < len([resource for resource in found if resource.get("metadata")])


def test_what_is_remembered_stays_bounded() -> None:
    reader = StructReader()
    for number in range(5000):
        content = {f"k{number}": number, "metadata": {"much": f"{number}" * 100}, "same": {"a": 1}}
        assert reader.read(written(to_struct(content, name="x"))) == content
    assert len(reader._small) <= 4096
    assert len(reader._keys) <= 4096
    assert len(reader._large) <= 32


@pytest.mark.parametrize("extra", [b"\x78\x01", b"\x7a\x01x"])
def test_fields_that_nobody_knows_do_no_harm(extra: bytes) -> None:
    value = Value.FromString(Value(string_value="x").SerializeToString() + extra)
    struct = Struct.FromString(to_struct({"a": "b", "c": [1]}, name="x").SerializeToString() + extra)
    struct.fields["unusual"].CopyFrom(value)
    struct.fields["list"].list_value.values.add().CopyFrom(value)
    assert StructReader().read(written(struct)) == to_dict(struct)
