"""The gateway: the methods of the gRPC API over HTTP and JSON. A client of the server, and nothing more."""

from __future__ import annotations

from inventory.gateway.process import run

__all__ = ["run"]
