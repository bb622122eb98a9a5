"""Failures → HTTP."""

from __future__ import annotations

import json

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from inventory import errors
from inventory.gateway.errors import (
    HTTP_STATUS,
    ForeignHostError,
    ForeignSiteError,
    MalformedHostError,
    RequestTooLargeError,
    SlowRequestError,
    UnsupportedApiError,
    UnsupportedMediaTypeError,
    from_rpc,
    refusal,
)


def test_every_grpc_status_has_its_http_status() -> None:
    assert set(HTTP_STATUS) == set(grpc.StatusCode)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidParameterError(key="a", reason="b"), 400),
        (errors.AuthenticateFailureError(), 401),
        (UnsupportedApiError(reason="no such path"), 404),
        (MalformedHostError(), 400),
        (ForeignSiteError(), 403),
        (ForeignHostError(), 421),
        (SlowRequestError(), 408),
        (RequestTooLargeError(limit="1 byte"), 413),
        (UnsupportedMediaTypeError(), 415),
        (errors.LimitExceededError(limit="x"), 429),
        (errors.UnknownError(), 500),
        (errors.RequestTimeoutError(), 504),
    ],
)
def test_what_the_gateway_refuses_has_its_status(error: errors.InventoryError, status: int) -> None:
    assert refusal(error, "tnx-1").status == status


def test_a_refusal_has_the_same_details_as_the_server_gives() -> None:
    body = json.loads(refusal(errors.RequiredParameterError(key="name"), "tnx-1").body())

    assert body == {
        "error": {
            "code": "ERROR_REQUIRED_PARAMETER",
            "message": "Required parameter. (key = name)",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "ERROR_REQUIRED_PARAMETER",
                    "domain": "inventory.spaceone",
                    "metadata": {"transaction_id": "tnx-1"},
                },
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "field_violations": [
                        {
                            "field": "name",
                            "description": "Required parameter. (key = name)",
                            "reason": "ERROR_REQUIRED_PARAMETER",
                        }
                    ],
                },
            ],
        }
    }


def test_the_servers_error_is_passed_on_with_its_details() -> None:
    packed, foreign = AnyMessage(), AnyMessage(type_url="type.googleapis.com/some.Thing", value=b"\x01")
    packed.Pack(error_details_pb2.ErrorInfo(reason="ERROR_NOT_FOUND", domain="d", metadata={"a": "b"}))
    details = status_pb2.Status(details=[packed, foreign]).SerializeToString()

    error = from_rpc(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_NOT_FOUND: Value not found. (a = b)", details, "tnx-1")

    assert (error.status, error.code, error.message) == (400, "ERROR_NOT_FOUND", "Value not found. (a = b)")
    assert error.details == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ERROR_NOT_FOUND",
            "domain": "d",
            "metadata": {"a": "b"},
        }
    ]


def test_garbled_details_cost_only_the_details() -> None:
    error = from_rpc(grpc.StatusCode.INTERNAL, "ERROR_UNKNOWN: text", b"\xff\xff", "tnx-1")

    assert (error.code, error.details) == ("ERROR_UNKNOWN", [])


@pytest.mark.parametrize(
    ("status", "http", "code"),
    [
        (grpc.StatusCode.UNAVAILABLE, 503, "ERROR_GRPC_CONNECTION"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504, "ERROR_REQUEST_TIMEOUT"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "ERROR_LIMIT_EXCEEDED"),
        (grpc.StatusCode.UNIMPLEMENTED, 501, "ERROR_UNSUPPORTED_API"),
        (grpc.StatusCode.UNKNOWN, 500, "ERROR_UNKNOWN"),
    ],
)
def test_what_the_network_says_is_not_passed_on(status: grpc.StatusCode, http: int, code: str) -> None:
    error = from_rpc(status, "failed to connect to all addresses; hunter2", b"", "tnx-1")

    assert (error.status, error.code) == (http, code)
    assert "hunter2" not in error.body().decode()
