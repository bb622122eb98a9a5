"""Maps failures to HTTP: the table of statuses, and the format of an error's body.

``{"error": {"code": "ERROR_…", "message": "…", "details": […]}}``, where details are the ``google.rpc`` ones in
protobuf's JSON format: ``ErrorInfo`` always, ``BadRequest`` if a field is to blame.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from inventory import errors

_Code = grpc.StatusCode

HTTP_STATUS: Final[Mapping[grpc.StatusCode, int]] = {
    _Code.OK: 200,
    _Code.CANCELLED: 499,
    _Code.UNKNOWN: 500,
    _Code.INVALID_ARGUMENT: 400,
    _Code.DEADLINE_EXCEEDED: 504,
    _Code.NOT_FOUND: 404,
    _Code.ALREADY_EXISTS: 409,
    _Code.PERMISSION_DENIED: 403,
    _Code.RESOURCE_EXHAUSTED: 429,
    _Code.FAILED_PRECONDITION: 400,
    _Code.ABORTED: 409,
    _Code.OUT_OF_RANGE: 400,
    _Code.UNIMPLEMENTED: 501,
    _Code.INTERNAL: 500,
    _Code.UNAVAILABLE: 503,
    _Code.DATA_LOSS: 500,
    _Code.UNAUTHENTICATED: 401,
}
"""As documented for google.rpc.Code; 499 is what proxies use when the caller has disconnected."""

DETAILS_METADATA: Final = "grpc-status-details-bin"
"""Trailing metadata with a serialized ``google.rpc.Status``."""

ERROR_DOMAIN: Final = "inventory.spaceone"
"""``ErrorInfo.domain`` of errors raised by the gateway itself, the same as the server's."""

_TEXT: Final = re.compile(r"(ERROR_[A-Z0-9_]+): (.*)", re.DOTALL)
_KNOWN_DETAILS: Final = (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest)
_TYPE_PREFIX: Final = "type.googleapis.com/"


class UnsupportedApiError(errors.BadRequestError):
    """The path, or the HTTP method on it, is not part of the API."""

    code = "ERROR_UNSUPPORTED_API"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"API is not supported. (reason = {reason})")


class UnsupportedMediaTypeError(errors.BadRequestError):
    """The body's content type is something other than JSON in UTF-8."""

    code = "ERROR_UNSUPPORTED_MEDIA_TYPE"

    def __init__(self) -> None:
        super().__init__("Media type is not supported. (supported = application/json in UTF-8, not compressed)")


class MalformedHostError(errors.BadRequestError):
    """The ``Host`` header is no host name or address with an optional port."""

    code = "ERROR_MALFORMED_HOST"

    def __init__(self) -> None:
        super().__init__("Host is malformed. (expected = a name or an address, and an optional port)")


class ForeignHostError(errors.BadRequestError):
    """Without authentication, the gateway was called under a name other than loopback addresses or localhost."""

    code = "ERROR_FOREIGN_HOST"

    def __init__(self) -> None:
        super().__init__("Without authentication, the gateway answers only under a loopback address or localhost.")


class ForeignSiteError(errors.BadRequestError):
    """Without authentication, a browser sent the request for a page of another site."""

    code = "ERROR_FOREIGN_SITE"

    def __init__(self) -> None:
        super().__init__("The request was sent by a page of another site. Nothing was changed.")


class RequestTooLargeError(errors.LimitExceededError):
    """The request is larger than allowed; retrying later does not help."""


class SlowRequestError(errors.RequestTimeoutError):
    """The client took too long to send its request."""

    def __init__(self) -> None:
        super().__init__(reason="the request's body did not arrive in time")


REFUSALS: Final[Mapping[type[errors.InventoryError], HTTPStatus]] = {
    errors.BadRequestError: HTTPStatus.BAD_REQUEST,
    UnsupportedApiError: HTTPStatus.NOT_FOUND,
    ForeignHostError: HTTPStatus.MISDIRECTED_REQUEST,
    ForeignSiteError: HTTPStatus.FORBIDDEN,
    UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.AuthenticateFailureError: HTTPStatus.UNAUTHORIZED,
    errors.LimitExceededError: HTTPStatus.TOO_MANY_REQUESTS,
    RequestTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.RequestTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    SlowRequestError: HTTPStatus.REQUEST_TIMEOUT,
}
"""For errors raised by the gateway itself, by branch of the error tree; the nearest base class applies."""


class HttpError(Exception):
    """A request that ends with an error.

    Attributes:
        status: the HTTP status.
        code: ``ERROR_*``.
        message: the text without the code.
        details: ``google.rpc`` details as JSON.
    """

    def __init__(self, status: int, code: str, message: str, details: list[Any]) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self) -> bytes:
        """Return the error as a response body."""
        content = {"error": {"code": self.code, "message": self.message, "details": self.details}}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def refusal(error: errors.InventoryError, transaction_id: str, *, status: int | None = None) -> HttpError:
    """Return the error for a request that the gateway itself refuses.

    Args:
        error: what is wrong.
        transaction_id: of the request.
        status: the HTTP status, if it differs from the table.
    """
    if status is None:
        found = (REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
        status = next(found, HTTPStatus.INTERNAL_SERVER_ERROR)
    details: list[Any] = [
        {
            "@type": _TYPE_PREFIX + error_details_pb2.ErrorInfo.DESCRIPTOR.full_name,
            "reason": error.code,
            "domain": ERROR_DOMAIN,
            "metadata": {"transaction_id": transaction_id},
        }
    ]
    if error.field:
        violation = {"field": errors.clip(error.field, 256), "description": error.message, "reason": error.code}
        name = _TYPE_PREFIX + error_details_pb2.BadRequest.DESCRIPTOR.full_name
        details.append({"@type": name, "field_violations": [violation]})
    return HttpError(status, error.code, error.message, details)


def from_rpc(status: grpc.StatusCode, text: str, details: bytes, transaction_id: str) -> HttpError:
    """Return the error for a failed call.

    Args:
        status: the call's gRPC status.
        text: its details text; passed on only if it is the server's ``ERROR_CODE: message``.
        details: the serialized ``google.rpc.Status``, or empty.
        transaction_id: of the request.
    """
    http_status = HTTP_STATUS.get(status, HTTPStatus.INTERNAL_SERVER_ERROR)
    found = _TEXT.fullmatch(text)
    if found is None:
        return refusal(_foreign(status, transaction_id), transaction_id, status=http_status)
    return HttpError(http_status, found[1], errors.clip(found[2]), _details(details))


def _foreign(status: grpc.StatusCode, transaction_id: str) -> errors.InventoryError:
    """Return the error for a status that comes from the network or grpc itself, whose text means nothing to users."""
    if status is _Code.UNAVAILABLE:
        return errors.ConnectionFailureError(service="inventory")
    if status is _Code.DEADLINE_EXCEEDED:
        return errors.RequestTimeoutError()
    if status is _Code.RESOURCE_EXHAUSTED:
        return errors.LimitExceededError(limit="of the inventory server")
    if status is _Code.UNIMPLEMENTED:
        return UnsupportedApiError(reason="the server does not know the method")
    return errors.UnknownError(transaction_id=transaction_id)


def _details(data: bytes) -> list[Any]:
    if not data:
        return []
    try:
        status = status_pb2.Status.FromString(data)
        return [
            {"@type": packed.type_url, **json_format.MessageToDict(message, preserving_proto_field_name=True)}
            for packed in status.details
            for message in (kind() for kind in _KNOWN_DETAILS)
            if packed.Unpack(message)
        ]
    except DecodeError:
        # The text says what matters; a garbled trailer is no reason to fail.
        return []
