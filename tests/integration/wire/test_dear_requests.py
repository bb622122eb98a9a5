"""Requests that are cheap to send and dear to read are refused before they are read."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from inventory.protobuf.encoder import delimited
from inventory.stubs.spaceone.api.inventory.v1.cloud_service_pb2 import CloudServiceQuery, CloudServicesInfo
from tests.integration.wire.client import method_of
from tests.integration.wire.wire_kit import Wire

MIB = 1024 * 1024
METHOD = "/spaceone.api.inventory.v1.CloudService/create"


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_request_is_as_large_as_it_is_unzipped(wire: Wire, compression: grpc.Compression) -> None:
    with _channel(wire) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(METHOD)(bytes(200 * MIB), compression=compression, timeout=30)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    # In the server's own words: grpc would tell the size after it had decompressed all of it.
    assert refused.value.details() == "ERROR_LIMIT_EXCEEDED: Limit exceeded. (limit = 16777216 bytes in one request)"


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_request_is_answered(wire: Wire, compression: grpc.Compression) -> None:
    query = ParseDict({"domain_id": "d" * 1000, "query": {}}, CloudServiceQuery()).SerializeToString()
    with _channel(wire) as channel:
        answer = channel.unary_unary("/spaceone.api.inventory.v1.CloudService/list")(
            query, compression=compression, timeout=30
        )

    assert CloudServicesInfo.FromString(answer).total_count == 0


def test_a_request_of_very_many_values_is_refused(wire: Wire) -> None:
    number = method_of("CloudService.create").input_type.fields_by_name["data"].number
    numbers = delimited(b"\x32", (b"\x0a\x09\x11" + bytes(8)) * 1_000_000)
    request = delimited(bytes([number << 3 | 2]), delimited(b"\x0a", b"\x0a\x01a" + delimited(b"\x12", numbers)))
    with _channel(wire) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(METHOD)(request, timeout=30)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.value.details() == "ERROR_LIMIT_EXCEEDED: Limit exceeded. (limit = 200000 values in one request)"


def _channel(wire: Wire) -> grpc.Channel:
    wire.serve()
    return grpc.insecure_channel(wire.address, [("grpc.max_send_message_length", -1)])
