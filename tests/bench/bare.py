"""The floor of the ingest: raw pymongo that writes as much as the service has just written.

It writes equal copies with fresh keys: as many documents of as many bytes into the same collections with the same
indexes. Nothing is deleted in between, since MongoDB keeps what was deleted for a while, and the same keys once more
would cost it a multiple, at random.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bson
import psutil
from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.clock import SystemClock

Document = dict[str, Any]
Documents = dict[str, list[Document]]
"""Documents by collection: resources, and their states and records in the same order."""

BATCH = 500
WRITTEN = ("cloud_service", "collection_state", "record")
FIELDS_OF_A_CHANGE = ("updated_at", "collection_info", "fingerprint", "stamps", "revision")


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: time, CPU time of this process, CPU time of MongoDB; all s."""

    seconds: float
    own: float
    mongod: float


class Meter:
    """Measures costs.

    Args:
        mongod_pid: MongoDB's process.
    """

    def __init__(self, mongod_pid: int) -> None:
        self._mongod = psutil.Process(mongod_pid)

    @contextmanager
    def __call__(self) -> Iterator[list[Cost]]:
        """Give a list that holds the block's cost once it has ended."""
        found: list[Cost] = []
        began, own, mongod = time.perf_counter(), time.process_time(), self._mongod_seconds()
        yield found
        found.append(Cost(time.perf_counter() - began, time.process_time() - own, self._mongod_seconds() - mongod))

    def _mongod_seconds(self) -> float:
        times = self._mongod.cpu_times()
        return float(times.user + times.system)


class Bare:
    """Writes copies of what the service has written.

    Each method prepares, and returns what does the work and tells what it took.

    Args:
        database: where the service has written, and this writes.
        meter: measures.
    """

    def __init__(self, database: Database[Document], meter: Meter) -> None:
        self._database = database
        self._meter = meter
        self._copies: Documents = {}

    @property
    def service_ids(self) -> list[str]:
        """Return the ids of the last copies."""
        return [each["cloud_service_id"] for each in self._copies["cloud_service"]]

    def create(self, documents: Documents) -> Callable[[], Cost]:
        """Insert copies of ``documents``, which the service has just created."""
        self._copies = copies(documents)
        batches = [
            [(name, found[start : start + BATCH]) for name, found in self._copies.items()]
            for start in range(0, len(documents["cloud_service"]), BATCH)
        ]

        def work() -> Cost:
            with self._meter() as cost:
                for batch in batches:
                    for name, part in batch:
                        self._database[name].insert_many(part, ordered=False)
            return cost[0]

        return work

    def change(self, documents: Documents) -> Callable[[], Cost]:
        """Change the copies as the service has just changed ``documents``, whose copies they are."""
        new_ids: dict[str, str] = {}
        writes = []
        for own, after in zip(self._copies["cloud_service"], documents["cloud_service"], strict=True):
            assert own["reference"]["resource_id"] == _another(after["reference"]["resource_id"])
            new_ids[after["cloud_service_id"]] = own["cloud_service_id"]
            # Of the data only what has changed: the version, see ``small`` and ``large_messages``.
            sets = {"data.version": after["data"]["version"], **{key: after[key] for key in FIELDS_OF_A_CHANGE}}
            sets["fingerprint"] = os.urandom(len(after["fingerprint"]))
            writes.append(UpdateOne({"_id": own["_id"]}, {"$set": sets}))
        told = [each for each in documents["record"] if each["action"] == "UPDATE"]
        records = _copies_of_records(told, new_ids)
        assert len(records) == len(writes)

        def work() -> Cost:
            modified = 0
            with self._meter() as cost:
                for start in range(0, len(writes), BATCH):
                    part = slice(start, start + BATCH)
                    modified += self._update("cloud_service", writes[part])
                    self._see(part)
                    self._database["record"].insert_many(records[part], ordered=False)
            assert modified == len(writes), "MongoDB writes nothing where a value is the same already"
            return cost[0]

        return work

    def touch(self) -> Callable[[], Cost]:
        """Note for each copy and its state that it was seen."""
        keys = [each["_id"] for each in self._copies["cloud_service"]]

        def work() -> Cost:
            modified = 0
            with self._meter() as cost:
                for start in range(0, len(keys), BATCH):
                    part = slice(start, start + BATCH)
                    now = SystemClock().now()
                    sets = {"updated_at": now, "collection_info.0.last_collected_at": now}
                    these = {"_id": {"$in": keys[part]}}
                    modified += self._database["cloud_service"].update_many(these, {"$set": sets}).modified_count
                    self._see(part)
            assert modified == len(keys), modified
            return cost[0]

        return work

    def check(self, documents: Documents) -> None:
        """Make sure that as many documents and bytes are stored of the copies as of the service's ``documents``."""
        mine = weight(stored(self._database, documents["cloud_service"][0]["domain_id"], self.service_ids))
        assert mine == weight(documents), (mine, weight(documents))

    def _see(self, part: slice) -> None:
        states = self._copies["collection_state"][part]
        pair = {key: states[0][key] for key in ("domain_id", "collector_id", "secret_id")}
        these = {**pair, "cloud_service_id": {"$in": [state["cloud_service_id"] for state in states]}}
        self._database["collection_state"].update_many(these, {"$set": {"seen_at": SystemClock().now()}})

    def _update(self, name: str, writes: Sequence[UpdateOne]) -> int:
        return self._database[name].bulk_write(writes, ordered=False).modified_count


def copies(documents: Documents) -> Documents:
    """Return equal documents with fresh keys of the same lengths."""
    new_ids: dict[str, str] = {}
    services = []
    fresh_ids = ids.new_ids(ids.CLOUD_SERVICE)
    for service in documents["cloud_service"]:
        new_ids[service["cloud_service_id"]] = next(fresh_ids)
        services.append(
            {
                **service,
                "_id": ObjectId(),
                "cloud_service_id": new_ids[service["cloud_service_id"]],
                "match_key": os.urandom(len(service["match_key"])),
                "fingerprint": os.urandom(len(service["fingerprint"])),
                "reference": {
                    **service["reference"],
                    "resource_id": _another(service["reference"]["resource_id"]),
                },
            }
        )
    states = [
        {**state, "_id": ObjectId(), "cloud_service_id": new_ids[state["cloud_service_id"]]}
        for state in documents["collection_state"]
    ]
    records = _copies_of_records(documents["record"], new_ids)
    return dict(zip(WRITTEN, (services, states, records), strict=True))


def _copies_of_records(records: Sequence[Document], new_ids: dict[str, str]) -> list[Document]:
    fresh_ids = ids.new_ids(ids.RECORD)
    return [
        {
            **record,
            "_id": ObjectId(os.urandom(12)),  # the service's is a hash, too: anywhere in the index, not at its end
            "record_id": next(fresh_ids),
            "cloud_service_id": new_ids[record["cloud_service_id"]],
        }
        for record in records
    ]


def _another(resource_id: str) -> str:
    """Return another id of the same length, which no plugin of the benchmark sends."""
    return resource_id.swapcase()


def weight(documents: Documents) -> dict[str, tuple[int, int]]:
    """Return the number of documents and their bytes by collection."""
    return {name: (len(found), sum(len(bson.encode(each)) for each in found)) for name, found in documents.items()}


def stored(database: Database[Document], domain_id: str, service_ids: Sequence[str]) -> Documents:
    """Return the resources with these ids, oldest first, and their states and records in the same order."""
    mine = {"domain_id": domain_id, "cloud_service_id": {"$in": list(service_ids)}}
    services = list(database["cloud_service"].find(mine).sort("_id", 1))
    place = {each["cloud_service_id"]: number for number, each in enumerate(services)}
    others = {
        name: sorted(database[name].find(mine), key=lambda each: place[each["cloud_service_id"]])
        for name in WRITTEN[1:]
    }
    return {"cloud_service": services, **others}


def seen_since(database: Database[Document], moment: datetime, **whose: str) -> list[str]:
    """Return the ids of the resources that a collector and secret have seen since ``moment``."""
    states = database["collection_state"].find({**whose, "seen_at": {"$gte": moment}}, {"cloud_service_id": 1})
    return [state["cloud_service_id"] for state in states]


def remove(database: Database[Document], domain_id: str, service_ids: Sequence[str]) -> None:
    """Delete the resources with these ids, and their states and records."""
    for start in range(0, len(service_ids), BATCH):
        mine = {"domain_id": domain_id, "cloud_service_id": {"$in": service_ids[start : start + BATCH]}}
        for name in WRITTEN:
            database[name].delete_many(mine)
