"""What a gRPC status of another service means here: the one table."""

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

_UNAVAILABLE: Final = "the plugin cannot be reached, or broke off"
_OF_GRPC: Final = re.compile(
    r"ipv[46]:|unix:|failed to connect|connection (reset|refused|attempt)|socket closed|goaway|"
    r"end of tcp stream|name resolution|dns |handshake|keepalive|too_many_pings|stream removed|cancelling all calls|"
    r"recvmsg|sendmsg|broken pipe|transport closed|connection dropped|shutdown",
    re.IGNORECASE,
)
"""Words of grpc itself about a connection."""
_OF_CONNECTIONS: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED})
"""Statuses, beside UNAVAILABLE, that gRPC itself gives to a connection that breaks."""
_CODE: Final = re.compile(r"ERROR_[A-Z0-9_]{1,58}(?![A-Z0-9_])")


@dataclass(frozen=True, slots=True)
class About:
    """What a call was about.

    Attributes:
        service: the name of the service, such as ``secret``.
        key: the field that names the thing asked for, such as ``secret_id``.
        value: its value.
    """

    service: str
    key: str
    value: str


_Build = Callable[[About, grpc.StatusCode, str], InventoryError]
"""Makes the error from what was asked, the status and the ``ERROR_*`` code in its details (or ``""``)."""


def _not_found(about: About, _status: grpc.StatusCode, code: str) -> InventoryError:
    if code == NoPluginError.code:
        return NoPluginError(key=about.key, value=about.value)
    return NotFoundError(key=about.key, value=about.value)


def _refused(about: About, status: grpc.StatusCode, code: str) -> InventoryError:
    # SpaceONE services say NOT_FOUND as INVALID_ARGUMENT (contract, section 1).
    if code in {NotFoundError.code, NoPluginError.code}:
        return _not_found(about, status, code)
    if code == NotUniqueError.code:
        return NotUniqueError(key=about.key, value=about.value)
    reason = f"the {about.service} service refused it with {code or status.name}"
    return InvalidParameterError(key=about.key, reason=reason)


def _broken(about: About, status: grpc.StatusCode, code: str) -> InventoryError:
    # As a proxy's 502: the fault lies behind us. Its own words stay in the log.
    return ConnectionFailureError(service=about.service, reason=f"answered {code or status.name}")


def _unreachable(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return ConnectionFailureError(service=about.service)


def _late(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return RequestTimeoutError(reason=f"the {about.service} service did not answer in time")


def _limited(about: About, _status: grpc.StatusCode, _code: str) -> InventoryError:
    return LimitExceededError(limit=f"of the {about.service} service")


_TABLE: Final[dict[grpc.StatusCode, _Build]] = {
    grpc.StatusCode.OK: _broken,  # an error that says OK is one all the same
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
"""With these, and a word that is not gRPC's about the connection, the service itself answered."""
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|\[?[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*\]?(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|"
    r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*:\d+",
    re.IGNORECASE,
)
"""Where something listens: URLs, IPv6 and IPv4 addresses, names with a port."""
_QUOTED: Final = re.compile(r"(\b\w+ = )[^,)]+")
"""Values as SpaceONE's services quote them: ``(secret_id = …)``."""


def platform_error(status: grpc.StatusCode, details: str, about: About) -> InventoryError:
    """Return our error for a platform service's failure.

    Its text never goes further, only its code; but for the secret service's own words, which say what to mend there
    (contract §6), less all that is an address or was asked for.
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
    """Return the ``ERROR_*`` code that a service's text begins with, of 64 characters at most; empty without one."""
    found = _CODE.match(details)
    return found[0] if found else ""


def plugin_error(status: grpc.StatusCode, details: str, redactor: Redactor) -> PluginError:
    """Return our error for a plugin's failure: UNAVAILABLE may pass, all else is the plugin's word.

    Args:
        status: what the call ended with.
        details: the plugin's words.
        redactor: takes the secret's values out of them.
    """
    if status is grpc.StatusCode.UNAVAILABLE:
        return PluginUnavailableError(reason=unavailable_reason(details, redactor))
    return PluginError(reason=plugin_reason(status, details, redactor))


def unavailable_reason(details: str, redactor: Redactor) -> str:
    """Return why a plugin is UNAVAILABLE: our words, and beside them the plugin's own where it has any.

    grpc gives the same status to a connection that fails, with words of its own that name addresses; these are left.
    """
    if not details or _OF_GRPC.search(details):
        return _UNAVAILABLE
    return f"{_UNAVAILABLE}; it said: {redactor(details)}"


def plugin_reason(status: grpc.StatusCode, details: str, redactor: Redactor) -> str:
    """Return a plugin's status and words as one line, free of secret values."""
    if status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "DEADLINE_EXCEEDED: the plugin did not answer in time"
    return f"{status.name}: {redactor(details)}" if details else status.name
