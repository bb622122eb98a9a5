"""Transactions end in one of two ways, also where MongoDB's answer to the commit is lost."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect, BulkWriteError, ConfigurationError, OperationFailure, PyMongoError
from structlog.testing import capture_logs

from inventory.manager.transactions import ClaimLostError, Fence, Transactions, end_sessions
from inventory.model.connection import INTERRUPTED

LABELS = {"unknown": "UnknownTransactionCommitResult", "transient": "TransientTransactionError"}


def failing(monkeypatch: pytest.MonkeyPatch, *, label: str, done: bool, times: int = 1) -> None:
    """Let the first ``times`` commits fail with the label, after they were done or before."""
    commit, count = ClientSession.commit_transaction, 0

    def answer_lost(session: Any) -> None:
        nonlocal count
        count += 1
        if count > times:
            commit(session)
            return
        if done:
            commit(session)
        elif label == "transient":
            session.abort_transaction()
        raise AutoReconnect("connection closed", {"errorLabels": [LABELS[label]]})

    monkeypatch.setattr(ClientSession, "commit_transaction", answer_lost)


@pytest.mark.parametrize(
    ("label", "done", "calls"), [("unknown", True, 1), ("unknown", False, 1), ("transient", False, 2)]
)
def test_a_commit_is_repeated_and_what_it_commits_is_decided_anew_only_where_nothing_was_done(
    database: Any, monkeypatch: pytest.MonkeyPatch, label: str, done: bool, calls: int
) -> None:
    called = []

    def work(session: ClientSession) -> int:
        called.append(True)
        return (
            database["duty"]
            .update_one({"name": "count"}, {"$inc": {"n": 1}}, upsert=True, session=session)
            .matched_count
        )

    failing(monkeypatch, label=label, done=done, times=2 if label == "unknown" else 1)
    Transactions(database=database).run(work)

    assert len(called) == calls
    assert database["duty"].find_one({"name": "count"})["n"] == 1


def test_who_never_gets_through_is_told_after_a_while(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, label="transient", done=False, times=10**6)
    with pytest.raises(AutoReconnect):
        Transactions(database=database, patience_seconds=0.2).run(lambda _: None)


def test_an_error_of_the_work_leaves_nothing(database: Any) -> None:
    def work(session: ClientSession) -> None:
        database["duty"].insert_one({"name": "half"}, session=session)
        database["duty"].update_one({"name": "half"}, {"$set": {"$name": 1}}, session=session)

    with pytest.raises(OperationFailure):
        Transactions(database=database).run(work)
    assert database["duty"].count_documents({}) == 0


def test_without_its_claim_nobody_writes(database: Any) -> None:
    transactions = Transactions(database=database, fence=Fence("duty", {"name": "mine", "owner": "me"}))

    def work(session: ClientSession) -> None:
        database["region"].insert_one({"name": "written"}, session=session)

    with transactions.session(), pytest.raises(ClaimLostError):
        transactions.run(work)
    assert database["region"].count_documents({}) == 0
    database["duty"].insert_one({"name": "mine", "owner": "me"})
    with transactions.session():
        transactions.run(work)
    assert database["region"].count_documents({}) == 1


@pytest.mark.parametrize("done", [False, True])
def test_a_transaction_whose_session_somebody_ends_is_done_again_unless_it_is_committed(
    database: Any, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """A process that left a claim may use its session for something else when the claim's next owner ends it."""
    commit = ClientSession.commit_transaction

    def interrupted(session: Any) -> None:
        monkeypatch.setattr(ClientSession, "commit_transaction", commit)
        if done:
            commit(session)
        else:
            end_sessions(database, [session.session_id["id"]])
        raise OperationFailure("operation was interrupted", INTERRUPTED)

    monkeypatch.setattr(ClientSession, "commit_transaction", interrupted)

    def work(session: ClientSession) -> None:
        database["duty"].update_one({"name": "count"}, {"$inc": {"n": 1}}, upsert=True, session=session)

    Transactions(database=database).run(work)

    assert database["duty"].find_one({"name": "count"})["n"] == 1


def test_a_write_that_is_interrupted_in_a_transaction_is_done_again(database: Any) -> None:
    calls = []

    def work(session: ClientSession) -> None:
        calls.append(True)
        database["duty"].insert_one({"name": "once"}, session=session)
        if len(calls) == 1:
            end_sessions(database, [session.session_id["id"]])
            raise BulkWriteError({"writeErrors": [{"index": 0, "code": INTERRUPTED}], "writeConcernErrors": []})

    Transactions(database=database).run(work)

    assert len(calls) == 2
    assert database["duty"].count_documents({"name": "once"}) == 1


def test_a_connection_that_was_made_while_its_node_started_is_replaced_and_the_transaction_done_again(
    mongo_uri: str, database: Any
) -> None:
    """Its node did not offer sessions then, and the driver would remember that for as long as the connection lives."""
    with MongoClient[Any](mongo_uri, maxPoolSize=1, directConnection=True) as client:
        client.admin.command("ping")
        for server in client._topology._servers.values():
            for made in server.pool.conns:
                made.supports_sessions = False
        own = client[database.name]

        def work(session: ClientSession) -> None:
            own["duty"].insert_one({"name": "once"}, session=session)

        with pytest.raises(ConfigurationError), client.start_session() as session, session.start_transaction():
            work(session)
        Transactions(database=own).run(work)

    assert database["duty"].count_documents({"name": "once"}) == 1


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (OperationFailure("no", 13, {"codeName": "Refused"}), ""),
        (OperationFailure("no", 8000, {"codeName": "Refused"}), ""),
        (OperationFailure("no", 11600, {"codeName": "Refused"}), "Refused"),
        (AutoReconnect("connection closed"), "AutoReconnect"),
    ],
    ids=str,
)
def test_who_cannot_end_sessions_goes_on_and_only_a_missing_privilege_is_not_logged(
    database: Any, monkeypatch: pytest.MonkeyPatch, error: PyMongoError, logged: str
) -> None:
    """The caller has its claim by then, and the sessions' transactions end a little later."""

    def fail(*_words: Any) -> None:
        raise error

    monkeypatch.setattr(database.client.admin.__class__, "command", fail)
    with capture_logs() as entries:
        end_sessions(database, [b"session"])

    events = [(entry["event"], entry["sessions"], entry["reason"]) for entry in entries]
    assert events == ([("sessions_not_ended", 1, logged)] if logged else [])
