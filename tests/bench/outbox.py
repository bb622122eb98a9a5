"""``python -m tests.bench.outbox``: what it costs that a batch and its records become visible together.

Three ways to write a batch of 500 resources of 2 KB with their records and collection states, each over real documents
and indexes: one after the other as version 0.1 did, in one transaction, and by an outbox, which is the record inside
of its resource until it has been copied. They take turns, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bson.objectid import ObjectId
from pymongo import InsertOne, MongoClient, UpdateOne
from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.ports import free_port
from inventory.model import connection
from inventory.model.indexes import build_indexes

Document = dict[str, Any]
Batch = list[tuple[Any, Document]]
"""Writes, each with its record."""

RESOURCES = 500
ROUNDS = 31
FILLER = {f"member_{number}": "x" * 90 for number in range(20)}


def main() -> None:
    """Measure and print the median and the least of each, ms; on a busy machine only the least says something."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        EmbeddedMongod(Path(folder) / "data", free_port(), Path(folder) / "mongod.log") as server,
    ):
        database = connection.connect(uri=server.uri, database="outbox", timeout_seconds=10)
        build_indexes(database)
        with MongoClient[Document](server.uri) as client:
            for name, took in _measured(client["outbox"]).items():
                print(f"{name:28} {statistics.median(took) * 1000:7.1f} {min(took) * 1000:7.1f} ms")
        connection.disconnect()


def _measured(database: Database[Document]) -> dict[str, list[float]]:
    ways: dict[str, Callable[[Database[Document], Batch, Any], None]] = {
        "one after the other": _singly,
        "transaction": _transaction,
        "outbox": _outbox,
    }
    took: dict[str, list[float]] = defaultdict(list)
    for round_ in range(ROUNDS):
        for name, write in ways.items():
            keys = [ObjectId() for _ in range(RESOURCES)]
            for what, batch in (("created", _creations(keys)), ("updated", _updates(keys, round_))):
                began = time.perf_counter()
                write(database, list(batch), keys if what == "created" else None)
                took[f"{what}, {name}"].append(time.perf_counter() - began)
    return dict(sorted(took.items()))


def _creations(keys: list[ObjectId]) -> Iterator[tuple[Any, Document]]:
    for key in keys:
        document = {"_id": key, "domain_id": "domain-1", "cloud_service_id": str(key), "revision": 1, "data": FILLER}
        document |= {
            "match_key": key.binary,
            "state": "ACTIVE",
            "provider": "aws",
            "reference": {"resource_id": str(key)},
        }
        yield InsertOne(document), _record(key, FILLER)


def _updates(keys: list[ObjectId], round_: int) -> Iterator[tuple[Any, Document]]:
    for key in keys:
        change = {"$set": {"data.member_0": f"y{round_}" * 40}, "$inc": {"revision": 1}}
        yield UpdateOne({"_id": key, "revision": 1}, change), _record(key, {"member_0": "y"})


def _record(key: ObjectId, members: Document) -> Document:
    diff = [{"key": f"data.{name}", "before": None, "after": value} for name, value in members.items()]
    own = {"domain_id": "domain-1", "cloud_service_id": str(key), "diff": diff}
    return {"_id": ObjectId(), "record_id": f"record-{ObjectId()}", **own}


def _states(database: Database[Document], batch: Batch, fresh: Any, session: Any = None) -> None:
    pair = {"domain_id": "domain-1", "collector_id": "collector-1", "secret_id": "secret-1"}
    if fresh:
        states = [{**pair, "cloud_service_id": str(key)} for key in fresh]
        database["collection_state"].insert_many(states, ordered=False, session=session)
    else:
        ids_ = [record["cloud_service_id"] for _, record in batch]
        query = {**pair, "cloud_service_id": {"$in": ids_}}
        database["collection_state"].update_many(query, {"$inc": {"seen": 1}}, session=session)


def _singly(database: Database[Document], batch: Batch, fresh: Any) -> None:
    database["record"].insert_many([record for _, record in batch], ordered=False)
    database["cloud_service"].bulk_write([write for write, _ in batch], ordered=False)
    _states(database, batch, fresh)


def _transaction(database: Database[Document], batch: Batch, fresh: Any) -> None:
    with database.client.start_session() as session, session.start_transaction(read_concern=ReadConcern("snapshot")):
        database["slice"].find_one({"domain_id": "domain-1", "slice_id": "slice-1"}, {"_id": 1}, session=session)
        database["cloud_service"].bulk_write([write for write, _ in batch], session=session)
        database["record"].insert_many([record for _, record in batch], session=session)
        _states(database, batch, fresh, session)


def _outbox(database: Database[Document], batch: Batch, fresh: Any) -> None:
    writes = []
    for write, record in batch:
        if fresh:
            writes.append(InsertOne({**write._doc, "outbox": [record]}))
        else:
            writes.append(UpdateOne(write._filter, {**write._doc, "$push": {"outbox": record}}))
    database["cloud_service"].bulk_write(writes, ordered=False)
    database["record"].insert_many([record for _, record in batch], ordered=False)
    ids_ = [record["cloud_service_id"] for _, record in batch]
    mine = {"domain_id": "domain-1", "cloud_service_id": {"$in": ids_}}
    database["cloud_service"].update_many(mine, {"$unset": {"outbox": ""}})
    _states(database, batch, fresh)


if __name__ == "__main__":
    main()
