"""Options common to all client commands: which server, as whom, and how to print."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to reach the service, and how to print.

    Attributes:
        endpoint: ``host:port`` of the gRPC server; ``grpc+ssl://host:port`` for TLS.
        domain_id: added to requests without one.
        token: sent as metadata; never printed.
        timeout: deadline of one call, in seconds.
        as_json: print JSON for scripts instead of tables.
        ca_file: PEM CA for TLS; absent: the system's.
        debug: show the traceback of an unexpected error.
        endpoint_origin: who chose the endpoint, in words for an error message; empty: the user.
    """

    endpoint: str
    domain_id: str = ""
    token: str = field(default="", repr=False)
    timeout: float = 30.0
    as_json: bool = False
    ca_file: Path | None = None
    debug: bool = False
    endpoint_origin: str = ""
