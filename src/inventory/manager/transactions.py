"""Transactions: writes that become visible together or not at all, and only while their writer still has its claim.

A process that was frozen may resume long after another has taken over its work. So each transaction begins by reading
the claim (the *fence*). MongoDB checks all its writes against the time of that read: if another process has written one
of its documents since, the transaction is aborted. So a writer without a claim never overwrites anything newer than the
claim that it read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern

from inventory.domain.plain import Document
from inventory.errors import mongodb_error_name
from inventory.model.connection import INTERRUPTED, NOT_PERMITTED
from inventory.model.driver import is_starting, renew_connections
from inventory.observe.logs import get_logger

T = TypeVar("T")

PATIENCE_SECONDS: Final = 120.0
"""How long a transaction is retried, s: longer than the transaction of a frozen process lives (60 s by MongoDB's
default until it may be aborted, and 30 s until it is)."""
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.5
_TRANSIENT: Final = "TransientTransactionError"
"""MongoDB's label: nothing of the transaction was done, and it may be retried."""
_UNKNOWN: Final = "UnknownTransactionCommitResult"
"""MongoDB's label: only the commit may be retried, since it may have succeeded."""
_SNAPSHOT: Final = ReadConcern("snapshot")

_log = get_logger(__name__)


class ClaimLostError(Exception):
    """The writer no longer has the claim under which it works; nothing was written."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A claim, as a document that exists only as long as the claim is valid.

    Attributes:
        query: finds it, by a unique key.
    """

    collection: str
    query: Mapping[str, Any]


class Transactions:
    """Runs transactions for one writer; an object serves one thread at a time.

    Args:
        database: the database to write to.
        fence: the required claim; None for a user's own write, which needs none.
        patience_seconds: how long a transaction that conflicts with others is retried, s.
    """

    def __init__(
        self,
        *,
        database: Database[Document],
        fence: Fence | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._fence = fence
        self._patience_seconds = patience_seconds
        self._session: ClientSession | None = None

    @contextmanager
    def session(self, session: ClientSession | None = None) -> Iterator[None]:
        """Use one session, ``session`` or a new one, for all transactions of the block."""
        if session is not None:
            self._session = session
            yield
            return
        with self._database.client.start_session() as self._session:
            yield
        self._session = None

    def run(self, work: Callable[[ClientSession], T]) -> T:
        """Return the result of ``work`` once everything it wrote is committed; if it fails, nothing of it remains.

        Args:
            work: writes with the session it receives. It is called again after conflicts with other writers, so it must
                have no other effects, and must not catch errors of its writes.

        Raises:
            ClaimLostError: the claim was lost, and nothing was written.
            PyMongoError: MongoDB failed. After a failed commit, the writes may or may not exist.
        """
        if self._session is not None:
            return self._run(self._session, work)
        with self._database.client.start_session() as session:
            return self._run(session, work)

    def _run(self, session: ClientSession, work: Callable[[ClientSession], T]) -> T:
        deadline = time.monotonic() + self._patience_seconds
        waits = pauses()
        while True:
            try:
                return self._once(session, work, deadline)
            except PyMongoError as exc:
                undone = exc.has_error_label(_TRANSIENT) or _was_interrupted(exc) or self._renewed(exc)
                if not undone or _away(exc) or time.monotonic() >= deadline:
                    raise
                time.sleep(next(waits))

    def _once(self, session: ClientSession, work: Callable[[ClientSession], T], deadline: float) -> T:
        session.start_transaction(read_concern=_SNAPSHOT)
        try:
            self.check(session)
            result = work(session)
        except BaseException:
            with suppress(PyMongoError):
                session.abort_transaction()
            raise
        waits = pauses()
        while True:
            try:
                session.commit_transaction()
            except PyMongoError as exc:
                unknown = exc.has_error_label(_UNKNOWN) or _was_interrupted(exc) or self._renewed(exc)
                if not unknown or _away(exc) or time.monotonic() >= deadline:
                    raise
                time.sleep(next(waits))
            else:
                return result

    def _renewed(self, exc: PyMongoError) -> bool:
        """Return whether nothing was sent over a connection that was made to a starting node, and is now replaced."""
        if not is_starting(exc):
            return False
        renew_connections(self._database.client)
        return True

    def check(self, session: ClientSession | None = None) -> None:
        """Return if the writer still has its claim. Raises ``ClaimLostError``."""
        if self._fence is None:
            return
        found = self._database[self._fence.collection].find_one(self._fence.query, {"_id": 1}, session=session)
        if found is None:
            raise ClaimLostError


def end_sessions(database: Database[Any], session_ids: Sequence[bytes]) -> None:
    """Undo what processes have written with these sessions but not committed: they may be frozen and block others.

    If MongoDB refuses or is unreachable, the sessions' transactions end a little later (see
    :mod:`~inventory.manager.idle_transactions`): the caller has its claim all the same. Unless the user merely lacks
    the privilege, that is logged. A process that has left its claim may use the same session for something else by now;
    that is interrupted, and done again.
    """
    if not session_ids:
        return
    try:
        database.client.admin.command("killSessions", [{"id": each} for each in session_ids])
    except PyMongoError as exc:
        if not isinstance(exc, OperationFailure) or exc.code not in NOT_PERMITTED:
            _log.warning("sessions_not_ended", sessions=len(session_ids), reason=mongodb_error_name(exc))


def sessions_of(collection: Collection[Any], claims: Mapping[str, Any], field: str = "session") -> list[bytes]:
    """Return the sessions that are stored in the documents that ``claims`` finds, in the field ``field``."""
    found = collection.find({**claims, field: {"$exists": True}}, {field: 1})
    return [claim[field] for claim in found]


def pauses() -> Iterator[float]:
    """Yield how long to wait before each retry, s; randomized, so that two writers wait differently."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _was_interrupted(exc: PyMongoError) -> bool:
    """Whether somebody has ended the session: outside of a commit, nothing of the transaction was done."""
    if isinstance(exc, BulkWriteError):
        return any(error.get("code") == INTERRUPTED for error in exc.details.get("writeErrors", ()))
    return isinstance(exc, OperationFailure) and exc.code == INTERRUPTED


def _away(exc: PyMongoError) -> bool:
    """Whether the server selection timeout has passed."""
    return isinstance(exc, ServerSelectionTimeoutError | WaitQueueTimeoutError)
