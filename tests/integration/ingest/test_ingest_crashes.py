"""An ingest that dies before or after any of its writes, and is then repeated, leaves what one run would have left."""

from __future__ import annotations

import pytest
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, BulkWriteError

from tests.integration.ingest.ingest_tools import ingest, services
from tests.integration.ingest.test_ingest_mutations import assert_history_tells_the_present, assert_no_doubles
from tests.streams.build import region, service, service_type

WRITES = ("bulk_write", "insert_many", "update_many", "delete_many", "update_one")


class Killer:
    """Breaks the connection at the n-th write, before or after it was done."""

    def __init__(self, monkeypatch, *, at, after):
        self.count = 0
        self.struck = False
        for name in WRITES:
            monkeypatch.setattr(Collection, name, self._wrap(getattr(Collection, name), at, after))

    def _wrap(self, original, at, after):
        def write(collection, *args, **kwargs):
            self.count += 1
            if self.count != at:
                return original(collection, *args, **kwargs)
            self.struck = True
            if after:
                original(collection, *args, **kwargs)
            raise AutoReconnect("killed")

        return write


def stream(version):
    names = {number: f"name-{number}-{version if number % 2 else 0}" for number in range(6)}
    extra = [service("late")] if version else []
    return [service_type(), region(), *(service(n, name=name) for n, name in names.items()), *extra]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_killed_ingest_is_completed_by_the_next(database, clock, monkeypatch, at, after):
    ingest(database, clock, stream(0))
    with monkeypatch.context() as patch:
        killer = Killer(patch, at=at, after=after)
        try:
            ingest(database, clock, stream(1), slice_id="slice-2")
        except AutoReconnect:
            assert killer.struck
        else:
            assert not killer.struck

    result = ingest(database, clock, stream(1), slice_id="slice-2")

    assert result.counts.failure == 0
    assert [doc["name"] for doc in services(database)] == [f"name-{number}-{number % 2}" for number in range(6)] + [
        "server late"
    ]
    known = {doc["cloud_service_id"] for doc in services(database)}
    records = list(database["record"].find({"cloud_service_id": {"$in": list(known)}}))
    assert sorted(record["action"] for record in records) == ["CREATE"] * 7 + ["UPDATE"] * 3
    assert database["collection_state"].count_documents({}) == 7
    assert_history_tells_the_present(database)
    assert_no_doubles(database)


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": 11602, "errmsg": "operation was interrupted"}], "writeConcernErrors": []},
        {"writeErrors": [], "writeConcernErrors": [{"code": 91, "errmsg": "shutdown in progress"}]},
    ],
)
def test_what_mongodb_cannot_do_right_now_is_no_fault_of_a_resource(database, clock, monkeypatch, details):
    def refuse(*_, **__):
        raise BulkWriteError({**details, "nMatched": 0, "nInserted": 0})

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "bulk_write", refuse)
        with pytest.raises(BulkWriteError):
            ingest(database, clock, stream(0))

    counts = ingest(database, clock, stream(0)).counts
    assert (counts.failure, len(services(database))) == (0, 6)
