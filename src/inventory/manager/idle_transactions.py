"""Open transactions of processes that are frozen or dead: they block everybody who writes the same documents.

Whoever takes over a claim ends its earlier owner's transaction. A user's own write has no claim that anybody could take
over, and MongoDB ends its transaction only after 60 to 90 s.
"""

from __future__ import annotations

from typing import Any, Final

from bson.codec_options import DEFAULT_CODEC_OPTIONS
from pymongo.database import Database
from pymongo.errors import OperationFailure

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.errors import mongodb_error_name
from inventory.manager.transactions import end_sessions
from inventory.model.connection import APP_NAME, translated_errors
from inventory.observe.logs import get_logger

IDLE_SECONDS: Final = 8.0
"""Time without any command after which a transaction counts as abandoned, s. No process of the service waits for
anything but MongoDB within a transaction; if one is merely that slow, its transaction is done again."""

_Key = tuple[bytes, int, str]
"""Session, number of the transaction in it, and shard."""

_OPEN: Final[list[Document]] = [
    # A user without privileges sees their own sessions, and may end them.
    {"$currentOp": {"allUsers": False, "idleSessions": True}},
    {"$match": {"type": "idleSession", "appName": APP_NAME, "transaction": {"$exists": True}}},
    {"$project": {"lsid": 1, "transaction": 1, "shard": 1}},
]

_log = get_logger(__name__)


class IdleTransactions:
    """Ends abandoned transactions, including those of other installations that use the same MongoDB.

    Args:
        database: any database of the MongoDB.
        clock: measures how long nothing has happened.
    """

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # By transaction: the time that MongoDB has spent on its commands, µs, and since when this is unchanged, s.
        self._open: dict[_Key, tuple[int, float]] = {}
        self._is_refused = False

    @translated_errors()
    def end(self) -> int:
        """End the transactions in which nothing has happened for ``IDLE_SECONDS``, and return their number.

        Call it every few seconds: what happens in between is found by comparing with the previous call.

        Raises:
            ConnectionFailureError: MongoDB is unreachable.
        """
        now = self._clock.monotonic()
        before, self._open = self._open, {}
        for found in self._found():
            key, active = _key(found), found["transaction"].get("timeActiveMicros", 0)
            known = before.get(key)
            self._open[key] = known if known is not None and known[0] == active else (active, now)
        idle = {key[0] for key, (_, since) in self._open.items() if now - since >= IDLE_SECONDS}
        if idle:
            _log.warning("idle_transactions_ended", transactions=len(idle), idle_seconds=IDLE_SECONDS)
            end_sessions(self._database, sorted(idle))
        return len(idle)

    def _found(self) -> list[Any]:
        try:
            # With the default options, a session's id stays as the bytes that commands send.
            return list(self._database.client.get_database("admin", DEFAULT_CODEC_OPTIONS).aggregate(_OPEN))
        except OperationFailure as exc:
            # Some hosted offers of MongoDB do not have it; MongoDB then ends the transactions itself, later.
            if not self._is_refused:
                _log.warning("idle_transactions_unknown", reason=mongodb_error_name(exc))
            self._is_refused = True
            return []


def _key(found: Document) -> _Key:
    return found["lsid"]["id"], found["transaction"]["parameters"]["txnNumber"], found.get("shard", "")
