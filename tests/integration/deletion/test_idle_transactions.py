"""A server that is frozen in a user's transaction blocks others for seconds, and does its work once when it resumes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from structlog.testing import capture_logs

from inventory.bootstrap import Container
from inventory.domain.plain import Document
from inventory.manager.idle_transactions import IDLE_SECONDS, IdleTransactions
from inventory.manager.transactions import Transactions
from inventory.model.connection import APP_NAME
from inventory.scheduler.parts import IDLE_TRANSACTIONS_SECONDS
from tests.integration.deletion.conftest import Fleet
from tests.integration.ingest.fence_kit import frozen
from tests.integration.ingest.whole_kit import USER
from tests.manual_clock import ManualClock

RECORDED = "insert record"
"""Resources are written by then, and not committed."""
PATIENCE_SECONDS = 30.0
"""Less than until MongoDB itself ends a transaction: 60 s."""
LOOK = timedelta(seconds=IDLE_TRANSACTIONS_SECONDS)
LOST = range(20)


def changes(fleet: Fleet) -> Callable[[Container], object]:
    fleet.sees(*range(3))
    fleet.collect()
    changed = {"cloud_service_id": fleet.whole.named("i-1")["cloud_service_id"], "data": {"by": "user"}}
    return lambda elsewhere: elsewhere.cloud_service_service.update(USER, changed)


def approves(fleet: Fleet) -> Callable[[Container], object]:
    fleet.loses(LOST)
    [hold] = fleet.holds()
    return lambda elsewhere: elsewhere.deletion_service.approve(USER, hold["deletion_id"])


def undoes(fleet: Fleet) -> Callable[[Container], object]:
    job_id = fleet.loses((0, 1, 2), 10)["job_id"]
    return lambda elsewhere: elsewhere.deletion_service.undo(USER, {"job_id": job_id})


def revisions(fleet: Fleet) -> tuple[Counter[int], int]:
    """Return the revisions of all resources, and the number of records."""
    found = fleet.whole.database["cloud_service"].find()
    return Counter(service["revision"] for service in found), fleet.whole.database["record"].count_documents({})


def is_free(fleet: Fleet) -> bool:
    """Return whether anybody may write the resources now."""

    def write(session: Any) -> bool:
        services = fleet.whole.database["cloud_service"]
        return bool(services.update_many({}, {"$set": {"metadata": {"free": True}}}, session=session).matched_count)

    return Transactions(database=fleet.whole.database, patience_seconds=PATIENCE_SECONDS).run(write)


@pytest.mark.parametrize("begin", [changes, approves, undoes])
def test_a_server_that_is_frozen_in_a_users_transaction_blocks_others_for_seconds(
    fleet: Fleet, mongo_uri: str, begin: Callable[[Fleet], Callable[[Container], object]]
) -> None:
    act = begin(fleet)
    before, records = revisions(fleet)
    clock = ManualClock(fleet.whole.clock.now())
    idle = IdleTransactions(database=fleet.whole.database, clock=clock)
    free: list[bool] = []

    def meanwhile() -> None:
        looks = 1
        while not idle.end():
            clock.advance(LOOK)
            looks += 1
        assert IDLE_SECONDS <= clock.monotonic() <= IDLE_SECONDS + IDLE_TRANSACTIONS_SECONDS
        free.append(is_free(fleet))

    with frozen(fleet.whole.database, mongo_uri, RECORDED, meanwhile) as (database, point):
        elsewhere = Container(fleet.whole.container.settings, clock=fleet.whole.clock)
        vars(elsewhere).update(database=database, queue=fleet.whole.queue)
        act(elsewhere)

    assert point.happened
    assert free == [True]
    after, all_records = revisions(fleet)
    changed = {changes: 1, approves: len(LOST), undoes: 3}[begin]
    assert all_records == records + changed
    assert sum(revision * count for revision, count in (after - before).items()) == sum(
        (revision + 1) * count for revision, count in (before - after).items()
    )


def test_a_transaction_in_which_something_happens_is_left_alone_however_long_it_takes(
    database: Any, mongo_uri: str, clock: ManualClock
) -> None:
    idle = IdleTransactions(database=database, clock=clock)
    found: list[int] = []

    with MongoClient[Document](mongo_uri, appname=APP_NAME) as client:

        def work(session: Any) -> None:
            for number in range(3):
                client[database.name]["duty"].insert_one({"name": f"duty-{number}"}, session=session)
                found.append(idle.end())
                clock.advance(timedelta(seconds=IDLE_SECONDS))
            found.append(idle.end())

        with pytest.raises(OperationFailure, match="aborted"):
            Transactions(database=client[database.name], patience_seconds=0).run(work)

    assert found == [0, 0, 0, 1]


def test_a_mongodb_that_does_not_list_transactions_is_told_once(
    database: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: Any) -> Any:
        raise OperationFailure("refused", 40324, {"codeName": "Refused"})

    monkeypatch.setattr(database.client.admin.__class__, "aggregate", refuse)
    idle = IdleTransactions(database=database, clock=clock)
    with capture_logs() as entries:
        assert [idle.end(), idle.end()] == [0, 0]

    assert [(entry["event"], entry["reason"]) for entry in entries] == [("idle_transactions_unknown", "Refused")]
