"""One document by a bare command is what a cursor would have found."""

from __future__ import annotations

from typing import Any

import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import ReadPreference
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern

from inventory.manager.raw_documents import find_one

STORED = {
    "domain_id": "domain-1",
    "collector_id": "collector-1",
    "name": "mine",
    "plugin_info": {"options": {"a": [1]}},
}
MINE = {"domain_id": "domain-1", "collector_id": "collector-1"}


@pytest.fixture
def collection(database: Database[dict[str, Any]]) -> Any:
    database["collector"].insert_one(dict(STORED))
    return database["collector"]


def test_it_is_what_is_stored(collection: Any) -> None:
    found = find_one(collection, MINE, {"_id": 0}, max_time_ms=1000)

    assert found is not None
    assert dict(found) == STORED
    assert dict(RawBSONDocument(found.raw)) == {**STORED, "plugin_info": RawBSONDocument(found.raw)["plugin_info"]}


def test_only_what_was_asked_for(collection: Any) -> None:
    found = find_one(collection, MINE, {"_id": 0, "name": 1}, max_time_ms=1000)

    assert found is not None
    assert dict(found) == {"name": "mine"}


def test_there_may_be_none(collection: Any) -> None:
    assert find_one(collection, {**MINE, "domain_id": "domain-2"}, {"_id": 0}, max_time_ms=1000) is None


def test_a_reading_that_was_cut_off_is_repeated(collection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(Database, "command", cut_off)
    found = find_one(collection, MINE, {"_id": 0}, max_time_ms=1000)

    assert found is not None
    assert dict(found) == STORED


def test_a_server_is_waited_for_once(collection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def none_there(*_: object, **__: object) -> None:
        asked.append(True)
        raise ServerSelectionTimeoutError("no server within 5 s")

    monkeypatch.setattr(Database, "command", none_there)
    monkeypatch.setattr(Collection, "find_raw_batches", none_there)
    with pytest.raises(ServerSelectionTimeoutError):
        find_one(collection, MINE, {"_id": 0}, max_time_ms=1000)

    assert len(asked) == 1


def test_the_collections_own_options_hold(collection: Any) -> None:
    elsewhere = collection.with_options(
        read_preference=ReadPreference.PRIMARY_PREFERRED, read_concern=ReadConcern("majority")
    )
    found = find_one(elsewhere, MINE, {"_id": 0}, max_time_ms=1000)

    assert found is not None
    assert dict(found) == STORED


def test_a_query_that_cannot_be_is_refused(collection: Any) -> None:
    with pytest.raises(OperationFailure):
        find_one(collection, {"$or": []}, {"_id": 0}, max_time_ms=1000)
