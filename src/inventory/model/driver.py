"""What the driver offers no public way to: everything that depends on its private parts.

``tests/unit/model/test_driver.py`` fails if a new release of pymongo changes them.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, PyMongoError

_waits: ContextVar[bool] = ContextVar("waits", default=False)


def wait_for_server() -> None:
    """Let the operations of this context wait for a lost server as long as their limit allows."""
    _waits.set(True)


class BoundedClient(MongoClient[Any]):
    """A client that waits for a lost server no longer than ``serverSelectionTimeoutMS``; see ``wait_for_server``.

    Within ``pymongo.timeout`` the driver itself waits as long as the whole limit. Calls that are in flight when MongoDB
    goes away would then hold their threads until their callers' deadlines, and others would find none.
    """

    def _init_background(self, old_pid: int | None = None) -> None:
        super()._init_background(old_pid)
        topology, most = self._topology, self.options.server_selection_timeout
        of_the_limit = topology.get_server_selection_timeout

        def seconds() -> float:
            limit: float = of_the_limit()
            return limit if _waits.get() else min(limit, most)

        topology.get_server_selection_timeout = seconds  # type: ignore[method-assign]


def is_starting(exc: PyMongoError) -> bool:
    """Return whether the driver sent nothing, since the connection was made to a node that was starting.

    Such a node does not say that it offers sessions, and the driver keeps that with the connection: every transaction
    over it fails until it is closed, long after the node works. That happens to clients that connect directly, as in
    ``inventory up``; others connect to a node only once it is the primary.
    """
    return isinstance(exc, ConfigurationError)


def renew_connections(client: MongoClient[Any]) -> None:
    """Let the driver replace each open connection before it is used again."""
    # Without this one, only the retries remain.
    with suppress(AttributeError, TypeError):
        for server in list(client._topology._servers.values()):
            server.pool.reset_without_pause()
