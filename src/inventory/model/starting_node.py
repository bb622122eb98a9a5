"""Connections that were made to a node while it started.

Such a node does not say that it offers sessions, and the driver keeps that with the connection: every transaction over
it fails until it is closed, long after the node works. That happens to clients that connect directly, as in
``inventory up``; others connect to a node only once it is the primary.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, PyMongoError


def is_starting(exc: PyMongoError) -> bool:
    """Return whether the driver sent nothing, since the connection was made to a node that was starting."""
    return isinstance(exc, ConfigurationError)


def renew_connections(client: MongoClient[Any]) -> None:
    """Let the driver replace each open connection before it is used again."""
    # The driver has no public way. Without this one, only the retries remain.
    with suppress(AttributeError, TypeError):
        for server in list(client._topology._servers.values()):
            server.pool.reset_without_pause()
