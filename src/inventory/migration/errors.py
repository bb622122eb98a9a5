"""Mismatches between a database and the code."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.errors import InventoryError, SettingsError


class MigrationPendingError(InventoryError):
    """Migrations have not been run yet; this process must not use the database before.

    Attributes:
        numbers: of the migrations.
        runs: whether another process is running them now, so that only time is needed.
    """

    code = "ERROR_MIGRATION_PENDING"

    def __init__(self, *, numbers: Sequence[int], reason: str = "", runs: bool = False) -> None:
        self.numbers = list(numbers)
        self.runs = runs
        reason = "another process is at it" if runs else reason
        reason_part = f", reason = {reason}" if reason else ""
        super().__init__(f"Migrations are pending. (numbers = {', '.join(map(str, numbers))}{reason_part})")


class MigrationFailedError(InventoryError):
    """A migration met data that it cannot change; once they are fixed, it can be run again."""

    code = "ERROR_MIGRATION_FAILED"

    def __init__(self, *, number: int, name: str, reason: str) -> None:
        super().__init__(f"Migration failed. (number = {number}, name = {name}, reason = {reason})")


class DatabaseTooNewError(SettingsError):
    """A migration unknown to this code has changed the database so that this code must not use it."""

    code = "ERROR_DATABASE_TOO_NEW"

    def __init__(self, *, number: int, name: str, since: str, version: str) -> None:
        super().__init__(
            f"The database is too new for this version. (migration = {number} {name}, "
            f"needs = inventory {since} or newer, this is = {version})"
        )
