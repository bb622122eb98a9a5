"""How long a client waits for a MongoDB that is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from inventory.errors import ConnectionFailureError
from inventory.model import connection
from inventory.model import time_limit as limits
from inventory.model.time_limit import finish, time_limit
from tests.ports import free_port

TIMEOUT_SECONDS = 0.2
CALLER_SECONDS = 60.0


@pytest.fixture
def connect_away() -> Iterator[Callable[[float], Database[Any]]]:
    """Returns a database on a port on which nobody listens, for a client that waits so many seconds for it."""
    uri = f"mongodb://127.0.0.1:{free_port()}"
    yield lambda seconds: connection.connect(uri=uri, database="away", timeout_seconds=seconds)
    connection.disconnect()


def test_a_lost_server_is_waited_for_as_long_as_the_setting_says_however_long_the_caller_waits(
    connect_away: Callable[[float], Database[Any]],
) -> None:
    away = connect_away(TIMEOUT_SECONDS)

    begun = time.monotonic()
    with pytest.raises(ConnectionFailureError), connection.translated_errors(), time_limit(CALLER_SECONDS):
        away["things"].find_one()

    assert time.monotonic() - begun < CALLER_SECONDS / 2


def test_a_caller_without_that_much_time_waits_no_longer_than_it_has(
    connect_away: Callable[[float], Database[Any]],
) -> None:
    away = connect_away(CALLER_SECONDS)

    begun = time.monotonic()
    with pytest.raises(ConnectionFailureError), connection.translated_errors(), time_limit(TIMEOUT_SECONDS):
        away["things"].find_one()

    assert time.monotonic() - begun < CALLER_SECONDS / 2


def test_a_change_that_has_begun_waits_as_long_as_it_may_take(
    connect_away: Callable[[float], Database[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An election takes longer than calls wait, and would leave half of it done."""
    monkeypatch.setattr(limits, "FINISH_SECONDS", 5 * TIMEOUT_SECONDS)
    away = connect_away(TIMEOUT_SECONDS)

    begun = time.monotonic()
    with pytest.raises(ConnectionFailureError), connection.translated_errors(), time_limit(CALLER_SECONDS):
        finish(lambda: away["things"].find_one())

    assert 5 * TIMEOUT_SECONDS <= time.monotonic() - begun < CALLER_SECONDS / 2
