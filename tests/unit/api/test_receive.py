"""What is private in grpcio and used here: whether the one installed still has it."""

from __future__ import annotations

import inspect

import grpc
import pytest
from grpc import _server

from inventory.api.admission.receive import ReceivedCall, UnknownShapeError


def test_grpcio_hands_calls_over_as_expected() -> None:
    for in_pool in (_server._unary_response_in_pool, _server._stream_response_in_pool):
        assert list(inspect.signature(in_pool).parameters) == [
            "rpc_event",
            "state",
            "behavior",
            "argument_thunk",
            "request_deserializer",
            "response_serializer",
        ]
    assert list(inspect.signature(_server._receive_message).parameters) == ["state", "call", "request_deserializer"]
    assert _server._unary_request(None, None, None).__name__ == "unary_request"
    assert list(inspect.signature(_server._abort).parameters) == ["state", "call", "code", "details"]
    assert _server._application_code(grpc.StatusCode.RESOURCE_EXHAUSTED) == 8
    assert {"condition", "due", "request", "trailing_metadata"} <= vars(_server._RPCState()).keys()


def test_another_grpcio_is_told_apart() -> None:
    with pytest.raises(UnknownShapeError):
        ReceivedCall(print, ("something else",))
