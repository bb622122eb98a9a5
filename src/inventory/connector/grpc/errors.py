"""Translates the gRPC status of another service to an error: the only table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc

from inventory.domain.redact import BLOT, Redactor
from inventory.errors import (
    AuthenticateFailureError,
    ConnectionFailureError,
    InvalidParameterError,
    InventoryError,
    LimitExceededError,
    NoPluginError,
    NotFoundError,
    NotUniqueError,
    PermissionDeniedError,
    PluginError,
    PluginUnavailableError,
    RequestTimeoutError,
    SecretServiceError,
    VerifyPluginFailureError,
)

_OF_TLS: Final = re.compile(r"failed to connect.*(handshake|certificate)", re.IGNORECASE | re.DOTALL)
"""Texts of grpc itself about a failed TLS handshake."""
_TLS_ADVICE: Final = (
    "it speaks no TLS, or its certificate is not of this host or not signed by a CA of INVENTORY_PLATFORM_CA_FILE"
)
_UNAVAILABLE: Final = "the plugin cannot be reached, or broke off"
_OF_GRPC: Final = re.compile(
    r"ipv[46]:|unix:|failed to connect|connection (reset|refused|attempt)|socket closed|goaway|"
    r"end of tcp stream|name resolution|dns |handshake|keepalive|too_many_pings|stream removed|cancelling all calls|"
    r"recvmsg|sendmsg|broken pipe|transport closed|connection dropped|shutdown",
    re.IGNORECASE,
)
"""Texts of grpc itself about a connection."""
_OF_CONNECTIONS: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED})
"""Statuses besides UNAVAILABLE that grpc itself uses for a broken connection."""
_CODE: Final = re.compile(r"ERROR_[A-Z0-9_]{1,58}(?![A-Z0-9_])")


@dataclass(frozen=True, slots=True)
class About:
    """What a call was about.

    Attributes:
        service: the name of the service, such as ``secret``.
        key: the field that names the requested object, such as ``secret_id``.
    """

    service: str
    key: str
    value: str


_Build = Callable[[About, grpc.StatusCode, str], InventoryError]
"""Builds the error from the request, the status and the ``ERROR_*`` code in its details (or ``""``)."""


def _not_found(about: About, _status: grpc.StatusCode, code: str) -> InventoryError:
    if code == NoPluginError.code:
        return NoPluginError(key=about.key, value=about.value)
    return NotFoundError(key=about.key, value=about.value)


def _refused(about: About, status: grpc.StatusCode, code: str) -> InventoryError:
    # SpaceONE services report NOT_FOUND as INVALID_ARGUMENT (contract, section 1).
    if code in {NotFoundError.code, NoPluginError.code}:
        return _not_found(about, status, code)
    if code == NotUniqueError.code:
        return NotUniqueError(key=about.key, value=about.value)
    reason = f"the {about.service} service refused it with {code or status.name}"
    return InvalidParameterError(key=about.key, reason=reason)


def _broken(about: About, status: grpc.StatusCode, code: str) -> InventoryError:
    # Like a proxy's 502: the fault lies behind this service. The text is not passed on.
    return ConnectionFailureError(service=about.service, reason=f"answered {code or status.name}")


def _unreachable(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return ConnectionFailureError(service=about.service)


def _late(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return RequestTimeoutError(reason=f"the {about.service} service did not answer in time")


def _limited(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return LimitExceededError(limit=f"of the {about.service} service")


_TABLE: Final[dict[grpc.StatusCode, _Build]] = {
    grpc.StatusCode.OK: _broken,  # an error with status OK is still an error
    grpc.StatusCode.CANCELLED: _broken,
    grpc.StatusCode.UNKNOWN: _broken,
    grpc.StatusCode.INVALID_ARGUMENT: _refused,
    grpc.StatusCode.DEADLINE_EXCEEDED: _late,
    grpc.StatusCode.NOT_FOUND: _not_found,
    grpc.StatusCode.ALREADY_EXISTS: _refused,
    grpc.StatusCode.PERMISSION_DENIED: lambda *_: PermissionDeniedError(),
    grpc.StatusCode.RESOURCE_EXHAUSTED: _limited,
    grpc.StatusCode.FAILED_PRECONDITION: _refused,
    grpc.StatusCode.ABORTED: _broken,
    grpc.StatusCode.OUT_OF_RANGE: _refused,
    grpc.StatusCode.UNIMPLEMENTED: _broken,
    grpc.StatusCode.INTERNAL: _broken,
    grpc.StatusCode.UNAVAILABLE: _unreachable,
    grpc.StatusCode.DATA_LOSS: _broken,
    grpc.StatusCode.UNAUTHENTICATED: lambda *_: AuthenticateFailureError(),
}

PLUGIN_SERVICE: Final = "plugin"

_REACHED: Final = frozenset(status for status, build in _TABLE.items() if build in {_broken, _refused})
"""With these statuses, and a text that is not grpc's about the connection, the service itself answered."""
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|\[?[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*\]?(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|"
    r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*:\d+",
    re.IGNORECASE,
)
"""Addresses: URLs, IPv6 and IPv4 addresses, names with a port."""
_QUOTED: Final = re.compile(r"(\b\w+ = )[^,)]+")
"""Values as SpaceONE's services quote them: ``(secret_id = …)``."""


def platform_error(status: grpc.StatusCode, details: str, about: About) -> InventoryError:
    """Return our error for a platform service's failure.

    Only its code is passed on, never its text; except the secret service's text, which says what to fix there
    (contract §6), without addresses and requested values.
    """
    code = error_code(details)
    error = _TABLE[status](about, status, code)
    broke = status in _OF_CONNECTIONS and not code and _OF_GRPC.search(details)
    if about.service == "secret" and status in _REACHED and not isinstance(error, NotFoundError) and not broke:
        reason = _secret_reason(status, details, about)
        return SecretServiceError(reason=reason, passing=_TABLE[status] is _broken)
    if about.service == PLUGIN_SERVICE and code and status in _REACHED and not isinstance(error, NotFoundError):
        return VerifyPluginFailureError(reason=f"the plugin service has no endpoint for it: {code}")
    return error


def _secret_reason(status: grpc.StatusCode, details: str, about: About) -> str:
    words = _QUOTED.sub(rf"\1{BLOT}", details)
    if about.value:
        words = words.replace(about.value, BLOT)
    words = " ".join(_ADDRESS.sub(BLOT, words).split())
    return f"the secret service answered {status.name}" + (f": {words}" if words else "")


def error_code(details: str) -> str:
    """Return the ``ERROR_*`` code with which a service's text begins, of at most 64 characters; empty without one."""
    found = _CODE.match(details)
    return found[0] if found else ""


def plugin_error(status: grpc.StatusCode, details: str, redactor: Redactor) -> PluginError:
    """Return our error for a plugin's failure: UNAVAILABLE may be temporary, all others are the plugin's refusals.

    Args:
        status: the status of the call.
        details: the plugin's message.
        redactor: redacts the secret's values in it.
    """
    if status is grpc.StatusCode.UNAVAILABLE:
        return PluginUnavailableError(reason=unavailable_reason(details, redactor))
    return PluginError(reason=plugin_reason(status, details, redactor))


def unavailable_reason(details: str, redactor: Redactor) -> str:
    """Return why a plugin is UNAVAILABLE: our own text, with the plugin's message if it has one.

    grpc uses the same status for a failed connection, with texts that contain addresses; these are left out.
    """
    if _OF_TLS.search(details):
        return f"{_UNAVAILABLE}; no TLS connection: {_TLS_ADVICE}"
    if not details or _OF_GRPC.search(details):
        return _UNAVAILABLE
    return f"{_UNAVAILABLE}; it said: {redactor(details)}"


def plugin_reason(status: grpc.StatusCode, details: str, redactor: Redactor) -> str:
    """Return a plugin's status and message as one line, free of secret values."""
    if status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "DEADLINE_EXCEEDED: the plugin did not answer in time"
    return f"{status.name}: {redactor(details)}" if details else status.name
