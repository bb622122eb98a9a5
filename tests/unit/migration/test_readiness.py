"""A server whose migration failed says so, and does not read the whole collection again every two seconds."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.api import server
from inventory.api.server import FAILED_SECONDS, Readiness
from inventory.migration.errors import MigrationFailedError, MigrationPendingError


class Failing:
    """A migrator whose runs fail until told otherwise."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = True

    def check_server(self) -> None:
        """The server can hold what is written."""

    def check(self) -> None:
        if self.fails:
            raise MigrationPendingError(numbers=[1])

    def run(self, *, breaking: bool = False) -> list[int]:
        self.runs += 1
        raise MigrationFailedError(number=1, name="build indexes", reason="DuplicateKey on name")


def test_a_failed_migration_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(server, "ping", lambda _: None)
    monkeypatch.setattr(server.time, "monotonic", lambda: now)
    migrator: Any = Failing()
    readiness = Readiness(database=None, migrator=migrator, apply=True)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(MigrationFailedError, match="DuplicateKey on name"):
            readiness()
    assert migrator.runs == 1

    now += FAILED_SECONDS
    with pytest.raises(MigrationFailedError):
        readiness()
    assert migrator.runs == 2

    now, migrator.fails = now + FAILED_SECONDS, False
    readiness()


def test_where_it_may_not_migrate_it_waits_for_who_may() -> None:
    migrator: Any = Failing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "ping", lambda _: None)
        with pytest.raises(MigrationPendingError):
            Readiness(database=None, migrator=migrator, apply=False)()  # type: ignore[arg-type]
    assert migrator.runs == 0
