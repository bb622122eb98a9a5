"""A count by a bare command is what pymongo's own aggregation would have counted."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import ReadPreference
from pymongo.database import Database
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern

from inventory.manager.counts import count

MINE = {"domain_id": "domain-1"}


@pytest.fixture
def collection(database: Database[dict[str, Any]]) -> Any:
    database["counted"].insert_many([{**MINE, "name": f"name {number}"} for number in range(5)])
    database["counted"].insert_one({"domain_id": "domain-2", "name": "name 0"})
    return database["counted"]


@pytest.mark.parametrize(
    "condition",
    [{}, {"name": {"$regex": "0|1"}}, {"$or": [{"name": "name 1"}, {"name": None}]}, {"name": {"$nin": ["name 2"]}}],
)
def test_it_is_what_the_aggregation_counts(collection: Any, condition: dict[str, Any]) -> None:
    match = {**MINE, **condition}

    assert count(collection, match, max_time_ms=1000) == collection.count_documents(match) > 0


def test_the_collections_own_options_hold(collection: Any) -> None:
    elsewhere = collection.with_options(
        read_preference=ReadPreference.PRIMARY_PREFERRED, read_concern=ReadConcern("majority")
    )

    assert count(elsewhere, MINE, max_time_ms=1000) == 5


def test_a_count_that_was_cut_off_is_repeated(collection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(Database, "command", cut_off)

    assert count(collection, MINE, max_time_ms=1000) == 5


def test_a_server_is_waited_for_once(collection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def none_there(*_: object, **__: object) -> None:
        asked.append(True)
        raise ServerSelectionTimeoutError("no server within 5 s")

    monkeypatch.setattr(Database, "command", none_there)
    with pytest.raises(ServerSelectionTimeoutError):
        count(collection, MINE, max_time_ms=1000)

    assert len(asked) == 1


def test_a_query_that_cannot_be_is_refused(collection: Any) -> None:
    with pytest.raises(OperationFailure):
        count(collection, {"$or": []}, max_time_ms=1000)
