"""Types of addresses in settings and in the static platform file; an address that no channel can use is rejected."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from inventory.process.addresses import parse, parse_endpoint


def _endpoint(text: str) -> str:
    if parse_endpoint(text) is None:
        raise ValueError("must be grpc://host:port or grpc+ssl://host:port")
    return text


def _endpoint_or_empty(text: str) -> str:
    return _endpoint(text) if text else ""


def _server_or_empty(text: str) -> str:
    if text and parse(text) is None:
        raise ValueError("must be host:port, grpc://host:port or grpc+ssl://host:port")
    return text


Endpoint: TypeAlias = Annotated[str, AfterValidator(_endpoint)]
"""Another service: ``grpc://host:port`` or ``grpc+ssl://host:port``; a path after it is ignored."""
EndpointOrEmpty: TypeAlias = Annotated[str, AfterValidator(_endpoint_or_empty)]
"""The same, or the empty string."""
ServerOrEmpty: TypeAlias = Annotated[str, AfterValidator(_server_or_empty)]
"""The server of this service, for which ``host:port`` suffices, or the empty string."""
