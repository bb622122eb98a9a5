"""Each change has one record, and each record tells of a change: also where an ingest dies in the middle of a batch."""

from __future__ import annotations

import pytest
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from tests.integration.ingest.ingest_tools import ingest, services
from tests.integration.ingest.test_ingest_mutations import assert_history_tells_the_present
from tests.streams.build import service

WRITES = ((Collection, "bulk_write"), (Collection, "insert_many"), (Collection, "update_many"))
COMMIT = (ClientSession, "commit_transaction")
CALLS = 6
"""Resources, records, states that are known, states that are new, commit, fingerprints."""
COMMITS = 5


class KilledError(BaseException):
    """The process is gone."""


def kill(monkeypatch, *, at, after):
    """Let the process die before, or after, its write number ``at``."""
    count = 0

    def dying(original):
        def write(*args, **kwargs):
            nonlocal count
            count += 1
            if count != at:
                return original(*args, **kwargs)
            if after:
                original(*args, **kwargs)
            raise KilledError

        return write

    for owner, name in (*WRITES, COMMIT):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))


def assert_each_change_has_one_record(database):
    told = {}
    for record in database["record"].find({}):
        told.setdefault(record["cloud_service_id"], []).append(record["revision"])
    stored = {found["cloud_service_id"]: found["revision"] for found in services(database)}
    assert {key: sorted(found) for key, found in told.items()} == {
        key: list(range(1, revision + 1)) for key, revision in stored.items()
    }
    assert_history_tells_the_present(database)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_an_ingest_that_dies_leaves_no_record_of_what_did_not_happen(database, clock, monkeypatch, at, after):
    """Whatever the next stream has: the old content, the same change, another one, or nothing of the resource."""
    ingest(database, clock, [service("again", name="old"), service("same", name="old")], slice_id="slice-1")

    changed = [service("again", name="new"), service("same", name="new")]
    fresh = [service("gone"), service("other", name="first")]
    with monkeypatch.context() as patch:
        kill(patch, at=at, after=after)
        with pytest.raises(KilledError):
            ingest(database, clock, [*changed, *fresh], slice_id="slice-2")
    assert_each_change_has_one_record(database)

    following = [service("again", name="old"), service("same", name="new"), service("other", name="second")]
    assert ingest(database, clock, following, slice_id="slice-3").counts.failure == 0

    assert_each_change_has_one_record(database)
    committed = at > COMMITS or (after and at == COMMITS)
    revisions = {found["reference"]["resource_id"]: found["revision"] for found in services(database)}
    if committed:
        assert revisions == {"i-again": 3, "i-same": 2, "i-other": 2, "i-gone": 1}
    else:
        assert revisions == {"i-again": 1, "i-same": 2, "i-other": 1}


def test_a_record_that_an_older_version_left_is_replaced(database, clock):
    """It wrote records before resources, under the same key: a slice that goes on where it was killed must not fail."""
    ingest(database, clock, [service(1)], slice_id="slice-1")
    ingest(database, clock, [service(1, name="renamed")], slice_id="slice-2")
    known = database["record"].find_one({"action": "UPDATE"})
    database["cloud_service"].update_one(
        {}, {"$set": {"name": "server 1", "revision": 1}, "$unset": {"fingerprint": ""}}
    )

    result = ingest(database, clock, [service(1, name="another")], slice_id="slice-2", resumed=True)

    assert result.counts.failure == 0
    [told] = database["record"].find({"action": "UPDATE"})
    assert told["_id"] == known["_id"]
    assert told["diff"][0]["after"] == "another"
    assert_each_change_has_one_record(database)
