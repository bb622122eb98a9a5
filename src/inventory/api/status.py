"""Maps errors to gRPC status: the table, the details text and the ``google.rpc`` details (contract, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from inventory import errors

DOMAIN: Final = "inventory.spaceone"
"""``ErrorInfo.domain`` of every error of this service."""

DETAILS_METADATA: Final = "grpc-status-details-bin"
"""Trailing metadata with a serialized ``google.rpc.Status``."""

MAX_DETAILS_BYTES: Final = 2048
_MAX_ESCAPED_TEXT_BYTES: Final = 768
"""HTTP/2 encodes characters other than printable ASCII in three bytes each; a call's metadata is at most 8 KB."""
_MAX_FIELD_BYTES: Final = 256

_Code = grpc.StatusCode

STATUS: Final[Mapping[type[errors.InventoryError], grpc.StatusCode]] = {
    errors.BadRequestError: _Code.INVALID_ARGUMENT,
    errors.AuthenticateFailureError: _Code.UNAUTHENTICATED,
    errors.PermissionDeniedError: _Code.PERMISSION_DENIED,
    errors.LimitExceededError: _Code.RESOURCE_EXHAUSTED,
    errors.ConnectionFailureError: _Code.UNAVAILABLE,
    errors.RequestTimeoutError: _Code.DEADLINE_EXCEEDED,
    errors.CollectInitializeError: _Code.INTERNAL,
    errors.PluginError: _Code.INTERNAL,
    errors.TaskError: _Code.INTERNAL,
    errors.SettingsError: _Code.INTERNAL,
    errors.UnknownError: _Code.INTERNAL,
}
"""By branch of the error tree; the nearest base class of an error applies."""

_NUMBERS: Final = {code: code.value[0] for code in _Code}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a failed call.

    Attributes:
        code: the gRPC status.
        details: ``CODE: message``, at most 2 KB.
        metadata: trailing metadata with the ``google.rpc`` details.
    """

    code: grpc.StatusCode
    details: str
    metadata: tuple[tuple[str, bytes], ...]


def status_of(error: errors.InventoryError | type[errors.InventoryError]) -> grpc.StatusCode:
    """Return the gRPC status of ``error`` or of a class of errors; INTERNAL if no branch of the table contains it."""
    for kind in (error if isinstance(error, type) else type(error)).__mro__:
        code = STATUS.get(kind)
        if code is not None:
            return code
    return _Code.INTERNAL


def answer(error: errors.InventoryError, *, transaction_id: str) -> Answer:
    """Return the answer to a call that failed with ``error``."""
    code = status_of(error)
    details = _fitting(f"{error.code}: {error.message}")
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata={"transaction_id": transaction_id})
    packed = [_pack(info)]
    if isinstance(error, errors.BadRequestError) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=errors.clip(error.field, _MAX_FIELD_BYTES),
            description=errors.clip(error.message, _MAX_FIELD_BYTES),
            reason=error.code,
        )
        packed.append(_pack(error_details_pb2.BadRequest(field_violations=[violation])))
    status = status_pb2.Status(code=_NUMBERS[code], message=details, details=packed)
    return Answer(code, details, ((DETAILS_METADATA, status.SerializeToString()),))


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


def _fitting(text: str) -> str:
    """Return ``text`` shortened to fit the metadata, with lone surrogates replaced."""
    text = errors.clip(text, MAX_DETAILS_BYTES)
    plain = text.isascii() and text.isprintable() and "%" not in text
    if plain or sum(1 if 0x20 <= byte <= 0x7E and byte != 0x25 else 3 for byte in text.encode()) <= MAX_DETAILS_BYTES:
        return text
    return errors.clip(text, _MAX_ESCAPED_TEXT_BYTES)
