"""Runs migrations: one process at a time; if it dies, the next one resumes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pymongo.database import Database
from pymongo.errors import OperationFailure

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.errors import BadRequestError, InventoryError, mongodb_error_name
from inventory.migration.catalog import INDEX_DROPS, MIGRATIONS, Migration
from inventory.migration.errors import DatabaseTooNewError, MigrationFailedError, MigrationPendingError
from inventory.migration.ledger import Ledger, MigrationRecord
from inventory.migration.original.takeover import unfinished
from inventory.model.connection import require_transactions, translated_errors
from inventory.model.indexes import build_indexes
from inventory.observe.logs import get_logger
from inventory.version import package_version

LEASE_SECONDS: Final = 15.0
"""How long the lock lasts without being renewed, s: after that, another process continues for a dead one."""
_RENEWALS_PER_LEASE: Final = 5

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MigrationState:
    """How database and code relate.

    Attributes:
        pending: migrations of this code that have not ended, oldest first.
        unknown: records of migrations unknown to this code: newer processes have used the database.
    """

    pending: tuple[Migration, ...]
    unknown: tuple[MigrationRecord, ...]
    records: dict[int, MigrationRecord]


class Migrator:
    """Compares the database with the migrations, from any thread; runs pending ones, from one thread at a time."""

    def __init__(
        self,
        *,
        database: Database[Document],
        clock: Clock,
        owner: str,
        migrations: Sequence[Migration] = MIGRATIONS,
        lease_seconds: float = LEASE_SECONDS,
        version: str = "",
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            database: the database to migrate.
            owner: identifies this process in the lock.
            migrations: those known to this code, oldest first.
            lease_seconds: how long the lock outlives a killed process, s.
            version: of this code, for the records; empty: the package's.
        """
        self._database = database
        self._migrations = tuple(migrations)
        self._version = version or package_version()
        self._lease_seconds = lease_seconds
        self._ledger = Ledger(database=database, clock=clock, owner=owner, lease_seconds=lease_seconds)

    def state(self) -> MigrationState:
        """Return how database and code relate. Raises ``ConnectionFailureError``."""
        records = self._ledger.records()
        known = {migration.number for migration in self._migrations}
        return MigrationState(
            pending=tuple(one for one in self._migrations if not _ended(records.get(one.number))),
            unknown=tuple(record for number, record in records.items() if number not in known),
            records=records,
        )

    def check_server(self) -> None:
        """Return if MongoDB can do what this code asks of it; see :func:`require_transactions` for what it raises."""
        require_transactions(self._database)

    def check(self) -> None:
        """Return if this code may use the database.

        Raises:
            DatabaseTooNewError: a breaking migration unknown to this code was at least begun.
            MigrationPendingError: migrations have not ended yet.
            ConnectionFailureError: MongoDB is unreachable.
        """
        state = self.state()
        self._refuse_if_too_new(state)
        self._refuse_half_taken_over()
        if state.pending:
            raise MigrationPendingError(numbers=[one.number for one in state.pending])

    def run(self, *, breaking: bool = False) -> list[int]:
        """Run pending migrations in order; return the numbers of those run here.

        Args:
            breaking: also run migrations that older processes do not survive.

        Raises:
            DatabaseTooNewError: see ``check``.
            MigrationPendingError: another process is migrating, the lock was lost, or a pending migration is breaking.
            MigrationFailedError: a migration met data that it cannot change.
            ConnectionFailureError: MongoDB is unreachable.
        """
        state = self.state()
        self._refuse_if_too_new(state)
        self._refuse_half_taken_over()
        if not state.pending:
            return []
        with self._lock(state.pending) as lost:
            done: list[int] = []
            # Read again under the lock: its previous owner may have run some.
            for migration in self.state().pending:
                if lost.is_set():
                    raise MigrationPendingError(numbers=[migration.number], reason="the lock was lost")
                if migration.breaking and not breaking:
                    raise MigrationPendingError(numbers=[migration.number], reason="run `inventory migrate --breaking`")
                self._apply(migration)
                done.append(migration.number)
            return done

    def mend_indexes(self) -> None:
        """Rebuild indexes that are recorded as built but missing, for example after a restore without them.

        Does nothing if migrations are pending, or if newer code knows better which indexes should exist; concurrent
        calls do no harm.

        Raises:
            MigrationFailedError: stored documents violate a unique key.
            ConnectionFailureError: MongoDB is unreachable.
        """
        state = self.state()
        builders = [one for one in self._migrations if one.apply is build_indexes]
        if builders and not state.pending and not state.unknown:
            self._change(builders[-1])

    def drop_rebuilt_indexes(self) -> None:
        """Drop superseded indexes that a process of an earlier version has built again when it started.

        Does nothing if migrations are pending, or if newer code knows better which indexes should exist; concurrent
        calls do no harm.

        Raises:
            ConnectionFailureError: MongoDB is unreachable.
        """
        state = self.state()
        if not state.pending and not state.unknown:
            for one in self._migrations:
                if one.apply in INDEX_DROPS:
                    self._change(one)

    def _apply(self, migration: Migration) -> None:
        _log.info("migration_begins", number=migration.number, name=migration.name)
        self._ledger.begin(migration, self._version)
        self._change(migration)
        self._ledger.finish(migration)
        _log.info("migration_ended", number=migration.number, name=migration.name)

    def _change(self, migration: Migration) -> None:
        try:
            with translated_errors():
                migration.apply(self._database)
        except (BadRequestError, OperationFailure) as exc:
            raise MigrationFailedError(number=migration.number, name=migration.name, reason=_reason(exc)) from exc

    @contextmanager
    def _lock(self, pending: Sequence[Migration]) -> Iterator[threading.Event]:
        """Hold the lock, renewed by a thread, since an index may take hours; yields an event that signals its loss."""
        if not self._ledger.lock():
            raise MigrationPendingError(numbers=[one.number for one in pending], runs=True)
        lost, ended = threading.Event(), threading.Event()

        def renew() -> None:
            while not ended.wait(self._lease_seconds / _RENEWALS_PER_LEASE):
                try:
                    if not self._ledger.renew():
                        lost.set()
                        return
                except InventoryError as exc:
                    _log.warning("migration_lock_not_renewed", error=str(exc))

        renewing = threading.Thread(target=renew, name="migration-lock", daemon=True)
        renewing.start()
        try:
            yield lost
        finally:
            ended.set()
            renewing.join()
            self._ledger.unlock()

    def _refuse_half_taken_over(self) -> None:
        with translated_errors():
            source = unfinished(self._database)
        if source:
            reason = f"the takeover of {source} has not ended: run `inventory migrate --from-original {source}` again"
            raise MigrationPendingError(numbers=[], reason=reason)

    def _refuse_if_too_new(self, state: MigrationState) -> None:
        for record in state.unknown:
            if record.breaking:
                raise DatabaseTooNewError(
                    number=record.number, name=record.name, since=record.since, version=self._version
                )


def _ended(record: MigrationRecord | None) -> bool:
    return record is not None and record.finished_at is not None


def _reason(exc: Exception) -> str:
    """Return MongoDB's message without the values it quotes, which are customer data."""
    cause = exc if isinstance(exc, OperationFailure) else exc.__cause__ or exc
    details = (cause.details or {}) if isinstance(cause, OperationFailure) else {}
    keys = ", ".join(details.get("keyPattern") or ())
    return f"{mongodb_error_name(cause)}{f' on {keys}' if keys else ''}"
