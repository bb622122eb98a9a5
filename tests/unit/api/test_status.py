"""Every error has a gRPC status, a text and the standard details."""

from __future__ import annotations

import inspect

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from inventory import errors
from inventory.api import status
from inventory.api.status import DETAILS_METADATA, MAX_DETAILS_BYTES, STATUS, answer, status_of

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.InventoryError)]
CODE = grpc.StatusCode


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not errors.InventoryError])
def test_every_error_class_is_in_a_branch_of_the_table(kind: type[errors.InventoryError]) -> None:
    assert any(parent in STATUS for parent in kind.__mro__)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RequiredParameterError(key="name"), CODE.INVALID_ARGUMENT),
        (errors.NotFoundError(key="collector_id", value="x"), CODE.INVALID_ARGUMENT),
        (errors.OperatorListValueTypeError(key="name", operator="in"), CODE.INVALID_ARGUMENT),
        (errors.NotAllowedToUpdateRuleError(collector_rule_id="x"), CODE.INVALID_ARGUMENT),
        (errors.AuthenticateFailureError(), CODE.UNAUTHENTICATED),
        (errors.PermissionDeniedError(), CODE.PERMISSION_DENIED),
        (errors.LimitExceededError(limit="x"), CODE.RESOURCE_EXHAUSTED),
        (errors.ConnectionFailureError(service="secret"), CODE.UNAVAILABLE),
        (errors.RequestTimeoutError(), CODE.DEADLINE_EXCEEDED),
        (errors.VerifyPluginFailureError(reason="x"), CODE.INTERNAL),
        (errors.InitPluginFailureError(reason="x"), CODE.INTERNAL),
        (errors.CollectInitializeError(stage="x", reason="y"), CODE.INTERNAL),
        (errors.UnknownError(), CODE.INTERNAL),
    ],
)
def test_statuses_are_those_of_the_contract(error: errors.InventoryError, code: grpc.StatusCode) -> None:
    assert status_of(error) is code


def details_of(error: errors.InventoryError) -> status_pb2.Status:
    made = answer(error, transaction_id="tnx-1")
    ((key, value),) = made.metadata
    assert key == DETAILS_METADATA
    decoded = status_pb2.Status.FromString(value)
    assert decoded.message == made.details  # grpc_status.from_call refuses anything else
    assert decoded.code == made.code.value[0]
    return decoded


def test_text_is_code_and_message_and_the_details_name_field_and_reason() -> None:
    error = errors.RequiredParameterError(key="plugin_info.plugin_id")

    decoded = details_of(error)

    assert decoded.message == "ERROR_REQUIRED_PARAMETER: Required parameter. (key = plugin_info.plugin_id)"
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert decoded.details[0].Unpack(info)
    assert decoded.details[1].Unpack(request)
    assert (info.reason, info.domain) == ("ERROR_REQUIRED_PARAMETER", status.DOMAIN)
    assert info.metadata["transaction_id"] == "tnx-1"
    assert request.field_violations[0].field == "plugin_info.plugin_id"


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 5000, "%\n" * 3000, "\ud800" * 100, "a" * 2040 + "\n\n\n"])
def test_long_and_odd_texts_fit_the_metadata(text: str) -> None:
    made = answer(errors.InvalidParameterError(key=text, reason=text), transaction_id="t" * 128)

    escaped = sum(1 if 0x20 <= byte <= 0x7E and byte != 0x25 else 3 for byte in made.details.encode())
    assert len(made.details.encode()) <= MAX_DETAILS_BYTES
    assert escaped + len(made.metadata[0][1]) * 4 / 3 < 8000
    details_of(errors.InvalidParameterError(key=text, reason=text))
