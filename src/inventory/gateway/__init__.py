"""The gateway: the methods of the gRPC API over HTTP and JSON. It is purely a client of the server."""

from __future__ import annotations

from inventory.gateway.process import run

__all__ = ["run"]
