"""What a request's headers say: its token, its transaction and trace, and the type of its body."""

from __future__ import annotations

import re
import secrets
from email.message import Message
from typing import Final

from starlette.datastructures import Headers

from inventory.errors import AuthenticateFailureError
from inventory.gateway.errors import UnsupportedMediaTypeError
from inventory.observe.traceparent import TRACEPARENT, trace_id, valid

TRANSACTION_HEADER: Final = "X-Transaction-Id"
MAX_TRANSACTION_ID: Final = 128
"""Longest transaction_id accepted; a longer or unprintable one is replaced, as in the server."""

MAX_TOKEN: Final = 16 * 1024
"""Longest token passed on; the server accepts no longer ones."""

_BEARER: Final = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)


def transaction_id(headers: Headers) -> str:
    """Return the caller's transaction_id, else the trace id of its traceparent, else a new one."""
    given = headers.get(TRANSACTION_HEADER, "")
    if given and len(given) <= MAX_TRANSACTION_ID and given.isascii() and given.isprintable():
        return given
    return trace_id(traceparent(headers)) or f"tnx-{secrets.token_hex(6)}"


def traceparent(headers: Headers) -> str:
    """Return the caller's ``traceparent`` (W3C); empty if there is none, or more than one, or it is invalid."""
    return valid(*headers.getlist(TRACEPARENT))


def token(headers: Headers) -> str:
    """Return the caller's token; empty without one.

    Raises:
        AuthenticateFailureError: the ``Authorization`` header contains no Bearer token.
    """
    given = headers.get("Authorization")
    if given is None:
        return ""
    found = _BEARER.fullmatch(given)
    if found is None or len(found[1]) > MAX_TOKEN:
        raise AuthenticateFailureError
    return found[1]


def check_body_is_json(headers: Headers) -> None:
    """Return if the body's content type is JSON in UTF-8, uncompressed.

    Raises:
        UnsupportedMediaTypeError: it is something else, or missing. This also keeps pages of other sites from posting:
            browsers send a preflight request before JSON to another site, and it is not answered here.
    """
    parsed = Message()
    parsed["Content-Type"] = headers.get("Content-Type", "text/plain")
    charset = str(parsed.get_param("charset", "utf-8"))
    compressed = headers.get("Content-Encoding", "identity").lower() != "identity"
    if parsed.get_content_type() != "application/json" or charset.lower() not in {"utf-8", "utf8"} or compressed:
        raise UnsupportedMediaTypeError
