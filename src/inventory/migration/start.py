"""Waits for migrations at the start of a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from inventory.errors import InventoryError, SettingsError
from inventory.migration.errors import MigrationFailedError, MigrationPendingError
from inventory.migration.migrator import Migrator
from inventory.observe.logs import get_logger

RETRY_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.1

_log = get_logger(__name__)


def migrate(migrator: Migrator, *, apply: bool, breaking: bool = False) -> list[int]:
    """Return once this code may use the database, or raise.

    migrator: compares and runs migrations.
    apply: whether to run pending ones.
    breaking: see ``Migrator.run``.

    Returns:
        The numbers of the migrations that were run here.

    Raises:
        InventoryError: see ``Migrator.check_server``, ``Migrator.check`` and ``Migrator.run``.
    """
    migrator.check_server()
    try:
        migrator.check()
    except MigrationPendingError:
        if not apply:
            raise
        return migrator.run(breaking=breaking)
    return []


def await_migrated(
    migrator: Migrator, *, apply: bool, wait: Callable[[float], bool], breaking: bool = False
) -> list[int] | None:
    """Return once this code may use the database; call it before any work whose claims rely on unique keys.

    Args:
        migrator: compares and runs.
        apply: whether to run what is pending; else wait until another process has.
        wait: waits so many seconds, and tells whether to give up. It is called about every tenth of a second, also
            while a migration runs.
        breaking: see ``Migrator.run``.

    Returns:
        The numbers of the migrations that were run here, or None where ``wait`` gave up.

    Raises:
        SettingsError: MongoDB is a standalone server.
        DatabaseTooNewError: newer processes have changed the database so that this code must not use it.
        MigrationFailedError: a migration met data that it cannot change.
    """
    reported = ""
    while True:
        attempt = _Attempt(migrator, apply=apply, breaking=breaking)
        while attempt.is_alive():
            if wait(_POLL_SECONDS):
                return None
        if attempt.failure is None:
            return attempt.done
        if isinstance(attempt.failure, SettingsError | MigrationFailedError) or not isinstance(
            attempt.failure, InventoryError
        ):
            raise attempt.failure
        if str(attempt.failure) != reported:
            reported = str(attempt.failure)
            # At every first start, all processes but one wait while another migrates.
            level = logging.INFO if isinstance(attempt.failure, MigrationPendingError) else logging.WARNING
            _log.log(level, "waiting_for_migrations", error=reported)
        if wait(RETRY_SECONDS):
            return None


class _Attempt(threading.Thread):
    """One try, on a thread of its own: an index takes its time, and the process has to stay reachable meanwhile.

    A process that stops does not wait for it: what it began, the next one ends.
    """

    def __init__(self, migrator: Migrator, *, apply: bool, breaking: bool) -> None:
        super().__init__(name="migrate", daemon=True)
        self._migrator = migrator
        self._apply = apply
        self._breaking = breaking
        self.done: list[int] = []
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.done = migrate(self._migrator, apply=self._apply, breaking=self._breaking)
        except Exception as exc:  # noqa: BLE001  handed to the thread that waits
            self.failure = exc
